/**
 * What the cached mailbox can be told.
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

/** What is kept in this process. Reads share it, so it is frozen. */
export interface NearMessages {
  /** 1 to 1_000_000; the oldest leave first, of those that were not used lately. @default 5_000 */
  readonly maxMessages?: number
  /**
   * Pages of lists with their messages, counts and figures; 0 to 100_000, and the ones longest unused
   * leave first. @default 500
   */
  readonly maxLists?: number
  /**
   * How long a copy is kept, at most an hour. What is written through the repository, or notified, is
   * seen as `lag` says; what is changed or cleared in other ways, after so long. @default '30s'
   */
  readonly ttl?: Duration
  /**
   * How far an answer may lag behind what others write; at most `ttl`. Reads that begin within it share
   * one look at the change log, and ask Redis nothing. What is written through this repository is seen
   * at once in any case. @default 0: a read sees every write that had returned when it began
   */
  readonly lag?: Duration
}

/** {@link NearMessages} with their defaults, in milliseconds. */
export interface NearBounds {
  readonly maxMessages: number
  readonly maxLists: number
  readonly ttlMs: number
  readonly lagMs: number
}

/** Options for {@link CachedEmailRepository}. All who share a cache give the same. */
export interface CachedEmailRepositoryOptions {
  /** What {@link SqlEmailRepository} takes, or a ready repository. */
  readonly db: SqlDatabase | { readonly repository: EmailRepository }
  /** Its namespace `email` is used. @default defaultCache(), as it is at construction */
  readonly cache?: CacheNamespace<unknown>
  /** Gives the time for lifetimes, and for the repository built on `db`. @default the cache's */
  readonly platform?: Platform
  /**
   * `strict`: a write is told to the cache before and after it. `eventual`: after it alone, which
   * saves a request; a writer that dies in between leaves lists and messages as they were until
   * their lifetime ends, and so may two writers of one message at once. @default 'strict'
   */
  readonly consistency?: EmailConsistency
  /**
   * What becomes of a strict write while Redis is away: it is made, and rejects with the cache's
   * error if the cache could not be told; or it is refused before it is made. @default 'commit'
   */
  readonly unmarkedWrites?: UnmarkedWrites
  /**
   * How long a write may take at most, in milliseconds; 100 to 600_000. What a writer that has died
   * may have changed is read from SQL for so long. @default 30_000, the limit of D1
   */
  readonly writeTimeoutMs?: number
  /**
   * Keeps lists and their messages in this process too. Without a lag they are strict as ever: the
   * change log says on each read which are still right. Only with strict consistency.
   * @default none are kept
   */
  readonly near?: NearMessages
  /** Changes by which a list may be carried on; 16 to 10_000. @default 1_000 */
  readonly logLength?: number
}

/** What has changed behind the repository's back. */
export interface NotifiedChange {
  /** Messages that were changed, stored or deleted, 1 to 1000. @default any of them */
  readonly ids?: readonly string[]
}

/** {@link CachedEmailRepositoryOptions}, checked and with their defaults. */
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

/** What is to be kept in this process, if anything is. */
function checkNear(
  options: NearMessages | undefined,
  consistency: EmailConsistency,
): NearBounds | undefined {
  if (options === undefined) return undefined
  // Without marks the log does not say what is about to change.
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
