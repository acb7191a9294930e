/**
 * The options and events of a monitor.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { Duration } from '../entry/duration.ts'
import { checkCache, checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { callListener } from '../platform/listener.ts'
import type { Platform } from '../platform/platform.ts'
import type { Alert } from './alerts.ts'
import type { HealthReport } from './health.ts'
import type { RedisFigures } from './redis-figures.ts'
import type { RulesOptions } from './rules.ts'

/** The events of a monitor, by name. */
export interface MonitorEvents {
  'monitoring:started': { readonly intervalMs: number }
  'monitoring:stopped': Record<never, never>
  'health:checked': HealthReport
  'alert:created': Alert
  'alert:resolved': Alert
  /**
   * `notify` rejected with this error, or took longer than 30 seconds (`RemoteTimeoutError`); the next check
   * calls it again. Each isolate tells of its own calls.
   */
  'alert:undelivered': { readonly alert: Alert; readonly error: unknown }
}

/** Runs warming jobs when they are due. */
export interface JobRunner<Job = unknown> {
  register(job: Job): void
  /** Runs the due jobs. @returns How many ran. */
  runDue(): Promise<number>
  summary(): Promise<JobSummary>
}

/** How many jobs there are, and how their last runs ended. */
export interface JobSummary {
  readonly totalJobs: number
  readonly completedJobs: number
  readonly failedJobs: number
}

/** Options for {@link CacheMonitor}. */
export interface CacheMonitorOptions<Job = unknown> {
  /** The cache whose Redis is checked. */
  readonly cache: RedisCacheManager
  /** The figures of all isolates, on which rules and reports are based. */
  readonly figures: RedisFigures
  /** The period that rules and reports cover, in whole minutes; at most `keepMinutes` of `figures`. @default '5m' */
  readonly window?: Duration
  /**
   * Changes to the default rules; `false` turns a rule off.
   * @default all rules unchanged
   */
  readonly rules?: RulesOptions
  /** Bytes that Redis may use; needed if Redis does not report a limit. @default its maxmemory */
  readonly memoryLimitBytes?: number
  /**
   * Called once when an alert begins and once when it ends, by the isolate that finds out. If it rejects or
   * takes longer than 30 seconds, the next check calls it again with the latest state of the alert.
   * @default nobody is notified
   */
  readonly notify?: (alert: Alert) => Promise<void> | void
  /** The start of the names of alerts in Redis. @default 'nc' */
  readonly prefix?: string
  /** Runs the jobs that {@link CacheMonitor.registerWarmingJob} takes. @default jobs are refused */
  readonly warming?: JobRunner<Job>
  /** @default the cache's */
  readonly platform?: Platform
}

const FIELDS = `cache figures window rules memoryLimitBytes notify prefix
  warming platform`.split(/\s+/)

/** @throws {InvalidOptionError} When an option is unknown, `cache` or `figures` is missing, or the limit is not above 0. */
export function checkOptions(options: CacheMonitorOptions<never>): void {
  checkFields(options, 'options', FIELDS)
  const { cache, figures, memoryLimitBytes = 1 } = options
  checkCache(cache)
  if (typeof figures?.readRecent !== 'function') {
    throw new InvalidOptionError('figures', 'a RedisFigures')
  }
  if (!(memoryLimitBytes > 0)) {
    throw new InvalidOptionError('memoryLimitBytes', 'a number of bytes above 0')
  }
}

/** The listeners of a monitor. */
export class MonitorListeners {
  readonly #listeners = new Map<string, Set<(event: never) => void>>()

  /** @returns A function that removes the listener. */
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
    for (const listener of this.#listeners.get(name) ?? []) callListener(listener, [event as never])
  }
}
