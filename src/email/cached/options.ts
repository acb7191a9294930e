/**
 * Options of the cached mailbox.
 *
 * @module
 */

import type { ChangeLogOptions } from '../../cache/change-log.ts'
import { defaultCache } from '../../cache/default-cache.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { checkFields, oneOf, wholeNumber } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { SqlDatabase } from '../database.ts'
import type { EmailRepository } from '../email-repository.ts'
import { SqlEmailRepository } from '../sql-email-repository.ts'
import type { EmailConsistency, UnmarkedWrites } from './writer.ts'

/** Bounds of the copies in this process. All reads get the same objects, so they are frozen. */
export interface NearMessages {
  /** Messages, 1 to 1_000_000. The oldest are evicted first, except those used lately. @default 5_000 */
  readonly maxMessages?: number
  /**
   * Lists, counts and figures, lists with the messages of their page; 0 to 100_000. The least recently used
   * are evicted first. @default 500
   */
  readonly maxLists?: number
  /**
   * How long a copy is kept, at most an hour. Reads see writes through the repository, and notified changes,
   * within `lag`, and changes made in other ways within `ttl`. @default '30s'
   */
  readonly ttl?: Duration
  /**
   * How far a read may lag behind writes of other processes; at most `ttl`. Reads within this time share
   * one look at the change log, and send no command to Redis. Writes through this repository are seen
   * at once in any case. @default 0: a read sees every write that had returned when it began
   */
  readonly lag?: Duration
}

/** {@link NearMessages} with defaults filled in and durations in milliseconds. */
export interface NearBounds {
  readonly maxMessages: number
  readonly maxLists: number
  readonly ttlMs: number
  readonly lagMs: number
}

/** Options for {@link CachedEmailRepository}. All repositories that share a cache need the same options. */
export interface CachedEmailRepositoryOptions {
  /** A database that {@link SqlEmailRepository} accepts, or a repository. */
  readonly db: SqlDatabase | { readonly repository: EmailRepository }
  /** The mailbox uses its namespace `email`. @default defaultCache(), called at construction */
  readonly cache?: CacheNamespace<unknown>
  /** Its clock is used for lifetimes, and by the repository built on `db`. @default the platform of `cache` */
  readonly platform?: Platform
  /**
   * `strict` informs the cache before and after each write. `eventual` only does so after it, which saves a
   * request; but lists and messages can be stale until they expire if a writer dies in between, or if two
   * writers change one message at once. @default 'strict'
   */
  readonly consistency?: EmailConsistency
  /**
   * What a strict write does if Redis is unavailable. `commit` writes to the database, and rejects with the
   * cache's error if the change could not be recorded; `refuse` rejects before the write. @default 'commit'
   */
  readonly unmarkedWrites?: UnmarkedWrites
  /**
   * The longest time that a write may take, in milliseconds; 100 to 600_000. If a writer dies, data that it
   * may have changed is read from SQL for this long. @default 30_000, the limit of D1
   */
  readonly writeTimeoutMs?: number
  /**
   * Also keeps lists and their messages in this process. Without `lag`, reads stay strict: each read checks
   * the copies against the change log. Only with strict consistency.
   * @default none are kept
   */
  readonly near?: NearMessages
  /** Length of the change log: over how many changes a list can be carried on; 16 to 10_000. @default 1_000 */
  readonly logLength?: number
}

/** A change that was made without the repository. */
export interface NotifiedChange {
  /** Ids of messages that were changed, stored or deleted, at most 1000. @default all messages */
  readonly ids?: readonly string[]
}

/** {@link CachedEmailRepositoryOptions}, checked, with defaults filled in. */
export interface EmailCachePolicy {
  readonly repository: EmailRepository
  readonly cache: CacheNamespace<unknown>
  readonly platform: Platform
  readonly consistency: EmailConsistency
  readonly unmarked: UnmarkedWrites
  readonly writeTimeoutMs: number
  readonly near: NearBounds | undefined
  readonly log: ChangeLogOptions
}

const FIELDS = 'db cache platform consistency unmarkedWrites writeTimeoutMs near logLength'.split(
  ' ',
)
const NEAR_FIELDS = ['maxMessages', 'maxLists', 'ttl', 'lag']

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function resolveOptions(options: CachedEmailRepositoryOptions): EmailCachePolicy {
  checkFields(options, 'options', FIELDS)
  const { db, cache = defaultCache(), logLength } = options
  const { consistency = 'strict', unmarkedWrites: unmarked = 'commit' } = options
  if (typeof cache?.namespace !== 'function') {
    throw new InvalidOptionError('cache', 'a RedisCacheManager or a namespace of one')
  }
  const { platform = cache.platform } = options
  oneOf(consistency, 'consistency', ['strict', 'eventual'])
  oneOf(unmarked, 'unmarkedWrites', ['commit', 'refuse'])
  const isReady = typeof db === 'object' && db !== null && 'repository' in db
  return {
    repository: isReady ? db.repository : new SqlEmailRepository({ db, platform }),
    cache,
    platform,
    consistency,
    unmarked,
    writeTimeoutMs: wholeNumber(options.writeTimeoutMs ?? 30_000, 'writeTimeoutMs', 100, 600_000),
    near: checkNear(options.near, consistency),
    log: logLength === undefined ? {} : { maxEntries: logLength },
  }
}

/** Checks the bounds of copies in this process; undefined if copies are off. */
function checkNear(
  options: NearMessages | undefined,
  consistency: EmailConsistency,
): NearBounds | undefined {
  if (options === undefined) return undefined
  // Eventual writers set no marks, so the log does not show which messages are about to change.
  if (consistency !== 'strict')
    throw new InvalidOptionError('near', "given only with consistency: 'strict'")
  checkFields(options, 'near', NEAR_FIELDS)
  const { maxMessages = 5_000, maxLists = 500, ttl = '30s', lag = 0 } = options
  wholeNumber(maxMessages, 'near.maxMessages', 1, 1_000_000)
  wholeNumber(maxLists, 'near.maxLists', 0, 100_000)
  const ttlMs = toMilliseconds(ttl, 'near.ttl', { min: 1, max: 3_600_000 })
  const lagMs = toMilliseconds(lag, 'near.lag', { min: 0, max: ttlMs })
  return { maxMessages, maxLists, ttlMs, lagMs }
}
