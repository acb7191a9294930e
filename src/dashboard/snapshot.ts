/**
 * Gathers the data of all pages at one instant.
 *
 * @module
 */

import { isNearcacheError } from '../errors.ts'
import type { Alert } from '../monitor/alerts.ts'
import type { HealthReport } from '../monitor/health.ts'
import type { HotKeyLists } from '../monitor/hot-keys.ts'
import type { Slice } from '../monitor/redis-figures.ts'
import type { RuleStatus } from '../monitor/rules.ts'
import type { JobStatus } from '../warming/status.ts'
import type { ResolvedOptions } from './options.ts'
import { SliceWindow } from './slices.ts'

/** Why data is missing: it is not set up, or Redis does not answer. */
export type Lack = 'not-set-up' | 'away'

/** Figures over time, oldest first. */
export interface Timeline {
  readonly minutes: readonly Slice[]
  readonly hours: readonly Slice[]
}

/** What the pages show. */
export interface Snapshot {
  /** Epoch milliseconds. */
  readonly at: number
  readonly health: HealthReport
  /** The last health checks of this isolate, oldest first. */
  readonly history: readonly HealthReport[]
  readonly alerts: readonly Alert[]
  readonly rules: readonly RuleStatus[]
  readonly timeline: Timeline | Lack
  readonly jobs: readonly JobStatus[] | Lack
  readonly hotKeys: HotKeyLists | Lack
}

const NOT_SET_UP: Lack = 'not-set-up'
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/**
 * Gathers snapshots. Each is reused for half the time between two refreshes, so that the load on Redis does
 * not depend on the number of viewers.
 */
export class Snapshots {
  readonly #options: ResolvedOptions
  readonly #minutes: SliceWindow
  readonly #hours: SliceWindow
  #last: Snapshot | undefined
  #changes = 0

  constructor(options: ResolvedOptions) {
    const { figures } = options.monitor
    this.#options = options
    this.#minutes = new SliceWindow({
      lengthMs: MINUTE_MS,
      count: 60,
      read: (now, count) => figures.readMinutes(now, count),
    })
    this.#hours = new SliceWindow({
      lengthMs: HOUR_MS,
      count: 24,
      read: (now, count) => figures.readHours(now, count),
    })
  }

  /** The current snapshot. Does not reject if Redis fails. */
  async read(): Promise<Snapshot> {
    const { platform, refreshMs } = this.#options
    const now = platform.now()
    // Half the interval, so that a page that refreshes on time gets new data. `abs`: the clock may be set back.
    if (this.#last && Math.abs(now - this.#last.at) < refreshMs / 2) return this.#last
    const changes = this.#changes
    const snapshot = await this.#gather(now)
    // Parts of it may have been read before a change that was made in the meantime.
    if (changes === this.#changes) this.#last = snapshot
    return snapshot
  }

  /** Discards the snapshot after a change. */
  forget(): void {
    this.#changes++
    this.#last = undefined
  }

  async #gather(at: number): Promise<Snapshot> {
    const { monitor, warming, hotKeys } = this.#options
    const [health, timeline, jobs, keys] = await Promise.all([
      monitor.performHealthCheck(),
      orAway(this.#readTimeline(at)),
      warming ? orAway(warming.status()) : NOT_SET_UP,
      hotKeys ? orAway(hotKeys.read()) : NOT_SET_UP,
    ])
    return {
      at,
      health,
      history: monitor.getHealthHistory(),
      alerts: await monitor.getActiveAlerts(),
      rules: monitor.getRules(),
      timeline,
      jobs,
      hotKeys: keys,
    }
  }

  async #readTimeline(at: number): Promise<Timeline> {
    const [minutes, hours] = await Promise.all([this.#minutes.read(at), this.#hours.read(at)])
    return { minutes, hours }
  }
}

async function orAway<T>(reading: Promise<T>): Promise<T | 'away'> {
  try {
    return await reading
  } catch (error) {
    if (isNearcacheError(error)) return 'away'
    throw error
  }
}

/** Whether the data is present. */
export function isThere<T extends object>(found: T | Lack): found is T {
  return typeof found !== 'string'
}
