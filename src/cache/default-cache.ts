/**
 * The cache that domain caches use if they are given none.
 *
 * @module
 */

import { embeddedTransport } from '../redis/embedded/index.ts'
import { RedisCacheManager } from './manager.ts'

let current: RedisCacheManager | undefined

/**
 * The default cache of this isolate: the one given to {@link setDefaultCache}, as start-up does, or otherwise one on
 * an embedded engine, which other isolates do not share.
 */
export function defaultCache(): RedisCacheManager {
  current ??= new RedisCacheManager({ redis: embeddedTransport() })
  return current
}

/** Makes `cache` the default of this isolate; `undefined` removes the current one. */
export function setDefaultCache(cache: RedisCacheManager | undefined): void {
  current = cache
}
