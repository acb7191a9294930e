/**
 * Monitors the cache of the Worker: records figures, in Redis for all isolates, and checks for alerts.
 *
 * @module
 */

import { isNearcacheError, type Platform, type RedisCacheManager } from 'nearcache'
import { CacheMonitor, HotKeys, Metrics, RedisFigures, webhook } from 'nearcache/monitor'

/** The monitoring of one cache. */
export interface Watch {
  readonly figures: RedisFigures
  readonly metrics: Metrics
  readonly hotKeys: HotKeys
  readonly monitor: CacheMonitor
}

/** Alerts at the first failed check: the next check may run in another isolate, which does not know of this one. */
const RULES = { connection: { firesAt: 0.5, resolvesAt: 0 } }

/**
 * Starts to record. Figures are sent to Redis in the background.
 *
 * @param alertWebhook URL to which alerts are posted.
 */
export function watchOver(
  cache: RedisCacheManager,
  platform: Platform,
  alertWebhook: string | undefined,
): Watch {
  const figures = new RedisFigures({ cache })
  const notify =
    alertWebhook === undefined ? {} : { notify: webhook({ url: alertWebhook, platform }) }
  const monitor = new CacheMonitor({ cache, figures, platform, rules: RULES, ...notify })
  monitor.on('alert:undelivered', ({ alert, error }) => {
    // This log is the only report. It does not quote foreign errors, which may name the address.
    const reason = isNearcacheError(error) ? error.message : undefined
    console.error(JSON.stringify({ title: 'An alert was not delivered', alert: alert.id, reason }))
  })
  return {
    figures,
    metrics: new Metrics({ cache, sinks: [figures], platform }),
    hotKeys: new HotKeys({ cache, platform }),
    monitor,
  }
}
