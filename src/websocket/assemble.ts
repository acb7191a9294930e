/**
 * Puts the parts of a `WebSocketCache` together.
 *
 * @module
 */

import { guardedOnce, secrecyOf } from '../cache/wiring.ts'
import { namePart, wholeNumber } from '../entry/option-checks.ts'
import { webPlatform } from '../platform/web.ts'
import type { GuardedRequester } from '../redis/guard.ts'
import { RedisLink } from '../redis/link.ts'
import { REPEATABLE_PRESENCE_SCRIPTS } from '../redis/scripts/presence-reads.ts'
import { PresenceNames } from './names.ts'
import {
  type PresencePolicy,
  resolvePresencePolicy,
  type WebSocketCacheOptions,
} from './options.ts'
import { Payloads } from './payloads.ts'
import { Publisher } from './publisher.ts'
import { PresenceSteps } from './steps.ts'

/** The parts of one cache. */
export interface PresenceContext {
  readonly guarded: GuardedRequester
  readonly names: PresenceNames
  readonly payloads: Payloads
  readonly steps: PresenceSteps
  readonly policy: PresencePolicy
  readonly publisher: Publisher | undefined
}

const MIB = 1_048_576

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function assemble(options: WebSocketCacheOptions): PresenceContext {
  const policy = resolvePresencePolicy(options)
  const { platform = webPlatform(), api } = options
  const prefix = namePart(options.prefix ?? 'nc', 'prefix')
  const namespace = namePart(options.namespace ?? 'websocket', 'namespace')
  const { hashSecret, cipher } = secrecyOf(options)
  const guarded = guardedOnce(options, platform, REPEATABLE_PRESENCE_SCRIPTS)
  const link = new RedisLink(guarded)
  const names = new PresenceNames(prefix, namespace, hashSecret)
  const maxBytes = wholeNumber(options.maxDataBytes ?? 65_536, 'maxDataBytes', 1_024, MIB)
  return {
    guarded,
    names,
    policy,
    payloads: new Payloads({ platform, cipher, namespace, maxBytes }),
    steps: new PresenceSteps(link, names.home, policy),
    publisher: api && new Publisher(platform, api),
  }
}
