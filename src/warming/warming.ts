/**
 * Runs the jobs that keep a cache warm: each slot of each job once, whatever triggers do.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { randomId } from '../entry/id.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { Listeners, type WarmingEvent } from './events.ts'
import { type ResolvedJob, resolveJob, type WarmingJob } from './job.ts'
import { Ledger } from './ledger.ts'
import { type DueSlot, dueSlot } from './plan.ts'
import { type Claim, JobRun } from './run.ts'
import { RunEnds, rethrowOthers } from './run-ends.ts'
import { settlementOf } from './settle.ts'
import type { Ending, JobState } from './state.ts'
import { type JobStatus, statusOf } from './status.ts'

/** Options for {@link Warming}. */
export interface WarmingOptions {
  /** Its Redis is where jobs are taken; `redis` of a manager has a deadline and a breaker. */
  readonly cache: Pick<RedisCacheManager, 'redis'>
  /** What the names in Redis begin with. @default 'nc' */
  readonly prefix?: string
  /** The deployment: jobs with `atStart` run once for each. 1 to 128 characters without spaces. @default none */
  readonly version?: string
  /** How long a job whose isolate has died is left alone; 3 s to 1 h. @default '30s' */
  readonly lease?: Duration
  /** How long one heartbeat may last, jobs of all kinds together; 10 ms to 12 h. @default '10m' */
  readonly timeBudget?: Duration
  /** How long a handler may take to end once its signal is aborted. @default '5s' */
  readonly grace?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** What a Worker's `scheduled` handler is given, as far as it matters. */
export interface ScheduledControllerLike {
  readonly scheduledTime: number
}

/** One heartbeat. */
interface Beat {
  /** What counts as the present. */
  now(): number
  readonly until: number
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
    const { cache, prefix = 'nc', version, platform = webPlatform() } = options
    if (typeof cache?.redis?.request !== 'function') {
      throw new InvalidOptionError('cache', 'a RedisCacheManager')
    }
    if (!/^[^\s{}]{1,64}$/.test(prefix)) {
      throw new InvalidOptionError('prefix', '1 to 64 characters without braces or spaces')
    }
    if (version !== undefined && !/^\S{1,128}$/.test(version)) {
      throw new InvalidOptionError('version', '1 to 128 characters without spaces')
    }
    const longest = 43_200_000
    this.#platform = platform
    this.#version = version
    this.#leaseMs = toMilliseconds(options.lease ?? '30s', 'lease', { min: 3_000, max: 3_600_000 })
    this.#timeBudgetMs = toMilliseconds(options.timeBudget ?? '10m', 'timeBudget', {
      min: 10,
      max: longest,
    })
    this.#graceMs = toMilliseconds(options.grace ?? '5s', 'grace', { max: longest })
    this.#ledger = new Ledger(cache.redis, prefix, this.#leaseMs)
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
    const startedAt = this.#platform.now()
    const beat: Beat = {
      now: () => now + this.#platform.now() - startedAt,
      until: startedAt + this.#timeBudgetMs,
    }
    const candidates = await this.#candidates(beat.now())
    let runs = 0
    while (
      candidates.length > 0 &&
      this.#platform.now() < beat.until &&
      !this.#stop.signal.aborted
    ) {
      const { job } = candidates.sort(byUrgency).shift() as Candidate
      const next = await this.#take(job, beat)
      if (next === undefined) continue
      runs++
      if (next.due) candidates.push({ job, due: next.due })
    }
    return runs
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

  async #candidates(now: number): Promise<Candidate[]> {
    await this.#ends.writeAgain()
    try {
      return (await this.#readAll()).flatMap(({ job, state }) => {
        // What this isolate has run and could not say must not run again.
        if (this.#ends.isOwed(job.id)) return []
        const due = dueSlot(job, state, now, this.#version)
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
      const due = dueSlot(job, state, beat.now(), this.#version)
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
      stop: this.#stop.signal,
      progress: (items, skipped) =>
        this.#listeners.tell({ kind: 'progress', ...about, items, skipped }),
    })
    const outcome = await run.run()
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
    if (told !== 'complete' || written !== 'written') return {}
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
