/**
 * Decides which slot of a job is to run. Pure, and a function of slots alone: what a heartbeat's own
 * time is never moves a schedule.
 *
 * @module
 */

import { fnv1a } from '../entry/fnv1a.ts'
import type { ResolvedJob } from './job.ts'
import type { JobState } from './state.ts'

/** A slot that is to run. */
export interface DueSlot {
  readonly slot: number
  /** When it was to begin, jitter and waiting after a failure included. */
  readonly dueAt: number
}

/** What the clocks of isolates may differ by: one that is further ahead is wrong. */
const MOST_SKEW_MS = 600_000

/** Whether a slot can have come, by a clock that is right. */
export function hasCome(slot: number | undefined, now: number): boolean {
  return slot === undefined || slot <= now + MOST_SKEW_MS
}

/** A state without what a clock that was ahead has left in it, which would be waited for until then. */
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
 * @param now What counts as the present: a trigger's own time, however late it comes.
 * @param version The deployment, for jobs that also run once for each.
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

/** Looks back as far as it must: an expression has a slot a minute, and a job may have a year to catch up with. */
function oldestMissed(
  { schedule, missed, mostMissed }: ResolvedJob,
  done: number | undefined,
  now: number,
): number | undefined {
  // Of a job that has never run nothing is missed but the newest slot.
  const most = missed === 'all' && done !== undefined ? mostMissed : 1
  for (let count = 1; ; count = Math.min(2 * count, most)) {
    const slots = schedule.latest(now, count)
    const due = slots.filter((slot) => done === undefined || slot > done)
    if (due.length < count || count === most) return due.at(-1)
  }
}

/**
 * Up to which slot a job is done, when `slot` is. With `overlap: 'skip'` slots that came while it ran are
 * dropped; those it was late for are not, `missed` decides about them.
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

/** How much later than its time a slot begins: the same draw in every isolate. */
export function offsetOf({ id, jitterMs }: ResolvedJob, slot: number): number {
  if (jitterMs === 0) return 0
  return Math.floor((fnv1a(`${id} ${slot}`) / 0x1_0000_0000) * jitterMs)
}
