/**
 * Runs the jobs that keep a cache warm: each slot of each job once, whatever triggers do.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { randomId } from '../entry/id.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { Listeners, type WarmingEvent } from './events.ts'
import { type ResolvedJob, resolveJob, type WarmingJob } from './job.ts'
import { Ledger } from './ledger.ts'
import { resolveOptions, type WarmingOptions } from './options.ts'
import { type DueSlot, dueSlot } from './plan.ts'
import { type Claim, JobRun } from './run.ts'
import { RunEnds, rethrowOthers } from './run-ends.ts'
import { settlementOf } from './settle.ts'
import type { Ending, JobState } from './state.ts'
import { type JobStatus, statusOf } from './status.ts'

/** What a Worker's `scheduled` handler is given, as far as it matters. */
export interface ScheduledControllerLike {
  readonly scheduledTime: number
}

/** One heartbeat. */
interface Beat {
  /** What counts as the present. */
  now(): number
  readonly until: number
  /** Whether jobs run that are not due. */
  isForced: boolean
  /** How many are left for all handlers. */
  commands: number
}

interface Candidate {
  readonly job: ResolvedJob
  readonly due: DueSlot
}

/**
 * Jobs by the clock, on any number of isolates. Who runs a job holds its lease; what is done is kept by
 * slot, so that duplicated and late heartbeats find nothing to do, and missed ones are caught up with.
 *
 * @example
 * ```ts
 * const warming = new Warming({ cache })
 * warming.register({
 *   id: 'mail',
 *   name: 'Mailbox',
 *   priority: 80,
 *   schedule: '0 *\/6 * * *',
 *   handler: async ({ signal }) => (await emails.warmCache({ signal })).emails,
 * })
 * warming.start()
 * ```
 */
export class Warming {
  readonly #platform: Platform
  readonly #ledger: Ledger
  readonly #version: string | undefined
  readonly #leaseMs: number
  readonly #timeBudgetMs: number
  readonly #graceMs: number
  readonly #jobs = new Map<string, ResolvedJob>()
  readonly #known = new Map<string, JobState>()
  readonly #ends: RunEnds
  readonly #listeners = new Listeners()
  #stop = new AbortController()
  #ticking: Promise<void> | undefined

  /** @throws {InvalidOptionError} When an option is out of its range. */
  constructor(options: WarmingOptions) {
    const { platform, redis, prefix, version, leaseMs, timeBudgetMs, graceMs } =
      resolveOptions(options)
    this.#platform = platform
    this.#version = version
    this.#leaseMs = leaseMs
    this.#timeBudgetMs = timeBudgetMs
    this.#graceMs = graceMs
    this.#ledger = new Ledger(redis, prefix, leaseMs)
    this.#ends = new RunEnds(this.#ledger, platform, this.#leaseMs)
  }

