/**
 * The other in-memory caches, each through its own call for "read, or load and store".
 *
 * @module
 */

import { loadPeer } from './peers.ts'

/** Another in-memory cache. */
export interface NearPeer {
  readonly name: string
  readonly read: (key: string) => unknown
  /** See `Subject`: below 1 for caches that are slow. */
  readonly share: number
}

type Load = (key: string) => object

const TTL_MS = 3_600_000

/** All of the other caches, empty. */
export async function nearPeers(
  load: Load,
  max: number,
  tags: readonly string[],
): Promise<readonly NearPeer[]> {
  return [
    await lru(load, max),
    await asyncCacheDedupe(load, max, tags),
    await layeredLoader(load, max),
    await cachified(load, max),
    await unkey(load),
    await ocache(load, max),
    await cacheManager(load),
    ...(await bento(load, max, tags)),
    await cacheable(load),
  ]
}

interface Lru {
  readonly LRUCache: new (options: object) => { fetch(key: string): Promise<object> }
}

async function lru(load: Load, max: number): Promise<NearPeer> {
  const { LRUCache } = await loadPeer<Lru>('lru-cache')
  const cache = new LRUCache({
    max,
    ttl: TTL_MS,
    fetchMethod: async (key: string) => load(key),
  })
  return { name: 'lru-cache fetch', read: (key) => cache.fetch(key), share: 1 }
}

async function asyncCacheDedupe(
  load: Load,
  max: number,
  tags: readonly string[],
): Promise<NearPeer> {
  const { createCache } = await loadPeer<{
    createCache(options: object): {
      define(name: string, options: object, load: (key: string) => Promise<object>): void
      readonly user: (key: string) => Promise<object>
    }
  }>('async-cache-dedupe')
  const storage = { type: 'memory', options: { size: max, invalidation: true } }
  const cache = createCache({ ttl: TTL_MS / 1_000, storage })
  cache.define('user', { references: () => [...tags] }, async (key) => load(key))
  return { name: 'async-cache-dedupe', read: (key) => cache.user(key), share: 0.2 }
}

async function layeredLoader(load: Load, max: number): Promise<NearPeer> {
  const { Loader } = await loadPeer<{
    Loader: new (options: object) => { get(key: string): Promise<object> }
  }>('layered-loader')
  const loader = new Loader({
    inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: TTL_MS, maxItems: max },
    dataSourceGetOneFn: async (key: string) => load(key),
  })
  return { name: 'layered-loader', read: (key) => loader.get(key), share: 0.5 }
}

async function cachified(load: Load, max: number): Promise<NearPeer> {
  const { cachified } = await loadPeer<{ cachified(options: object): Promise<object> }>(
    '@epic-web/cachified',
  )
  const { LRUCache } = await loadPeer<Lru>('lru-cache')
  const cache = new LRUCache({ max })
  const read = (key: string): Promise<object> =>
    cachified({ key, cache, ttl: TTL_MS, getFreshValue: async () => load(key) })
  return { name: 'cachified on lru-cache', read, share: 0.2 }
}

async function unkey(load: Load): Promise<NearPeer> {
  const { createCache, DefaultStatefulContext, Namespace } = await loadPeer<{
    createCache(namespaces: object): {
      readonly user: {
        swr(key: string, load: (key: string) => Promise<object>): Promise<{ readonly val?: object }>
      }
    }
    DefaultStatefulContext: new () => object
    Namespace: new (context: object, options: object) => object
  }>('@unkey/cache')
  const { MemoryStore } = await loadPeer<{ MemoryStore: new (options: object) => object }>(
    '@unkey/cache/stores',
  )
  const stores = [new MemoryStore({ persistentMap: new Map() })]
  const terms = { stores, fresh: TTL_MS, stale: TTL_MS }
  const cache = createCache({ user: new Namespace(new DefaultStatefulContext(), terms) })
  const read = async (key: string): Promise<object | undefined> => {
    const { val } = await cache.user.swr(key, async () => load(key))
    return val
  }
  return { name: '@unkey/cache', read, share: 0.2 }
}

async function ocache(load: Load, max: number): Promise<NearPeer> {
  const { createMemoryStorage, defineCachedFunction } = await loadPeer<{
    createMemoryStorage(options: object): object
    defineCachedFunction(
      load: (key: string) => Promise<object>,
      options: object,
    ): (key: string) => Promise<object>
  }>('ocache')
  const read = defineCachedFunction(async (key) => load(key), {
    ...{ name: 'user', maxAge: TTL_MS / 1_000, swr: false, getKey: (key: string) => key },
    storage: createMemoryStorage({ maxSize: max }),
  })
  return { name: 'ocache', read, share: 0.1 }
}

async function cacheManager(load: Load): Promise<NearPeer> {
  const { createCache } = await loadPeer<{
    createCache(options: object): {
      wrap(key: string, load: () => Promise<object>): Promise<object>
    }
  }>('cache-manager')
  const cache = createCache({ ttl: TTL_MS })
  const read = (key: string): Promise<object> => cache.wrap(key, async () => load(key))
  return { name: 'cache-manager', read, share: 0.1 }
}

interface BentoStore {
  useL1Layer(driver: object): BentoStore
}

async function bento(
  load: Load,
  max: number,
  tags: readonly string[],
): Promise<readonly NearPeer[]> {
  const { BentoCache, bentostore } = await loadPeer<{
    BentoCache: new (options: object) => { getOrSet(options: object): Promise<object> }
    bentostore(): BentoStore
  }>('bentocache')
  const { memoryDriver } = await loadPeer<{ memoryDriver(options: object): object }>(
    'bentocache/drivers/memory',
  )
  return [true, false].map((serialize) => {
    // bentocache stores each tag as an entry too.
    const layer = memoryDriver({ maxItems: max * 2, ...(!serialize && { serialize }) })
    const cache = new BentoCache({
      default: 'near',
      ttl: TTL_MS,
      stores: { near: bentostore().useL1Layer(layer) },
    })
    const read = (key: string): Promise<object> =>
      cache.getOrSet({ key, tags: [...tags], factory: async () => load(key) })
    const name = serialize ? 'bentocache, two tags' : 'bentocache, two tags, values shared'
    return { name, read, share: 0.05 }
  })
}

async function cacheable(load: Load): Promise<NearPeer> {
  const { Cacheable } = await loadPeer<{
    Cacheable: new (
      options: object,
    ) => {
      getOrSet(key: string, load: () => Promise<object>, options: object): Promise<object>
    }
  }>('cacheable')
  const cache = new Cacheable({ ttl: TTL_MS })
  const read = (key: string): Promise<object> =>
    cache.getOrSet(key, async () => load(key), { ttl: TTL_MS })
  return { name: 'cacheable', read, share: 0.05 }
}
