/**
 * Puts the parts of a `SessionUserCache` together.
 *
 * @module
 */

import { checkFields } from '../cache/policy.ts'
import { Cipher } from '../entry/cipher.ts'
import { toMilliseconds } from '../entry/duration.ts'
import { wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { webPlatform } from '../platform/web.ts'
import { type GuardedRequester, guard } from '../redis/guard.ts'
import { RedisLink } from '../redis/link.ts'
import { REPEATABLE_SESSION_SCRIPTS } from '../redis/scripts/session.ts'
import type { SessionContext } from './context.ts'
import { FastPath } from './fast-path.ts'
import { NameRing } from './name-ring.ts'
import { MINUTE_MS, namePart, resolveSessionPolicy, type SessionOptions } from './options.ts'
import { SessionSteps } from './steps.ts'
import { Vault } from './vault.ts'

/** What a cache is made of. */
export interface Assembled {
  readonly ctx: SessionContext
  readonly fastPath: FastPath
  readonly guarded: GuardedRequester
}

const MAX_DATA_BYTES = 16 * 1_048_576

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function assemble(options: SessionOptions<never, never>): Assembled {
  const policy = resolveSessionPolicy(options)
  const { keys, nameKeys = keys, retiredKeys = [], platform = webPlatform() } = options
  const namespace = namePart(options.namespace ?? 'session', 'namespace')
  const base = `${namePart(options.prefix ?? 'nc', 'prefix')}:${namespace}`
  if (!Array.isArray(keys)) throw new InvalidOptionError('keys', 'a list of keys')
  const cipher = new Cipher(keys, 'keys')
  const link = linkBy(options)
  const retired = new Set(retiredKeys)
  const maxBytes = wholeNumber(options.maxDataBytes ?? 65_536, 'maxDataBytes', 1, MAX_DATA_BYTES)
  const ttlMs = toMilliseconds(options.fastPath ?? '30s', 'fastPath', { max: MINUTE_MS })
  const ctx: SessionContext = {
    platform,
    steps: new SessionSteps(link),
    vault: new Vault({ platform, cipher, namespace, maxBytes, retired }),
    ring: new NameRing(nameKeys, namespace, options.nameKeys === undefined ? 'keys' : 'nameKeys'),
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

/** What a way to Redis is made with. */
export type WireOptions = Pick<
  SessionOptions,
  'redis' | 'platform' | 'deadline' | 'retries' | 'breaker'
>

/**
 * The way to Redis of these options; one that is guarded already, as it is.
 *
 * @throws {InvalidOptionError} When an option is out of its range.
 */
export function linkBy(options: WireOptions): RedisLink {
  const guarded = guardedBy(options)
  return new RedisLink(guarded, 'cluster' in options.redis && options.redis.cluster === true)
}

function guardedBy(options: WireOptions): GuardedRequester {
  const { redis, platform = webPlatform(), deadline = '500ms', retries = 2, breaker } = options
  if (typeof redis?.request !== 'function') {
    throw new InvalidOptionError('redis', 'a transport, or a Requester with a request method')
  }
  if (isGuarded(redis)) return redis
  if (breaker !== undefined) checkFields(breaker, 'breaker', ['threshold', 'cooldownMs'])
  wholeNumber(retries, 'retries', 0, 10)
  return guard(redis, {
    platform,
    deadlineMs: toMilliseconds(deadline, 'deadline', { min: 1 }),
    retries,
    breaker: { ...breaker },
    repeatable: REPEATABLE_SESSION_SCRIPTS,
  })
}

/** One guard is enough: two would each send again what the other has. */
function isGuarded(redis: object): redis is GuardedRequester {
  return 'circuit' in redis && 'counts' in redis
}
