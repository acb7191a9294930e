/**
 * The messages between bench/email/accounts-bench.ts and its processes.
 *
 * @module
 */

import type { AccountsOptions } from './accounts.ts'
import type { AccountsPeer } from './accounts-peers.ts'
import type { RedisPlace } from './contenders.ts'

/** The order for one pass. */
export interface PassOrder {
  readonly accounts: AccountsOptions
  /** Path of a database file that only this pass uses. */
  readonly file: string
  readonly redis: RedisPlace
  /** The `near.lag` of nearcache, in milliseconds; without it there is no cache. */
  readonly lag?: number
  /** Another cache instead of nearcache. */
  readonly peer?: AccountsPeer
  /** Operations to skip at the start of the sequence. */
  readonly skipped: number
  readonly requests: number
  readonly concurrency: number
}

/** The result of a pass. Times are of all requests, reads and writes. */
export interface PassResult {
  /** SQL statements of reads. */
  readonly statements: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly perSecond: number
  readonly cpuUs: number
  /** Answers with a message as it was before a write, although the write had returned before the read began. */
  readonly stale: number
  readonly errors: number
}
