/**
 * What a monitor can be told, and what it tells.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { Duration } from '../entry/duration.ts'
import { checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Alert } from './alerts.ts'
import type { HealthReport } from './health.ts'
import type { RedisFigures } from './redis-figures.ts'
import type { RulesOptions } from './rules.ts'

/** What a monitor tells, by the name of the event. */
export interface MonitorEvents {
  'monitoring:started': { readonly intervalMs: number }
  'monitoring:stopped': Record<never, never>
  'health:checked': HealthReport
  'alert:created': Alert
  'alert:resolved': Alert
}

/** Runs warming jobs at their times. */
export interface JobRunner<Job = unknown> {
  register(job: Job): void
  /** Runs what is due. @returns How many jobs ran. */
  runDue(): Promise<number>
  summary(): Promise<JobSummary>
}

/** How the jobs do. */
export interface JobSummary {
  readonly totalJobs: number
  readonly completedJobs: number
  readonly failedJobs: number
}

/** Options for {@link CacheMonitor}. */
export interface CacheMonitorOptions<Job = unknown> {
  /** Whose Redis is looked at. */
  readonly cache: RedisCacheManager
  /** Where the figures of all isolates are added up: rules and reports go by them. */
  readonly figures: RedisFigures
  /** The window that rules look at, in whole minutes. @default '5m' */
  readonly window?: Duration
  /**
   * What rules do otherwise than by default; `false` for a rule that is not wanted.
   * @default all of them as they are
   */
  readonly rules?: RulesOptions
  /** Bytes that Redis may use, where it does not tell itself. @default its maxmemory */
  readonly memoryLimitBytes?: number
  /**
   * Told of each alert once when it begins and once when it ends, by whichever isolate found out; again with
   * each further check while it rejects or takes longer than 30 seconds, of what is the case then.
   * @default nobody is told
   */
  readonly notify?: (alert: Alert) => Promise<void> | void
  /** What the names of alerts in Redis begin with. @default 'nc' */
  readonly prefix?: string
  /** Runs the jobs that {@link CacheMonitor.registerWarmingJob} takes. @default none are taken */
  readonly warming?: JobRunner<Job>
  /** @default the cache's */
  readonly platform?: Platform
}

const FIELDS = 'cache figures window rules memoryLimitBytes notify prefix warming platform'.split(
  ' ',
)

/** @throws {InvalidOptionError} When an option is unknown, `figures` is missing, or the limit is not above 0. */
export function checkOptions(options: CacheMonitorOptions<never>): void {
  checkFields(options, 'options', FIELDS)
  const { figures, memoryLimitBytes = 1 } = options
  if (typeof figures?.readRecent !== 'function') {
    throw new InvalidOptionError('figures', 'a RedisFigures')
  }
  if (!(memoryLimitBytes > 0)) {
    throw new InvalidOptionError('memoryLimitBytes', 'a number of bytes above 0')
  }
}

/** Those who listen to a monitor. */
export class MonitorListeners {
  readonly #listeners = new Map<string, Set<(event: never) => void>>()

  /** @returns A function that ends it. */
  add<Name extends keyof MonitorEvents>(
    name: Name,
    listener: (event: MonitorEvents[Name]) => void,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener as (event: never) => void)
    return () => {
      listeners.delete(listener as (event: never) => void)
    }
  }

  tell<Name extends keyof MonitorEvents>(name: Name, event: MonitorEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(event as never)
      } catch {
        // A listener's fault must not become the monitor's.
      }
    }
  }
}