  /**
   * Takes a job.
   *
   * @throws {InvalidOptionError} When it cannot be run, or its id is taken.
   */
  register(job: WarmingJob): void {
    const resolved = resolveJob(job)
    if (this.#jobs.has(resolved.id)) throw new InvalidOptionError('id', 'the id of one job alone')
    this.#jobs.set(resolved.id, resolved)
  }

  /** Listens to what the jobs do, in this isolate. @returns A function that ends it. */
  subscribe(listener: (event: WarmingEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  /**
   * One heartbeat: runs what is due, the larger priority first and then what is later, until nothing is
   * left or the time is over. While Redis is away nothing is begun. Never rejects for what Redis or a
   * handler does.
   *
   * @param now The time of the trigger, in epoch milliseconds. @default the platform's
   * @returns How many runs there were.
   * @throws {InvalidOptionError} When `now` is no instant.
   */
  async runDue(now: number = this.#platform.now()): Promise<number> {
    if (!Number.isFinite(now)) throw new InvalidOptionError('now', 'epoch milliseconds')
    const beat = this.#begin(now, this.#timeBudgetMs)
    return this.#runThrough(beat, await this.#candidates(beat))
  }

  /**
   * Runs every job now, due or not, the larger priority first: after a disaster, or by hand. A job that
   * another isolate runs is left to it. The commands are those that handlers count by `budget.spend`; a
   * job that they are over for goes on at a later heartbeat.
   *
   * @param commandBudget All jobs together; an integer of at least 1. @default Infinity
   * @returns How many runs there were.
   * @throws {InvalidOptionError} When the budget is none.
   */
  async warmAll(commandBudget: number = Number.POSITIVE_INFINITY): Promise<number> {
    if (!(commandBudget >= 1))
      throw new InvalidOptionError('commandBudget', 'a number of at least 1')
    const beat = this.#begin(this.#platform.now(), this.#timeBudgetMs)
    beat.isForced = true
    beat.commands = commandBudget
    return this.#runThrough(beat, await this.#candidates(beat))
  }

  #begin(now: number, timeMs: number): Beat {
    const startedAt = this.#platform.now()
    return {
      now: () => now + this.#platform.now() - startedAt,
      until: startedAt + timeMs,
      isForced: false,
      commands: Number.POSITIVE_INFINITY,
    }
  }

  async #runThrough(beat: Beat, candidates: Candidate[]): Promise<number> {
    let runs = 0
    while (candidates.length > 0 && beat.commands > 0 && !this.#isOver(beat)) {
      const { job } = candidates.sort(byUrgency).shift() as Candidate
      const next = await this.#take(job, beat)
      if (next === undefined) continue
      runs++
      if (next.due) candidates.push({ job, due: next.due })
    }
    return runs
  }

  #isOver({ until }: Beat): boolean {
    return this.#platform.now() >= until || this.#stop.signal.aborted
  }

  #due(job: ResolvedJob, state: JobState, { now, isForced }: Beat): DueSlot | undefined {
    const at = now()
    const due = dueSlot(job, state, at, this.#version)
    if (due || !isForced) return due
    return { slot: state.open?.slot ?? job.schedule.latest(at, 1)[0] ?? 0, dueAt: at }
  }

  /** {@link runDue} for a Cron Trigger: pass on what `scheduled` is given, and wait for it. */
  handleScheduled({ scheduledTime }: ScheduledControllerLike): Promise<number> {
    return this.runDue(scheduledTime)
  }

  /**
   * Runs what is due now and at every interval, until {@link stop}. A process may end while nothing else is
   * left to do. Started again it goes on with the new interval.
   *
   * @param interval At least a second. @default '30s'
   * @throws {InvalidOptionError} When it is no duration.
   */
  start(interval: Duration = '30s'): void {
    const intervalMs = toMilliseconds(interval, 'interval', { min: 1_000 })
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#ticking = this.#tick(intervalMs, this.#stop, this.#ticking)
    this.#platform.defer(this.#ticking)
  }

  /** Begins nothing more, and tells handlers to end: their slots go on elsewhere. Waits for them. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ticking
  }

  /** How the jobs do, in all isolates; while Redis is away, as it was last known. */
  async summary(): Promise<{
    readonly totalJobs: number
    readonly completedJobs: number
    readonly failedJobs: number
  }> {
    await this.#readAll().catch(rethrowOthers)
    const endings = [...this.#jobs.keys()].map((id) => this.#known.get(id)?.last?.ending)
    return {
      totalJobs: this.#jobs.size,
      completedJobs: endings.filter((ending) => ending === 'complete').length,
      failedJobs: endings.filter((ending) => ending === 'failed' || ending === 'given-up').length,
    }
  }

  /**
   * How each job does, the larger priority first.
   *
   * @throws {RemoteError} When Redis cannot be asked; also `RemoteTimeoutError` and `CircuitOpenError`.
   */
  async status(): Promise<readonly JobStatus[]> {
    const states = await this.#readAll()
    const now = this.#platform.now()
    return states
      .map(({ job, state }) => statusOf(job, state, now))
      .toSorted((a, b) => b.priority - a.priority)
  }

  async #tick(
    intervalMs: number,
    { signal }: AbortController,
    before: Promise<void> | undefined,
  ): Promise<void> {
    await before
    while (!signal.aborted) {
      await this.runDue()
      try {
        await (this.#platform.idle?.(intervalMs, signal) ??
          this.#platform.delay(intervalMs, signal))
      } catch {
        return // stopped
      }
    }
  }

  async #candidates(beat: Beat): Promise<Candidate[]> {
    await this.#ends.writeAgain()
    try {
      return (await this.#readAll()).flatMap(({ job, state }) => {
        // What this isolate has run and could not say must not run again.
        if (this.#ends.isOwed(job.id)) return []
        const due = this.#due(job, state, beat)
        return due ? [{ job, due }] : []
      })
    } catch (error) {
      rethrowOthers(error)
      this.#listeners.tell({ kind: 'unavailable', error })
      return []
    }
  }

