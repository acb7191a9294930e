/**
 * Decides which slot of a job is to run. Pure. It works with the times of the schedule, so a late heartbeat
 * does not shift the slots after it.
 *
 * @module
 */

import { fnv1a } from '../entry/fnv1a.ts'
import type { ResolvedJob } from './job.ts'
import type { JobState } from './state.ts'

/** A slot that is to run. */
export interface DueSlot {
  readonly slot: number
  /** When it should begin, including jitter and the wait after a failure. */
  readonly dueAt: number
}

/** How much the clocks of isolates may differ: a clock that is further ahead is wrong. */
const MOST_SKEW_MS = 600_000

/** Whether an instant can have come by a correct clock. */
export function hasCome(at: number | undefined, now: number): boolean {
  return at === undefined || at <= now + MOST_SKEW_MS
}

/** A state without slots that a clock far ahead has written: the job would wait until their time. */
export function believed(state: JobState, now: number): JobState {
  const { done, open } = state
  return {
    ...state,
    done: hasCome(done, now) ? done : undefined,
    open: hasCome(open?.slot, now) ? open : undefined,
  }
}

/**
 * The slot that is due next.
 *
 * @param now What counts as now: the time of the trigger, even if it arrives late.
 * @param version The version of the deployment, for jobs with `atStart`.
 */
export function dueSlot(
  job: ResolvedJob,
  state: JobState,
  now: number,
  version: string | undefined,
): DueSlot | undefined {
  const due = candidate(job, state, now, version)
  return due && due.dueAt <= now ? due : undefined
}

function candidate(
  job: ResolvedJob,
  { open, done, versions }: JobState,
  now: number,
  version: string | undefined,
): DueSlot | undefined {
  if (open) return { slot: open.slot, dueAt: Math.max(open.slot, open.retryAt) }
  const slot = nextSlot(job, done, now)
  if (slot !== undefined) return { slot, dueAt: slot + offsetOf(job, slot) }
  if (!job.atStart || version === undefined || versions.includes(version)) return undefined
  const [newest] = job.schedule.latest(now, 1)
  return { slot: newest ?? Math.floor(now / 1_000) * 1_000, dueAt: now }
}

function nextSlot(job: ResolvedJob, done: number | undefined, now: number): number | undefined {
  const oldest = oldestMissed(job, done, now)
  if (oldest === undefined) return undefined
  if (job.missed === 'skip' && now - oldest - offsetOf(job, oldest) > job.lateAfterMs)
    return undefined
  return oldest
}

/** Looks back no further than needed: there may be a slot every minute, and a year to catch up with. */
function oldestMissed(job: ResolvedJob, done: number | undefined, now: number): number | undefined {
  // A job that has never run has missed only its newest slot.
  const most = job.missed === 'all' && done !== undefined ? job.mostMissed : 1
  for (let count = 1; ; count *= 2) {
    const open = job.schedule.latest(now, count).filter((slot) => done === undefined || slot > done)
    // If every heartbeat found a newer slot that has to wait for its jitter, none would ever run.
    const due = most > 1 ? open : open.filter((slot) => slot + offsetOf(job, slot) <= now)
    if (open.length < count || due.length >= most) return due.slice(0, most).at(-1)
  }
}

/**
 * The slot up to which a job is done, once `slot` is. With `overlap: 'skip'` slots that became due while it
 * ran are dropped. Slots that were due before it began are not: `missed` decides about them.
 */
export function doneAfter(
  job: ResolvedJob,
  slot: number,
  startedAt: number,
  endedAt: number,
): number {
  if (job.overlap === 'queue') return slot
  const next = job.schedule.next(slot)
  if (next === undefined || next <= startedAt) return slot
  return Math.max(slot, job.schedule.latest(endedAt, 1)[0] ?? slot)
}

/** How much later than its time a slot begins: the same in every isolate. */
export function offsetOf({ id, jitterMs }: ResolvedJob, slot: number): number {
  if (jitterMs === 0) return 0
  return Math.floor((fnv1a(`${id} ${slot}`) / 0x1_0000_0000) * jitterMs)
}
