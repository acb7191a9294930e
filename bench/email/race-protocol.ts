/**
 * The messages between bench/email/race.ts and its processes.
 *
 * @module
 */

import type { WorkloadOptions } from './workload.ts'

/** The contender that performs the reads and writes. */
export type RaceContender = 'nearcache' | 'near' | 'lag' | 'untold' | 'tag' | 'drizzle' | 'none'

/** The order for one process. */
export interface RaceOrder {
  readonly role: 'reader' | 'writer'
  readonly contender: RaceContender
  readonly part: number
  readonly workload: Omit<WorkloadOptions, 'part' | 'writeShare'>
  /** Paths of the mailbox, and of the file that a reader writes its answers to. */
  readonly database: string
  readonly answers: string
  /** URL of Redis. */
  readonly redis: string
  /** Reads of a reader. */
  readonly reads: number
  /** Pause between the writes of a writer, in milliseconds. */
  readonly pauseMs: number
}

/** A report of a process: that it is ready, or what it has done. */
export type RaceReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly operations: number; readonly statements: number }

/**
 * An answer, and the positions of the history before and after the read. If answers may lag, `from` is the
 * position that much earlier.
 */
export interface SeenAnswer {
  /** Index in the queries of the workload. */
  readonly query: number
  readonly from: number
  readonly to: number
  /** Digests of the messages, in order. */
  readonly emails: readonly string[]
}