  #readAll(): Promise<{ readonly job: ResolvedJob; readonly state: JobState }[]> {
    return Promise.all(
      [...this.#jobs.values()].map(async (job) => {
        const state = await this.#ledger.read(job.id)
        this.#known.set(job.id, state)
        return { job, state }
      }),
    )
  }

  /** Runs a job once, if it can be had. @returns What is due of it next in this heartbeat. */
  async #take(
    job: ResolvedJob,
    beat: Beat,
  ): Promise<{ readonly due?: DueSlot | undefined } | undefined> {
    const token = randomId()
    const claimedAt = this.#platform.now()
    try {
      const state = await this.#ledger.claim(job.id, token)
      if (!state) return undefined
      // Only what is known under the lease counts: another may have run the slot since it was read.
      const due = this.#due(job, state, beat)
      if (!due) {
        await this.#ledger.release(job.id, token, {})
        return undefined
      }
      const open = state.open
      return await this.#run({ job, token, slot: due.slot, open, claimedAt }, { state, due, beat })
    } catch (error) {
      rethrowOthers(error)
      this.#listeners.tell({ kind: 'unavailable', error })
      return undefined
    }
  }

  async #run(
    claim: Claim,
    { state, due, beat }: { readonly state: JobState; readonly due: DueSlot; readonly beat: Beat },
  ): Promise<{ readonly due?: DueSlot | undefined }> {
    const { job, token, slot } = claim
    const about = { id: job.id, slot }
    const startedAt = beat.now()
    const lagMs = Math.max(0, startedAt - due.dueAt)
    this.#listeners.tell({ kind: 'started', ...about, lagMs, isResumed: claim.open !== undefined })
    const run = new JobRun(claim, {
      platform: this.#platform,
      ledger: this.#ledger,
      leaseMs: this.#leaseMs,
      graceMs: this.#graceMs,
      timeLeftMs: Math.max(0, beat.until - this.#platform.now()),
      commandsLeft: beat.commands,
      stop: this.#stop.signal,
      progress: (items, skipped) =>
        this.#listeners.tell({ kind: 'progress', ...about, items, skipped }),
    })
    const outcome = await run.run()
    beat.commands -= run.commands
    const endedAt = beat.now()
    const ended = { job, state, run, outcome, slot, startedAt, endedAt, version: this.#version }
    const { ending, failures, fields } = settlementOf(ended)
    // One that did not end when it was told to may be at work until the lease is over.
    const isGivenBack = outcome.kind !== 'abandoned'
    const written = await this.#ends.write(job.id, { token, fields }, isGivenBack)
    const told: Ending = written === 'refused' ? 'lost' : ending
    this.#listeners.tell({
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
    if (told !== 'complete' || written !== 'written' || beat.isForced) return {}
    return { due: await this.#nextOf(job, beat) }
  }

  async #nextOf(job: ResolvedJob, beat: Beat): Promise<DueSlot | undefined> {
    try {
      const state = await this.#ledger.read(job.id)
      this.#known.set(job.id, state)
      return dueSlot(job, state, beat.now(), this.#version)
    } catch (error) {
      rethrowOthers(error)
      return undefined // the next heartbeat looks again
    }
  }
}

function byUrgency(a: Candidate, b: Candidate): number {
  return b.job.priority - a.job.priority || a.due.dueAt - b.due.dueAt
}
