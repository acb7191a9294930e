/**
 * An HTTP cache for handlers, `fetch` and a reverse proxy: `nearcache/http`.
 *
 * @module
 */

export { cacheHandler, type Handler } from './cache-handler.ts'
export { type CachedFetchOptions, cachedFetch } from './cached-fetch.ts'
export { type CachingProxyOptions, cachingProxy } from './caching-proxy.ts'
export type { ColoCache, ColoOptions } from './colo.ts'
export { KEYED_HEADERS, type QueryRule } from './key.ts'
export type { HttpCacheOptions } from './options.ts'
