/**
 * What the cached mailbox can be told.
 *
 * @module
 */

import type { CacheNamespace } from '../../cache/namespace.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { SqlDatabase } from '../driver.ts'
import type { EmailRepository } from '../email-repository.ts'
import { type NearMessages, NearRows } from './near-rows.ts'
import type { EmailConsistency, UnmarkedWrites } from './writer.ts'

/** Options for {@link CachedEmailRepository}. All who share a cache give the same. */
export interface CachedEmailRepositoryOptions {
  /** What {@link SqlEmailRepository} takes, or a ready repository. */
  readonly db: SqlDatabase | { readonly repository: EmailRepository }
  /** Its namespace `email` is used. @default defaultCache(), as it is at construction */
  readonly cache?: CacheNamespace<unknown>
  /** Gives the time for lifetimes, and for the repository built on `db`. @default webPlatform() */
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
   * Keeps messages of lists in this process too, strict as ever: the change log says on each read
   * which are still right. Only with strict consistency. @default none are kept
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

export function checkChoice(value: string, option: string, words: readonly string[]): void {
  if (!words.includes(value)) throw new InvalidOptionError(option, `one of ${words.join(', ')}`)
}

export function checkTimeout(value: number): number {
  if (Number.isSafeInteger(value) && value >= 100 && value <= 600_000) return value
  throw new InvalidOptionError('writeTimeoutMs', 'a whole number of milliseconds, 100 to 600_000')
}

/** The copies in this process, if there are to be any. */
export function checkNear(
  options: NearMessages | undefined,
  isStrict: boolean,
  platform: Platform,
): NearRows | undefined {
  if (options === undefined) return undefined
  // Without marks the log does not say what is about to change.
  if (!isStrict) throw new InvalidOptionError('near', "given only with consistency: 'strict'")
  return new NearRows(options, platform)
}
