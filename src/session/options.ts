/**
 * The options of sessions, and the resolved settings that the rest of this folder uses.
 *
 * @module
 */

import type { StandardSchema } from '../cache/standard-schema.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import type { EncryptionKey } from '../entry/key-ring.ts'
import { checkBoolean, checkFields, oneOf, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError, type SessionRefusal } from '../errors.ts'
import type { BreakerOptions } from '../flight/breaker.ts'
import type { Platform } from '../platform/platform.ts'
import type { Requester, Transport } from '../redis/requester.ts'

/** Seconds, as `Max-Age` of a cookie has them, or a text such as `'24h'`. */
export type Lifetime = number | `${number}${'s' | 'm' | 'h' | 'd'}`

/** How long a session lives. */
export interface LifetimeOptions {
  /** How long a session lives after its creation, or with `slidingExpiration` after its last use. @default '24h' */
  readonly maxAge?: Lifetime
  /** Whether each use prolongs the session, up to `absoluteTimeout`. @default false */
  readonly slidingExpiration?: boolean
  /** Ends a session that was not used for this long. @default maxAge if it slides, else none */
  readonly idleTimeout?: Lifetime
  /**
   * Ends a session this long after its creation in any case.
   * @default maxAge; if it slides, 30 days or maxAge, whichever is longer
   */
  readonly absoluteTimeout?: Lifetime
}

/** Options of a `SessionUserCache`. */
export interface SessionOptions<Data = Record<string, unknown>, Preferences = unknown>
  extends LifetimeOptions {
  /** A transport, or `cache.redis` of a cache, which shares its circuit breaker and counts. */
  readonly redis: Requester | Transport
  /** The encryption keys. One is the primary and encrypts; all of them decrypt. */
  readonly keys: readonly EncryptionKey[]
  /** Separate keys for names in Redis, if these should change independently. @default keys */
  readonly nameKeys?: readonly EncryptionKey[]
  /** Ids of dropped keys: sessions made with them count as expired. @default none */
  readonly retiredKeys?: readonly string[]
  /** @default webPlatform() */
  readonly platform?: Platform
  /** First part of every name in Redis: 1 to 64 of `A-Za-z0-9_.-`. @default 'nc' */
  readonly prefix?: string
  /** Second part of every name, with the same rules; also used to derive keys. @default 'session' */
  readonly namespace?: string
  /** Deadline of each operation on Redis, retries included; from 1 ms. @default '500ms' */
  readonly deadline?: Duration
  /** How often a request that is safe to repeat is sent again, from 0 to 10. @default 2 */
  readonly retries?: number
  /** The circuit breaker: after how many failures Redis is not asked, and how long. @default 5 in a row, 1 s */
  readonly breaker?: Pick<BreakerOptions, 'threshold' | 'cooldownMs'>
  /**
   * The shortest time between two writes of a session's last use. The default applies to a session whose idle
   * time is no longer than this.
   * @default a tenth of its idle time, at most 1 hour
   */
  readonly touchInterval?: Duration
  /** How long the old token stays valid after a rotation, up to 5 minutes. @default '30s' */
  readonly overlap?: Duration
  /** How many sessions a user may have at once, from 1 to 1,000. @default 100 */
  readonly maxSessions?: number
  /** At the limit, the oldest session ends, or the new one is refused. @default 'evict-oldest' */
  readonly whenFull?: 'evict-oldest' | 'refuse'
  /** How long a fast-path token is accepted, up to 60 seconds; 0 for no fast path. @default '30s' */
  readonly fastPath?: Duration
  /** How far the clocks of isolates may differ, up to 60 seconds. @default '5s' */
  readonly clockSkew?: Duration
  /** Checks a session's data, when it is written and when it is read. @default none */
  readonly schema?: StandardSchema<Data>
  /** Checks a user's preferences, when they are written and when they are read. @default none */
  readonly preferencesSchema?: StandardSchema<Preferences>
  /** The largest session data, and the largest value of a user, in bytes. @default 65_536 */
  readonly maxDataBytes?: number
  /** How long a user's data and permissions are kept. @default '1h' */
  readonly userTtl?: Duration
  /** How long a user's preferences are kept. @default '24h' */
  readonly preferencesTtl?: Duration
  /** How many actions of a user are kept, from 1 to 10,000. @default 100 */
  readonly maxActivity?: number
  /** How long actions are kept after the latest one. @default '30d' */
  readonly activityTtl?: Duration
  /** Called for every refused session; what it throws is ignored. @default none */
  readonly onRefusal?: (refusal: RefusalEvent) => void
}

/** A session was refused. */
export interface RefusalEvent {
  readonly reason: SessionRefusal
  /** The session's id; `undefined` where the token was malformed. */
  readonly sessionId: string | undefined
}

/** The lifetimes of one session, in milliseconds; `idleMs` is 0 for none. */
export interface Lifetimes {
  readonly idleMs: number
  readonly absoluteMs: number
}

