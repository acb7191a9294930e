/**
 * The definition of a job, and its checks.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import {
  checkBoolean,
  checkFields,
  checkFunction,
  oneOf,
  wholeNumber,
} from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { type Dialect, Schedule } from './schedule.ts'

/** What one invocation of a handler may use. The next one continues. */
export interface JobBudget {
  /** Milliseconds left; 0 when the time is over. */
  readonly remainingMs: number
  /** Commands left; `Infinity` without a limit. */
  readonly remainingCommands: number
  /** Whether the time or the commands are used up: store a checkpoint and return. */
  readonly isSpent: boolean
  /** Counts commands of the handler. @returns Whether something is left. */
  spend(commands: number): boolean
}

/** How far a slot has been processed; it outlives the invocation. */
export interface Checkpoint {
  /** What was set last for this slot; `undefined` at its beginning. */
  get(): unknown
  /**
   * Stores a JSON value, at most 65,536 characters as text, and renews the lease of the job.
   *
   * @throws {InvalidValueError} When it is longer, or JSON cannot hold it.
   * @throws {JobInterruptedError} When another isolate has taken over the job: end, the job continues there.
   */
  set(value: unknown): Promise<void>
}

/** What a handler works with. */
export interface JobContext {
  /** Aborted when the time is over, the job was taken over, or the runner stops. */
  readonly signal: AbortSignal
  /** The time that this run is for, in epoch milliseconds: the same in every invocation. */
  readonly slot: number
  readonly checkpoint: Checkpoint
  readonly budget: JobBudget
  /** Reports how many items were done since the last call, and how many were skipped as still fresh. */
  emit(count: number, skipped?: number): void
}

/**
 * The result of a handler: how many items it did in this invocation, besides those it emitted. With
 * `isComplete: false` the slot continues at the next heartbeat.
 */
export type JobAnswer = number | { readonly count: number; readonly isComplete: boolean }

/** A scheduled job that warms something. */
export interface WarmingJob {
  /** Its name in Redis, the same in all deployments: 1 to 64 letters, digits, `.`, `_` and `-`. */
  readonly id: string
  /** A name for people; at most 200 characters. */
  readonly name: string
  /** Jobs with a larger priority run first; a finite number. */
  readonly priority: number
  /** A cron expression of five fields, in UTC. */
  readonly schedule: string
  /** What digits of weekdays mean. @default digits of weekdays are refused */
  readonly dialect?: Dialect
  handler(context: JobContext): Promise<JobAnswer> | JobAnswer
  /** Whether slots that become due while one runs are dropped, or run after it. @default 'skip' */
  readonly overlap?: 'skip' | 'queue'
  /** Which slots that no isolate ran are made up for: the newest, none, or all. @default 'run-once' */
  readonly missed?: 'run-once' | 'skip' | 'all'
  /** How long after its time a slot counts as missed, for `missed: 'skip'`. @default '15m' */
  readonly lateAfter?: Duration
  /** At most this many slots for `missed: 'all'`, the newest; 1 to 1_000. @default 24 */
  readonly mostMissed?: number
  /** Each slot begins up to this much later, by the same delay in all isolates; below 1 h. @default 0 */
  readonly jitter?: Duration
  /** How long one invocation may work on it; 10 ms to 12 h. @default '1m' */
  readonly timeBudget?: Duration
  /** How many commands it may spend in one invocation, an integer of at least 1. @default Infinity */
  readonly commandBudget?: number
  /** How often a failed slot is retried; 0 to 100. @default 3 */
  readonly retries?: number
  /** Wait before the first retry, doubled for each further one; at most 6 h. @default '1m' */
  readonly retryAfter?: Duration
  /** Also runs once for each version of the deployment. @default false */
  readonly atStart?: boolean
}

/** A job, checked, with its defaults. */
export interface ResolvedJob {
  readonly id: string
  readonly name: string
  readonly priority: number
  readonly schedule: Schedule
  readonly handler: WarmingJob['handler']
  readonly overlap: 'skip' | 'queue'
  readonly missed: 'run-once' | 'skip' | 'all'
  readonly lateAfterMs: number
  readonly mostMissed: number
  readonly jitterMs: number
  readonly timeBudgetMs: number
  readonly commandBudget: number
  readonly retries: number
  readonly retryAfterMs: number
  readonly atStart: boolean
}

const HOUR_MS = 3_600_000
const FIELDS = [
  ...['id', 'name', 'priority', 'schedule', 'dialect', 'handler', 'overlap', 'missed'],
  ...['lateAfter', 'mostMissed', 'jitter', 'timeBudget', 'commandBudget', 'retries'],
  ...['retryAfter', 'atStart'],
]

/** @throws {InvalidOptionError} When a field of the job is missing, unknown or out of its range. */
export function resolveJob(job: WarmingJob): ResolvedJob {
  if (typeof job !== 'object' || job === null) throw new InvalidOptionError('job', 'an object')
  // An instance of a class may have other fields, which its handler uses.
  if (job.constructor === Object) checkFields(job, 'job', FIELDS)
  const { id, name, priority, handler, atStart = false, commandBudget = Infinity } = job
  const { overlap = 'skip', missed = 'run-once', mostMissed = 24, retries = 3 } = job
  require(/^[\w.-]{1,64}$/.test(String(id)), 'id', '1 to 64 letters, digits, ".", "_" and "-"')
  require(typeof name === 'string' &&
    name.length <= 200, 'name', 'a text of at most 200 characters')
  require(Number.isFinite(priority), 'priority', 'a finite number')
  checkFunction(handler, 'handler')
  oneOf(overlap, 'overlap', ['skip', 'queue'])
  oneOf(missed, 'missed', ['run-once', 'skip', 'all'])
  wholeNumber(mostMissed, 'mostMissed', 1, 1_000)
  wholeNumber(retries, 'retries', 0, 100)
  checkBoolean(atStart, 'atStart')
  if (commandBudget !== Infinity) wholeNumber(commandBudget, 'commandBudget', 1)
  return {
    id,
    name,
    priority,
    schedule: new Schedule(job.schedule, job.dialect),
    handler: (context) => job.handler(context),
    overlap,
    missed,
    mostMissed,
    retries,
    atStart,
    commandBudget,
    lateAfterMs: toMilliseconds(job.lateAfter ?? '15m', 'lateAfter', { min: 1 }),
    jitterMs: toMilliseconds(job.jitter ?? 0, 'jitter', { max: HOUR_MS - 1 }),
    timeBudgetMs: toMilliseconds(job.timeBudget ?? '1m', 'timeBudget', {
      min: 10,
      max: 12 * HOUR_MS,
    }),
    retryAfterMs: toMilliseconds(job.retryAfter ?? '1m', 'retryAfter', { max: 6 * HOUR_MS }),
  }
}

function require(isGood: boolean, option: string, requirement: string): void {
  if (!isGood) throw new InvalidOptionError(option, requirement)
}
