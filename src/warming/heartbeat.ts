/**
 * One heartbeat: runs the due jobs, the most urgent first, until none is left or the time is over.
 *
 * @module
 */

import { randomId } from '../entry/id.ts'
import type { Platform } from '../platform/platform.ts'
import type { Listeners } from './events.ts'
import type { ResolvedJob } from './job.ts'
import type { Jobs } from './jobs.ts'
import type { Ledger } from './ledger.ts'
import { believed, type DueSlot, dueSlot, hasCome } from './plan.ts'
import { type Claim, JobRun } from './run.ts'
import { type RunEnds, rethrowOthers } from './run-ends.ts'
import { settlementOf } from './settle.ts'
import type { Ending, JobState } from './state.ts'

/** What heartbeats work with. */
export interface HeartbeatContext {
  readonly platform: Platform
  readonly jobs: Jobs
  readonly ledger: Ledger
  readonly ends: RunEnds
  readonly listeners: Listeners
  readonly version: string | undefined
  readonly leaseMs: number
  readonly graceMs: number
}

/** The terms of one heartbeat. */
export interface HeartbeatTerms {
  /** The time that counts as now when it begins, in epoch milliseconds. */
  readonly now: number
  /** How long it may last. */
  readonly timeMs: number
  /** Whether jobs run even if they are not due. */
  readonly isForced: boolean
  /** The id of the only job to run. @default all jobs */
  readonly only?: string
  /** How many commands all handlers together may use. */
  readonly commands: number
  /** Aborted when no further run may begin. */
  readonly stop: AbortSignal
}

interface Candidate {
  readonly job: ResolvedJob
  readonly due: DueSlot
  /** Whether the job may have killed the isolate that ran it last. */
  readonly isCutOff: boolean
}

/** A job that ran, and its next slot that is due in this heartbeat. */
interface Ran {
  readonly due?: DueSlot | undefined
}

/** A heartbeat, to be run once. */
export class Heartbeat {
  readonly #ctx: HeartbeatContext
  readonly #terms: HeartbeatTerms
  readonly #startedAt: number
  #commands: number

  constructor(ctx: HeartbeatContext, terms: HeartbeatTerms) {
    this.#ctx = ctx
    this.#terms = terms
    this.#startedAt = ctx.platform.now()
    this.#commands = terms.commands
  }

  /** Does not reject if Redis or a handler fails. @returns How many runs there were. */
  async run(): Promise<number> {
    const candidates = await this.#candidates()
    let runs = 0
    while (candidates.length > 0 && this.#commands > 0 && !this.#isOver()) {
      const { job } = candidates.sort(byUrgency).shift() as Candidate
      const ran = await this.#take(job)
      if (ran === undefined) continue
      runs++
      if (ran.due) candidates.push({ job, due: ran.due, isCutOff: false })
    }
    return runs
  }

  #now(): number {
    return this.#terms.now + this.#ctx.platform.now() - this.#startedAt
  }

  #timeLeftMs(): number {
    return this.#startedAt + this.#terms.timeMs - this.#ctx.platform.now()
  }

  #isOver(): boolean {
    return this.#timeLeftMs() <= 0 || this.#terms.stop.aborted
  }

  #due(job: ResolvedJob, state: JobState): DueSlot | undefined {
    const at = this.#now()
    const due = dueSlot(job, state, at, this.#ctx.version)
    if (due || !this.#terms.isForced) return due
    return { slot: state.open?.slot ?? job.schedule.latest(at, 1)[0] ?? 0, dueAt: at }
  }

  async #candidates(): Promise<Candidate[]> {
    const { ends, jobs, listeners } = this.#ctx
    const { only } = this.#terms
    await ends.writeAgain()
    try {
      return (await jobs.readAll()).flatMap(({ job, state }) => {
        // A slot that this isolate has run, but could not report to Redis, must not run again.
        if (ends.isOwed(job.id) || (only !== undefined && job.id !== only)) return []
        // The two clocks may differ. The claim checks the slot by the clock of Redis.
        const latest = Math.max(this.#now(), this.#ctx.platform.now())
        const due = this.#due(job, believed(state, latest))
        return due ? [{ job, due, isCutOff: state.isCutOff }] : []
      })
    } catch (error) {
      rethrowOthers(error)
      listeners.tell({ kind: 'unavailable', error })
      return []
    }
  }

  /** Runs a job once, if no other isolate holds it. */
  async #take(job: ResolvedJob): Promise<Ran | undefined> {
    const { platform, ledger, listeners } = this.#ctx
    const token = randomId()
    const claimedAt = platform.now()
    try {
      const claimed = await ledger.claim(job.id, token)
      if (!claimed) return undefined
      // Only the state read under the lease counts: another isolate may have run the slot in the meantime.
      const state = believed(claimed.state, claimed.now)
      const due = this.#due(job, state)
      // A clock far ahead would write the time of a retry that no other isolate can wait for.
      if (!due || !hasCome(this.#now(), claimed.now)) {
        await ledger.release(job.id, token, {})
        return undefined
      }
      return await this.#run(
        { job, token, slot: due.slot, open: state.open, claimedAt },
        state,
        due,
      )
    } catch (error) {
      rethrowOthers(error)
      listeners.tell({ kind: 'unavailable', error })
      return undefined
    }
  }

  async #run(claim: Claim, state: JobState, due: DueSlot): Promise<Ran> {
    const { platform, ledger, leaseMs, graceMs, listeners, ends, version } = this.#ctx
    const { job, token, slot } = claim
    const about = { id: job.id, slot }
    const startedAt = this.#now()
    const lagMs = Math.max(0, startedAt - due.dueAt)
    listeners.tell({ kind: 'started', ...about, lagMs, isResumed: claim.open !== undefined })
    const run = new JobRun(claim, {
      platform,
      ledger,
      leaseMs,
      graceMs,
      timeLeftMs: Math.max(0, this.#timeLeftMs()),
      commandsLeft: this.#commands,
      stop: this.#terms.stop,
      progress: (items, skipped) => listeners.tell({ kind: 'progress', ...about, items, skipped }),
    })
    const outcome = await run.run()
    this.#commands -= run.commands
    const endedAt = this.#now()
    const ended = { job, state, run, outcome, slot, startedAt, endedAt, version }
    const { ending, failures, fields } = settlementOf(ended)
    // An abandoned handler may still be running, so its lease is kept until it ends.
    const isGivenBack = outcome.kind !== 'abandoned'
    const end = { token, fields }
    const written = await ends.write(job.id, end, isGivenBack, this.#terms.stop)
    const told: Ending = written === 'refused' ? 'lost' : ending
    listeners.tell({
      kind: 'ended',
      ...about,
      ending: told,
      items: run.items,
      skipped: run.skipped,
      errors: failures,
      lagMs,
      durationMs: endedAt - startedAt,
      ...('error' in outcome && { error: outcome.error }),
    })
    if (told !== 'complete' || written !== 'written' || this.#terms.isForced) return {}
    return { due: await this.#nextOf(job) }
  }

  async #nextOf(job: ResolvedJob): Promise<DueSlot | undefined> {
    try {
      return dueSlot(job, await this.#ctx.jobs.read(job), this.#now(), this.#ctx.version)
    } catch (error) {
      rethrowOthers(error)
      return undefined // the next heartbeat looks again
    }
  }
}

/** A job that kills every isolate it runs in must not keep the others from running: it goes last. */
function byUrgency(a: Candidate, b: Candidate): number {
  if (a.isCutOff !== b.isCutOff) return a.isCutOff ? 1 : -1
  return b.job.priority - a.job.priority || a.due.dueAt - b.due.dueAt
}
