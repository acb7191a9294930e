/**
 * What watches over the cache of the Worker: its figures, in Redis for all isolates, and the monitor.
 *
 * @module
 */

import type { Platform, RedisCacheManager } from 'nearcache'
import { CacheMonitor, HotKeys, Metrics, RedisFigures } from 'nearcache/monitor'

/** The watch over one cache. */
export interface Watch {
  readonly figures: RedisFigures
  readonly metrics: Metrics
  readonly hotKeys: HotKeys
  readonly monitor: CacheMonitor
}

/** Begins to count. Figures are handed on behind the operations of the cache. */
export function watchOver(cache: RedisCacheManager, platform: Platform): Watch {
  const figures = new RedisFigures({ cache })
  return {
    figures,
    metrics: new Metrics({ cache, sinks: [figures], platform }),
    hotKeys: new HotKeys({ cache, platform }),
    monitor: new CacheMonitor({ cache, figures, platform }),
  }
}
