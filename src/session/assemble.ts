/**
 * Creates the parts of a `SessionUserCache`.
 *
 * @module
 */

import { guardedOnce } from '../cache/wiring.ts'
import { Cipher } from '../entry/cipher.ts'
import { toMilliseconds } from '../entry/duration.ts'
import { namePart, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { webPlatform } from '../platform/web.ts'
import type { GuardedRequester } from '../redis/guard.ts'
import { RedisLink } from '../redis/link.ts'
import { REPEATABLE_SESSION_SCRIPTS } from '../redis/scripts/session.ts'
import type { SessionContext } from './context.ts'
import { FastPath } from './fast-path.ts'
import { NameRing } from './name-ring.ts'
import { MINUTE_MS, resolveSessionPolicy, type SessionOptions } from './options.ts'
import { isTexts } from './replies.ts'
import { SessionSteps } from './steps.ts'
import { Vault } from './vault.ts'

/** The parts of a cache. */
export interface Assembled {
  readonly ctx: SessionContext
  readonly fastPath: FastPath
  readonly guarded: GuardedRequester
}

const MAX_DATA_BYTES = 16 * 1_048_576

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function assemble(options: SessionOptions<never, never>): Assembled {
  const policy = resolveSessionPolicy(options)
  const { keys, platform = webPlatform() } = options
  const namespace = namePart(options.namespace ?? 'session', 'namespace')
  const base = `${namePart(options.prefix ?? 'nc', 'prefix')}:${namespace}`
  const cipher = new Cipher(keys, 'keys')
  const link = linkBy(options)
  const retired = retiredBy(options)
  const maxBytes = wholeNumber(options.maxDataBytes ?? 65_536, 'maxDataBytes', 1, MAX_DATA_BYTES)
  const ttlMs = toMilliseconds(options.fastPath ?? '30s', 'fastPath', { max: MINUTE_MS })
  const ctx: SessionContext = {
    platform,
    steps: new SessionSteps(link),
    vault: new Vault({ platform, cipher, namespace, maxBytes, retired }),
    ring: ringBy(options, namespace),
    retired,
    policy,
    base,
    schema: options.schema,
    preferencesSchema: options.preferencesSchema,
    onRefusal: options.onRefusal,
  }
  const fastPath = new FastPath({ platform, cipher, namespace, ttlMs, skewMs: policy.skewMs })
  return { ctx, fastPath, guarded: link.guarded }
}

/** The ring of name keys for these options. @throws {InvalidOptionError} When the keys do not form one. */
export function ringBy(
  { keys, nameKeys }: Pick<SessionOptions, 'keys' | 'nameKeys'>,
  namespace: string,
): NameRing {
  return new NameRing(nameKeys ?? keys, namespace, nameKeys ? 'nameKeys' : 'keys')
}

/** The ids of dropped keys. @throws {InvalidOptionError} When these are no list of texts. */
export function retiredBy({
  retiredKeys = [],
}: Pick<SessionOptions, 'retiredKeys'>): ReadonlySet<string> {
  if (isTexts(retiredKeys)) return new Set(retiredKeys)
  throw new InvalidOptionError('retiredKeys', 'a list of ids')
}

/** Options of a connection to Redis. */
export type WireOptions = Pick<
  SessionOptions,
  'redis' | 'platform' | 'deadline' | 'retries' | 'breaker'
>

/**
 * The connection to Redis for these options. A connection that is guarded already is used as it is.
 *
 * @throws {InvalidOptionError} When an option is out of its range.
 */
export function linkBy(options: WireOptions): RedisLink {
  const platform = options.platform ?? webPlatform()
  return new RedisLink(guardedOnce(options, platform, REPEATABLE_SESSION_SCRIPTS))
}
