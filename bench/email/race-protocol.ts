/**
 * What the processes of a race on a mailbox say to each other.
 *
 * @module
 */

import type { WorkloadOptions } from './workload.ts'

/** Who answers the reads and makes the writes. */
export type RaceContender = 'nearcache' | 'near' | 'lag' | 'untold' | 'tag' | 'drizzle' | 'none'

/** What one process is to do. */
export interface RaceOrder {
  readonly role: 'reader' | 'writer'
  readonly contender: RaceContender
  readonly part: number
  readonly workload: Omit<WorkloadOptions, 'part' | 'writeShare'>
  /** Paths of files: the mailbox, and where a reader puts what it was answered. */
  readonly database: string
  readonly answers: string
  /** Where Redis is. */
  readonly redis: string
  /** Reads of a reader. */
  readonly reads: number
  /** Between the writes of a writer. */
  readonly pauseMs: number
}

/** What a process says: that it is ready, and what it has done. */
export type RaceReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly operations: number; readonly statements: number }

/**
 * An answer, and the positions of the history before the read and after it; before the lag, where
 * answers may lag behind.
 */
export interface SeenAnswer {
  /** Index in the queries of the workload. */
  readonly query: number
  readonly from: number
  readonly to: number
  /** Digests of the messages, in order. */
  readonly emails: readonly string[]
}
