/**
 * The jobs of this isolate, each with its state as last read from Redis.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import type { ResolvedJob } from './job.ts'
import type { Ledger } from './ledger.ts'
import type { JobState } from './state.ts'

/** A job and its state in Redis. */
export interface SeenJob {
  readonly job: ResolvedJob
  readonly state: JobState
}

/** Jobs by their ids. */
export class Jobs {
  readonly #ledger: Ledger
  readonly #jobs = new Map<string, ResolvedJob>()
  readonly #seen = new Map<string, JobState>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** @throws {InvalidOptionError} When the id is taken. */
  add(job: ResolvedJob): void {
    if (this.#jobs.has(job.id)) throw new InvalidOptionError('id', 'the id of one job alone')
    this.#jobs.set(job.id, job)
  }

  has(id: string): boolean {
    return this.#jobs.has(id)
  }

  /** Reads the state of a job from Redis. */
  async read({ id }: ResolvedJob): Promise<JobState> {
    const state = await this.#ledger.read(id)
    this.#seen.set(id, state)
    return state
  }

  /** Reads the states of all jobs from Redis. */
  readAll(): Promise<SeenJob[]> {
    return Promise.all(
      [...this.#jobs.values()].map(async (job) => ({ job, state: await this.read(job) })),
    )
  }

  /** Whether an isolate is running a job. Redis is asked only about one whose last run has no end. */
  async isRunning({ job, state }: SeenJob): Promise<boolean> {
    return state.isCutOff && this.#ledger.isHeld(job.id)
  }

  /** The last state read of each job; `undefined` if it was never read. */
  seen(): readonly (JobState | undefined)[] {
    return [...this.#jobs.keys()].map((id) => this.#seen.get(id))
  }
}
