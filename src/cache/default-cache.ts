/**
 * The cache that domain caches use when they are given none.
 *
 * @module
 */

import { embeddedTransport } from '../redis/embedded/index.ts'
import { RedisCacheManager } from './manager.ts'

let current: RedisCacheManager | undefined

/**
 * The default cache of this isolate: the one start-up has put here, or else one on an embedded
 * engine, which other isolates do not share.
 */
export function defaultCache(): RedisCacheManager {
  current ??= new RedisCacheManager({ redis: embeddedTransport() })
  return current
}

/** Makes `cache` the default of this isolate; `undefined` takes the present one away. */
export function setDefaultCache(cache: RedisCacheManager | undefined): void {
  current = cache
}
