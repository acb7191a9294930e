/**
 * Watches a cache: health, alerts, reports, and the jobs that keep it warm.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { InvalidOptionError, isNearcacheError } from '../errors.ts'
import { every } from '../flight/every.ts'
import { carriedOn } from '../platform/carried-on.ts'
import type { Platform } from '../platform/platform.ts'
import { type Alert, Alerts, type Standing } from './alerts.ts'
import type { Figures } from './figures.ts'
import { type HealthReport, healthOf, probe } from './health.ts'
import {
  type CacheMonitorOptions,
  checkOptions,
  type JobRunner,
  type MonitorEvents,
  MonitorListeners,
} from './monitor-options.ts'
import { failureToNotify } from './notify.ts'
import type { RedisFigures } from './redis-figures.ts'
import { type PerformanceReport, type ReportParts, reportOf } from './report.ts'
import {
  type Evidence,
  type Judgement,
  judgeRule,
  type Rule,
  type RuleState,
  type RuleStatus,
  resolveRules,
} from './rules.ts'
import { summarize } from './summary.ts'

const MAX_HISTORY = 100
const MINUTE_MS = 60_000
const WINDOW_MS = 5 * MINUTE_MS
/** How long a bad rule is remembered without a check; longer than the time between two checks. */
const FORGOTTEN_AFTER_MS = 3_600_000
const NOT_BAD: RuleState = { badSince: undefined }

/**
 * Health, alerts and reports of one cache.
 *
 * @example
 * ```ts
 * const figures = new RedisFigures({ cache })
 * const metrics = new Metrics({ cache, sinks: [figures] })
 * const monitor = new CacheMonitor({ cache, figures, notify: (alert) => page(alert.message) })
 * monitor.startMonitoring()
 * const { healthy, issues } = await monitor.performHealthCheck()
 * ```
 */
