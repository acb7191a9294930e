/**
 * Runs the jobs that keep a cache warm: each slot of each job once, whatever triggers do.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { InvalidOptionError } from '../errors.ts'
import { every } from '../flight/every.ts'
import type { Platform } from '../platform/platform.ts'
import { Listeners, type WarmingEvent } from './events.ts'
import { Heartbeat, type HeartbeatContext, type HeartbeatTerms } from './heartbeat.ts'
import { resolveJob, type WarmingJob } from './job.ts'
import { Jobs } from './jobs.ts'
import { Ledger } from './ledger.ts'
import { resolveOptions, type WarmingOptions } from './options.ts'
import { RunEnds, rethrowOthers } from './run-ends.ts'
import { type JobStatus, statusOf } from './status.ts'

/** What a Worker's `scheduled` handler is given, as far as it matters. */
export interface ScheduledControllerLike {
  readonly scheduledTime: number
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
  readonly #jobs: Jobs
  readonly #timeBudgetMs: number
  readonly #ctx: HeartbeatContext
  #stop = new AbortController()
  #ticking: Promise<void> | undefined

  /** @throws {InvalidOptionError} When an option is out of its range. */
  constructor(options: WarmingOptions) {
    const { platform, redis, prefix, version, leaseMs, timeBudgetMs, graceMs } =
      resolveOptions(options)
    const ledger = new Ledger(redis, prefix, leaseMs)
    this.#platform = platform
    this.#jobs = new Jobs(ledger)
    this.#timeBudgetMs = timeBudgetMs
    this.#ctx = {
      platform,
      jobs: this.#jobs,
      ledger,
      ends: new RunEnds(ledger, platform, leaseMs),
      listeners: new Listeners(),
      version,
      leaseMs,
      graceMs,
    }
  }

  /**
   * Takes a job.
   *
   * @throws {InvalidOptionError} When it cannot be run, or its id is taken.
   */
  register(job: WarmingJob): void {
    this.#jobs.add(resolveJob(job))
  }

  /** Whether there is a job with this id. */
  has(id: string): boolean {
    return this.#jobs.has(id)
  }

  /** Listens to what the jobs do, in this isolate. @returns A function that ends it. */
  subscribe(listener: (event: WarmingEvent) => void): () => void {
    return this.#ctx.listeners.add(listener)
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
    return this.#beat({ now, isForced: false, commands: Infinity })
  }

  /**
   * Runs every job now, due or not, the larger priority first: after a disaster, or by hand. A job that
   * another isolate runs is left to it. The commands are those that handlers count by `budget.spend`; a
   * job that they are over for goes on at a later heartbeat.
   *
   * @param commandBudget All jobs together; at least 1. @default Infinity
   * @returns How many runs there were.
   * @throws {InvalidOptionError} When the budget is none.
   */
  async warmAll(commandBudget: number = Infinity): Promise<number> {
    if (!(commandBudget >= 1))
      throw new InvalidOptionError('commandBudget', 'a number of at least 1')
    return this.#beat({ now: this.#platform.now(), isForced: true, commands: commandBudget })
  }

  /**
   * Runs one job now, due or not. One that another isolate runs is left to it.
   *
   * @returns Whether it ran.
   * @throws {InvalidOptionError} When no job has this id.
   */
  async runJob(id: string): Promise<boolean> {
    if (!this.#jobs.has(id)) throw new InvalidOptionError('id', 'the id of a job')
    const terms = { now: this.#platform.now(), isForced: true, commands: Infinity }
    return (await this.#beat({ ...terms, only: id })) > 0
  }

  #beat(terms: Omit<HeartbeatTerms, 'timeMs' | 'stop'>): Promise<number> {
    const stop = this.#stop.signal
    return new Heartbeat(this.#ctx, { ...terms, timeMs: this.#timeBudgetMs, stop }).run()
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
    await this.#jobs.readAll().catch(rethrowOthers)
    const endings = this.#jobs.seen().map((state) => state?.last?.ending)
    return {
      totalJobs: endings.length,
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
    const states = await this.#jobs.readAll()
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
    await every(this.#platform, intervalMs, signal, () => this.runDue())
  }
}