/** Every setting, checked, in milliseconds. */
export interface SessionPolicy {
  readonly lifetimes: LifetimeOptions
  /** In the form that VALIDATE takes: -2 stands for a part of each session's idle time. */
  readonly touchMs: number
  readonly overlapMs: number
  readonly maxSessions: number
  readonly whenFull: 'evict' | 'refuse'
  readonly skewMs: number
  readonly userTtlMs: number
  readonly preferencesTtlMs: number
  readonly maxActivity: number
  readonly activityTtlMs: number
}

const DAY_MS = 86_400_000
const SLIDING_MS = 30 * DAY_MS
const AUTO_TOUCH = -2
const DEFAULT_MAX_AGE: Lifetime = '24h'
const MAX_OVERLAP_MS = 300_000
/** The longest lifetime of a fast-path token, and the largest clock skew. */
export const MINUTE_MS = 60_000

const LIFETIMES = ['maxAge', 'slidingExpiration', 'idleTimeout', 'absoluteTimeout'] as const

const FIELDS = `redis keys nameKeys retiredKeys platform prefix namespace deadline retries breaker
  touchInterval overlap maxSessions whenFull fastPath clockSkew schema preferencesSchema maxDataBytes
  userTtl preferencesTtl maxActivity activityTtl onRefusal maxAge slidingExpiration idleTimeout
  absoluteTimeout`.split(/\s+/)

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function resolveSessionPolicy(options: SessionOptions<never, never>): SessionPolicy {
  checkFields(options, 'options', FIELDS)
  const { whenFull = 'evict-oldest', touchInterval } = options
  oneOf(whenFull, 'whenFull', ['evict-oldest', 'refuse'])
  const lifetimes = lifetimesIn(options)
  resolveLifetimes(lifetimes, {})
  return Object.freeze({
    lifetimes,
    touchMs:
      touchInterval === undefined ? AUTO_TOUCH : toMilliseconds(touchInterval, 'touchInterval'),
    overlapMs: overlapOf(options.overlap ?? '30s'),
    maxSessions: wholeNumber(options.maxSessions ?? 100, 'maxSessions', 1, 1_000),
    whenFull: whenFull === 'refuse' ? 'refuse' : 'evict',
    skewMs: toMilliseconds(options.clockSkew ?? '5s', 'clockSkew', { max: MINUTE_MS }),
    userTtlMs: toMilliseconds(options.userTtl ?? '1h', 'userTtl', { min: 1 }),
    preferencesTtlMs: toMilliseconds(options.preferencesTtl ?? '24h', 'preferencesTtl', { min: 1 }),
    maxActivity: wholeNumber(options.maxActivity ?? 100, 'maxActivity', 1, 10_000),
    activityTtlMs: toMilliseconds(options.activityTtl ?? '30d', 'activityTtl', { min: 1 }),
  })
}

/** Only the lifetimes that were given. */
function lifetimesIn(options: LifetimeOptions): LifetimeOptions {
  const given = LIFETIMES.filter((name) => options[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, options[name]]))
}

/** @throws {InvalidOptionError} When it is out of its range. */
export function overlapOf(overlap: Duration): number {
  return toMilliseconds(overlap, 'overlap', { max: MAX_OVERLAP_MS })
}

/**
 * The lifetimes of a session with these options; the cache's options apply where it has none.
 *
 * @throws {InvalidOptionError} When one is out of its range, or the idle timeout is longer than the absolute
 *   one.
 */
export function resolveLifetimes(base: LifetimeOptions, own: LifetimeOptions): Lifetimes {
  const {
    maxAge = DEFAULT_MAX_AGE,
    slidingExpiration = false,
    ...rest
  } = {
    ...base,
    ...lifetimesIn(own),
  }
  checkBoolean(slidingExpiration, 'slidingExpiration')
  const maxAgeMs = lifetime(maxAge, 'maxAge')
  const { idleTimeout, absoluteTimeout } = rest
  const absoluteMs =
    absoluteTimeout !== undefined
      ? lifetime(absoluteTimeout, 'absoluteTimeout')
      : slidingExpiration
        ? Math.max(SLIDING_MS, maxAgeMs)
        : maxAgeMs
  const idleMs =
    idleTimeout !== undefined
      ? lifetime(idleTimeout, 'idleTimeout')
      : slidingExpiration
        ? maxAgeMs
        : 0
  if (idleMs > absoluteMs) {
    throw new InvalidOptionError('idleTimeout', 'no longer than the absolute timeout')
  }
  return { idleMs, absoluteMs }
}

/** @throws {InvalidOptionError} Naming `option`, with its range in seconds. */
function lifetime(value: Lifetime, option: string): number {
  const duration = typeof value === 'number' ? value * 1_000 : value
  try {
    return toMilliseconds(duration as Duration, option, { min: 1_000 })
  } catch {
    // The error of `toMilliseconds` states the range in milliseconds, but the option is in seconds.
    throw new InvalidOptionError(
      option,
      'a number of seconds from 1 to 315360000, or a text such as "24h"',
    )
  }
}
