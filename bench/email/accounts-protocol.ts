/**
 * What the run on the mail of accounts and its processes say to each other.
 *
 * @module
 */

import type { AccountsOptions } from './accounts.ts'
import type { AccountsPeer } from './accounts-peers.ts'
import type { RedisPlace } from './contenders.ts'

/** One pass. */
export interface PassOrder {
  readonly accounts: AccountsOptions
  /** Path of a database file of its own. */
  readonly file: string
  readonly redis: RedisPlace
  /** That of the copies in the process, as `near.lag` takes it; without one there is no cache. */
  readonly lag?: number
  /** Another cache than ours. */
  readonly peer?: AccountsPeer
  /** Operations that are left out at the start. */
  readonly skipped: number
  readonly requests: number
  readonly concurrency: number
}

/** What it found. Times are of all requests. */
export interface PassResult {
  /** SQL statements of reads. */
  readonly statements: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly perSecond: number
  readonly cpuUs: number
  /** Answers with a message as it was before a write that had returned when the read began. */
  readonly stale: number
  readonly errors: number
}
