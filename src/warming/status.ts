/**
 * The status of a job, as shown to operators.
 *
 * @module
 */

import type { ResolvedJob } from './job.ts'
import type { JobState, LastRun } from './state.ts'

/** The status of a job. Instants are epoch milliseconds. */
export interface JobStatus {
  readonly id: string
  readonly name: string
  readonly priority: number
  /** The slot that is running or waits to continue; otherwise the last one that is done. */
  readonly slot: number | undefined
  readonly isOpen: boolean
  /** Whether an isolate is running the job, due or by hand. */
  readonly isRunning: boolean
  /** Items of the open slot, as of its last checkpoint. */
  readonly progress: number
  /** Failures of the open slot. */
  readonly failures: number
  /** The next slot after now. */
  readonly next: number | undefined
  readonly last: LastRun | undefined
}

export function statusOf(
  job: ResolvedJob,
  { open, done, last }: JobState,
  isRunning: boolean,
  now: number,
): JobStatus {
  const { id, name, priority, schedule } = job
  return {
    id,
    name,
    priority,
    slot: open?.slot ?? done,
    isOpen: open !== undefined,
    isRunning,
    progress: open?.items ?? 0,
    failures: open?.failures ?? 0,
    next: schedule.next(now),
    last,
  }
}
