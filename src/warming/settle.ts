/**
 * Decides what is written about a slot when a run of it has ended.
 *
 * @module
 */

import type { ResolvedJob } from './job.ts'
import { doneAfter } from './plan.ts'
import type { JobRun, Outcome } from './run.ts'
import {
  doneFields,
  type Ending,
  type Fields,
  type JobState,
  lastFields,
  openFields,
  versionFields,
} from './state.ts'

/** A run that has ended. */
export interface EndedRun {
  readonly job: ResolvedJob
  readonly state: JobState
  readonly run: JobRun
  readonly outcome: Outcome
  readonly slot: number
  readonly startedAt: number
  readonly endedAt: number
  readonly version: string | undefined
}

/** How a run of a slot has ended, and the fields to write. */
export interface Settlement {
  readonly ending: Exclude<Ending, 'lost'>
  readonly failures: number
  readonly fields: Fields
}

const MOST_WAIT_MS = 21_600_000

/** Decides whether a slot is complete, continues, is retried later, or is given up. Pure. */
export function settlementOf(ended: EndedRun): Settlement {
  const { job, run, outcome, slot, startedAt, endedAt } = ended
  const isFailure = outcome.kind === 'failed' || outcome.kind === 'abandoned'
  const failures = run.open.failures + (isFailure ? 1 : 0)
  const ending = endingOf(outcome, failures, job)
  const last = lastFields({
    slot,
    ending,
    items: run.items,
    endedAt,
    durationMs: endedAt - startedAt,
  })
  return { ending, failures, fields: { ...fieldsOf(ended, ending, failures), ...last } }
}

function endingOf(
  { kind }: Outcome,
  failures: number,
  { retries }: ResolvedJob,
): Settlement['ending'] {
  if (kind === 'complete' || kind === 'unfinished') return kind
  return failures > retries ? 'given-up' : 'failed'
}

function fieldsOf(
  { job, state, run, slot, startedAt, endedAt, version }: EndedRun,
  ending: Settlement['ending'],
  failures: number,
): Fields {
  switch (ending) {
    case 'unfinished':
      return openFields({ ...run.open, items: run.items, retryAt: 0 })
    case 'failed': {
      const waitMs = Math.min(job.retryAfterMs * 2 ** (failures - 1), MOST_WAIT_MS)
      return openFields({ ...run.open, failures, retryAt: endedAt + waitMs })
    }
    case 'complete':
    case 'given-up': {
      const done = Math.max(state.done ?? 0, doneAfter(job, slot, startedAt, endedAt))
      const isForVersion = job.atStart && version !== undefined
      return {
        ...doneFields(done),
        ...(isForVersion && versionFields(state.versions, version)),
      }
    }
  }
}