export class CacheMonitor<Job = unknown> {
  readonly #options: CacheMonitorOptions<Job>
  readonly #cache: RedisCacheManager
  readonly #platform: Platform
  readonly #rules: readonly Rule[]
  readonly #states = new Map<string, RuleState>()
  readonly #judgements = new Map<string, Judgement>()
  readonly #alerts: Alerts
  readonly #windowMinutes: number
  readonly #listeners = new MonitorListeners()
  #history: readonly HealthReport[] = []
  #failedChecks = 0
  #watch: AbortController | undefined

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: CacheMonitorOptions<Job>) {
    checkOptions(options)
    const { cache, figures, platform = cache.platform, prefix = 'nc', window = WINDOW_MS } = options
    // Beyond that, a report would name minutes of which it has no figures.
    const max = Math.max(WINDOW_MS, figures.keepMinutesMs)
    const windowMs = toMilliseconds(window, 'window', { min: MINUTE_MS, max })
    this.#options = options
    this.#cache = cache
    this.#platform = platform
    this.#rules = resolveRules(options.rules)
    this.#windowMinutes = Math.ceil(windowMs / MINUTE_MS)
    this.#alerts = new Alerts(
      cache,
      prefix,
      this.#rules.map(({ id }) => id),
    )
  }

  /** The figures of all isolates. */
  get figures(): RedisFigures {
    return this.#options.figures
  }

  /** Listens to the monitor's results. @returns A function that removes the listener. */
  on<Name extends keyof MonitorEvents>(
    name: Name,
    listener: (event: MonitorEvents[Name]) => void,
  ): () => void {
    return this.#listeners.add(name, listener)
  }

  /**
   * Runs a health check now, and then at this interval until {@link stopMonitoring}. Another call changes the
   * interval. The timer does not keep the process alive.
   *
   * @param interval At least a second. @default 60_000 ms
   * @throws {InvalidOptionError} When `interval` is not a duration of at least a second.
   */
  startMonitoring(interval: Duration = '60s'): void {
    const intervalMs = toMilliseconds(interval, 'interval', { min: 1_000 })
    this.#watch?.abort()
    const watch = new AbortController()
    this.#watch = watch
    this.#listeners.tell('monitoring:started', { intervalMs })
    const watching = every(this.#platform, intervalMs, watch.signal, () => this.#inspect())
    this.#platform.defer(watching)
  }

  /** Ends the regular checks. */
  stopMonitoring(): void {
    if (this.#watch === undefined) return
    this.#watch.abort()
    this.#watch = undefined
    this.#listeners.tell('monitoring:stopped', {})
  }

  /** Asks Redis, reads the figures, and begins and ends alerts. It does not reject if Redis fails. */
  async performHealthCheck(): Promise<HealthReport> {
    return (await this.#inspect()).health
  }

  /** The result of the last check; `undefined` before the first. */
  getCurrentHealth(): HealthReport | undefined {
    return this.#history.at(-1)
  }

  /** The last hundred checks of this isolate, oldest first. */
  getHealthHistory(): readonly HealthReport[] {
    return this.#history
  }

  /** The alerts of all isolates that have not ended. */
  getActiveAlerts(): Promise<readonly Alert[]> {
    return this.#alerts.active()
  }

  /** The rules, worst first, each with the result of this isolate's last check. */
  getRules(): readonly RuleStatus[] {
    return this.#rules.map(({ measure: _, ...rule }) => ({
      ...rule,
      badSince: this.#states.get(rule.id)?.badSince,
      judgement: this.#judgements.get(rule.id),
    }))
  }

  /**
   * Ends an alert by hand. If its cause persists for long enough, a later check begins it again.
   * @returns Whether there was such an alert.
   */
  async resolveAlert(id: Alert['id']): Promise<boolean> {
    this.#states.delete(id)
    await this.#alerts.mark(id, undefined)
    return carriedOn(this.#platform, this.#endAlert(id))
  }

  /** All figures, alerts and recommendations in one object; `toMarkdown` renders it. */
  async generatePerformanceReport(): Promise<PerformanceReport> {
    const findings = await this.#inspect()
    const warming = await this.#options.warming?.summary()
    return reportOf({ ...findings, warming, windowMinutes: this.#windowMinutes })
  }

  /**
   * Registers a scheduled job that warms the cache.
   *
   * @throws {InvalidOptionError} When the monitor was made without `warming`, or the job cannot be run.
   */
  registerWarmingJob(job: Job): void {
    this.#warming().register(job)
  }

  /** Runs the warming jobs that are due. @returns How many ran. */
  executeWarmingJobs(): Promise<number> {
    return this.#warming().runDue()
  }

  /** Runs a check; also returns the figures and alerts that it is based on. */
  async #inspect(): Promise<Pick<ReportParts, 'health' | 'alerts' | 'figures'>> {
    const now = this.#platform.now()
    const found = await probe(this.#cache, this.#platform)
    this.#failedChecks = found.kind === 'failed' ? this.#failedChecks + 1 : 0
    const [figures, stats] = await Promise.all([this.#figures(now), this.#cache.getStats()])
    const evidence: Evidence = {
      summary: figures && summarize(figures),
      memoryBytes: stats.memoryUsage,
      memoryLimitBytes: this.#options.memoryLimitBytes ?? stats.memoryLimit,
      failedChecks: this.#failedChecks,
      isCircuitClosed: stats.remote.circuit !== 'open',
    }
    // If the isolate ended in the middle of this, an alert could begin without a notification.
    await carriedOn(this.#platform, this.#judgeAll(evidence, now))
    const alerts = await this.#alerts.active()
    const health = healthOf({ found, evidence, alerts, now, figures, stats })
    this.#history = [...this.#history, health].slice(-MAX_HISTORY)
    this.#listeners.tell('health:checked', health)
    return { health, alerts, figures }
  }

  #warming(): JobRunner<Job> {
    const { warming } = this.#options
    if (warming) return warming
    throw new InvalidOptionError('warming', 'given to a monitor that runs jobs')
  }

  /** The figures of the window; `undefined` while Redis is down. */
  async #figures(now: number): Promise<Figures | undefined> {
    try {
      return await this.#options.figures.readRecent(now, this.#windowMinutes)
    } catch (error) {
      if (isNearcacheError(error)) return undefined
      throw error
    }
  }

  async #judgeAll(evidence: Evidence, now: number): Promise<void> {
    const { open, badSince, untold } = await this.#alerts.standing()
    for (const id of untold) {
      const owed = await this.#alerts.takeOwed(id)
      if (owed !== undefined) await this.#notify(owed)
    }
    for (const rule of this.#rules) {
      const { judgement, state } = await this.#judge(rule, evidence, badSince, now)
      this.#states.set(rule.id, state)
      this.#judgements.set(rule.id, judgement)
      if (judgement.kind === 'bad') await this.#beginAlert(rule, judgement, state, now)
      else if (!open.has(rule.id)) continue
      else if (judgement.kind === 'good') await this.#endAlert(rule.id)
      else await this.#alerts.prolong(rule.id)
    }
  }

  /** Judges a rule by the state that isolates share in Redis: this isolate's own may be out of date. */
  async #judge(
    rule: Rule,
    evidence: Evidence,
    badSince: Standing['badSince'],
    now: number,
  ): Promise<ReturnType<typeof judgeRule>> {
    const isShared = rule.forMs > 0 && badSince !== undefined
    const own = this.#states.get(rule.id) ?? NOT_BAD
    const before = isShared ? { badSince: badSince.get(rule.id) } : own
    const judged = judgeRule(rule, evidence, before, now)
    const since = judged.state.badSince
    const lifeMs = rule.forMs + FORGOTTEN_AFTER_MS
    if (isShared && since !== before.badSince) await this.#alerts.mark(rule.id, since, lifeMs)
    else if (isShared && since !== undefined) await this.#alerts.renew(rule.id, lifeMs)
    return judged
  }

  async #beginAlert(
    { id, type, severity, what, firesAt, unit }: Rule,
    { value, samples }: { readonly value: number; readonly samples: number },
    { badSince = 0 }: RuleState,
    now: number,
  ): Promise<void> {
    const alert: Alert = {
      id,
      type,
      severity,
      message: what,
      timestamp: badSince || now,
      resolved: false,
      metadata: { value, threshold: firesAt, unit, samples },
    }
    if (await this.#alerts.begin(alert)) await this.#tell('alert:created', alert)
  }

  async #endAlert(id: Alert['id']): Promise<boolean> {
    const ended = await this.#alerts.end(id)
    if (ended === undefined) return false
    await this.#tell('alert:resolved', { ...ended, resolved: true })
    return true
  }

  async #tell(name: 'alert:created' | 'alert:resolved', alert: Alert): Promise<void> {
    this.#listeners.tell(name, alert)
    // An older notification that was not delivered must not arrive after this one.
    await this.#alerts.takeOwed(alert.id)
    await this.#notify(alert)
  }

  /** A notification that is not delivered is sent again by the next check of any isolate. */
  async #notify(alert: Alert): Promise<void> {
    const failure = await failureToNotify(alert, this.#options, this.#platform)
    if (failure === undefined) return
    this.#listeners.tell('alert:undelivered', { alert, ...failure })
    await this.#alerts.owe(alert)
  }
}
