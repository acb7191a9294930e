/**
 * What watches over the cache of the Worker: its figures, in Redis for all isolates, and the monitor.
 *
 * @module
 */

import type { Platform, RedisCacheManager } from 'nearcache'
import { CacheMonitor, HotKeys, Metrics, RedisFigures, webhook } from 'nearcache/monitor'

/** The watch over one cache. */
export interface Watch {
  readonly figures: RedisFigures
  readonly metrics: Metrics
  readonly hotKeys: HotKeys
  readonly monitor: CacheMonitor
}

/** The isolate of the next check may be another: it knows of no check before its own. */
const RULES = { connection: { firesAt: 0.5, resolvesAt: 0 } }

/**
 * Begins to count. Figures are handed on behind the operations of the cache.
 *
 * @param alertWebhook Where alerts are posted.
 */
export function watchOver(
  cache: RedisCacheManager,
  platform: Platform,
  alertWebhook: string | undefined,
): Watch {
  const figures = new RedisFigures({ cache })
  const notify =
    alertWebhook === undefined ? {} : { notify: webhook({ url: alertWebhook, platform }) }
  return {
    figures,
    metrics: new Metrics({ cache, sinks: [figures], platform }),
    hotKeys: new HotKeys({ cache, platform }),
    monitor: new CacheMonitor({ cache, figures, platform, rules: RULES, ...notify }),
  }
}
