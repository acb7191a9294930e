/**
 * Puts the parts of a `WebSocketCache` together.
 *
 * @module
 */

import { checkFields } from '../cache/policy.ts'
import { Cipher } from '../entry/cipher.ts'
import { toMilliseconds } from '../entry/duration.ts'
import { readSecret } from '../entry/key-ring.ts'
import { wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { type GuardedRequester, guard } from '../redis/guard.ts'
import { RedisLink } from '../redis/link.ts'
import { REPEATABLE_PRESENCE_SCRIPTS } from '../redis/scripts/presence-reads.ts'
import { PresenceNames } from './names.ts'
import {
  namePart,
  type PresencePolicy,
  resolvePresencePolicy,
  type WebSocketCacheOptions,
} from './options.ts'
import { Payloads } from './payloads.ts'
import { Publisher } from './publisher.ts'
import { PresenceSteps } from './steps.ts'

/** The parts; one of each a cache. */
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
  const { platform = webPlatform(), hashKeys, encryption, api } = options
  const prefix = namePart(options.prefix ?? 'nc', 'prefix')
  const namespace = namePart(options.namespace ?? 'websocket', 'namespace')
  if (hashKeys !== undefined) checkFields(hashKeys, 'hashKeys', ['secret'])
  if (encryption !== undefined) checkFields(encryption, 'encryption', ['keys'])
  if (encryption && !hashKeys) {
    throw new InvalidOptionError('hashKeys', 'given with encryption, or names would be readable')
  }
  const guarded = guardedBy(options, platform)
  const link = new RedisLink(guarded, 'cluster' in options.redis && options.redis.cluster === true)
  const names = new PresenceNames(
    prefix,
    namespace,
    hashKeys && readSecret(hashKeys.secret, 'hashKeys.secret'),
  )
  const maxBytes = wholeNumber(options.maxDataBytes ?? 65_536, 'maxDataBytes', 1_024, MIB)
  const cipher = encryption && new Cipher(encryption.keys)
  return {
    guarded,
    names,
    policy,
    payloads: new Payloads({ platform, cipher, namespace, maxBytes }),
    steps: new PresenceSteps(link, names.home, policy),
    publisher: api && new Publisher(platform, api),
  }
}

/** One guard is enough: two would each send again what the other has. */
function guardedBy(options: WebSocketCacheOptions, platform: Platform): GuardedRequester {
  const { redis, deadline = '500ms', retries = 2, breaker } = options
  if (typeof redis?.request !== 'function') {
    throw new InvalidOptionError('redis', 'a transport, or a Requester with a request method')
  }
  if (breaker !== undefined) checkFields(breaker, 'breaker', ['threshold', 'cooldownMs'])
  const deadlineMs = toMilliseconds(deadline, 'deadline', { min: 1 })
  wholeNumber(retries, 'retries', 0, 10)
  const guarded = isGuarded(redis)
    ? redis
    : guard(redis, { platform, deadlineMs, retries, breaker: { ...breaker } })
  guarded.allowRepeat(REPEATABLE_PRESENCE_SCRIPTS)
  return guarded
}

function isGuarded(redis: object): redis is GuardedRequester {
  return 'circuit' in redis && 'counts' in redis && 'allowRepeat' in redis
}
