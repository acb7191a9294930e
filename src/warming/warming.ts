/**
 * Runs the jobs that keep a cache warm: each slot of each job once, even if triggers are late or repeated.
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

/** The part of the controller of a Worker's `scheduled` handler that is used. */
export interface ScheduledControllerLike {
  readonly scheduledTime: number
}

/**
 * Scheduled jobs on any number of isolates. An isolate holds the lease of a job while it runs it. Redis
 * keeps which slots are done: repeated and late heartbeats find nothing to do, missed ones are made up for.
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

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
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
   * Registers a job.
   *
   * @throws {InvalidOptionError} When a field is missing or out of its range, or the id is taken.
   */
  register(job: WarmingJob): void {
    this.#jobs.add(resolveJob(job))
  }

  /** Whether there is a job with this id. */
  has(id: string): boolean {
    return this.#jobs.has(id)
  }

  /** Listens to the jobs in this isolate. @returns A function that removes the listener. */
  subscribe(listener: (event: WarmingEvent) => void): () => void {
    return this.#ctx.listeners.add(listener)
  }

  /**
   * One heartbeat: runs the due jobs, the largest priority first and then the longest overdue, until none is
   * left or the time is over. While Redis is down no run begins. It does not reject if Redis or a handler
   * fails.
   *
   * @param now The time of the trigger, in epoch milliseconds. @default the platform's
   * @returns How many runs there were.
   * @throws {InvalidOptionError} When `now` is not a finite number.
   */
  async runDue(now: number = this.#platform.now()): Promise<number> {
    if (!Number.isFinite(now)) throw new InvalidOptionError('now', 'epoch milliseconds')
    return this.#beat({ now, isForced: false, commands: Infinity })
  }

  /**
   * Runs every job now, due or not, the largest priority first: after a loss of data, or by hand. A job that
   * another isolate is running is skipped. Handlers count their commands with `budget.spend`. When
   * none are left, a job that is not complete continues at a later heartbeat, and one that was not begun runs
   * at its next slot.
   *
   * @param commandBudget For all jobs together; at least 1. @default Infinity
   * @returns How many runs there were.
   * @throws {InvalidOptionError} When the budget is not a number of at least 1.
   */
  async warmAll(commandBudget: number = Infinity): Promise<number> {
    if (!(commandBudget >= 1))
      throw new InvalidOptionError('commandBudget', 'a number of at least 1')
    return this.#beat({ now: this.#platform.now(), isForced: true, commands: commandBudget })
  }

  /**
   * Runs one job now, due or not, unless another isolate is running it.
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

  /** {@link runDue} for a Cron Trigger: pass the controller of `scheduled`, and await the result. */
  handleScheduled({ scheduledTime }: ScheduledControllerLike): Promise<number> {
    return this.runDue(scheduledTime)
  }

  /**
   * Runs the due jobs now and at every interval, until {@link stop}. The timer does not keep the process
   * alive. Another call changes the interval.
   *
   * @param interval At least a second. @default '30s'
   * @throws {InvalidOptionError} When `interval` is not a duration of at least a second.
   */
  start(interval: Duration = '30s'): void {
    const intervalMs = toMilliseconds(interval, 'interval', { min: 1_000 })
    // Before the first start there are only runs by hand, which go on.
    if (this.#ticking || this.#stop.signal.aborted) {
      this.#stop.abort()
      this.#stop = new AbortController()
    }
    this.#ticking = this.#tick(intervalMs, this.#stop, this.#ticking)
    this.#platform.defer(this.#ticking)
  }

  /** Begins no further runs, interrupts the running ones, and waits for those that {@link start} has begun. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ticking
  }

  /** How the last runs of the jobs ended, in all isolates; while Redis is down, as last read. */
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
   * The status of each job, the largest priority first.
   *
   * @throws {RemoteError} When Redis fails; also `RemoteTimeoutError` and `CircuitOpenError`.
   */
  async status(): Promise<readonly JobStatus[]> {
    const states = await this.#jobs.readAll()
    const now = this.#platform.now()
    const statuses = await Promise.all(
      states.map(async (seen) =>
        statusOf(seen.job, seen.state, await this.#jobs.isRunning(seen), now),
      ),
    )
    return statuses.toSorted((a, b) => b.priority - a.priority)
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
