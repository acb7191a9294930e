/**
 * Caches on a Redis over TCP, each with its own defaults, but all with a lifetime of one hour, as nearcache has.
 *
 * @module
 */

import type { Redis } from 'ioredis'
import { RedisCacheManager } from 'nearcache'
import { tcpTransport } from 'nearcache/redis/tcp'
import { loadPeer } from './peers.ts'

/** A cache on one Redis. */
export interface RemoteCache {
  read(key: string, load: () => Promise<unknown>): Promise<unknown>
  /** Deletes the entry; resolves when the cache says that it is done. */
  drop(key: string): Promise<unknown>
  close(): Promise<unknown>
}

/** Opens a cache on the Redis at a port of this machine. */
export type Open = (port: number) => Promise<RemoteCache>

/** All caches by name, nearcache first. */
export const CACHES: Readonly<Record<string, Open>> = { nearcache, bentocache, cacheable }

async function nearcache(port: number): Promise<RemoteCache> {
  const cache = new RedisCacheManager({ redis: tcpTransport({ url: `redis://127.0.0.1:${port}` }) })
  return {
    read: (key, load) => cache.getOrSet(key, load),
    drop: (key) => cache.delete(key),
    close: () => cache.close(),
  }
}

/** @param maxItems How many entries the process keeps in memory at most. */
export async function bentocache(port: number, maxItems = 1_000): Promise<RemoteCache> {
  interface Stores {
    useL1Layer(driver: object): Stores
    useL2Layer(driver: object): Stores
  }
  const { BentoCache, bentostore } = await loadPeer<{
    BentoCache: new (
      options: object,
    ) => {
      getOrSet(options: object): Promise<unknown>
      delete(options: { readonly key: string }): Promise<unknown>
      disconnectAll(): Promise<void>
    }
    bentostore(): Stores
  }>('bentocache')
  const { memoryDriver } = await loadPeer<{ memoryDriver(options: object): object }>(
    'bentocache/drivers/memory',
  )
  const { redisDriver } = await loadPeer<{ redisDriver(options: object): object }>(
    'bentocache/drivers/redis',
  )
  const { Redis: Client } = await loadPeer<{ Redis: typeof Redis }>('ioredis')
  const connection = new Client(port, '127.0.0.1')
  connection.on('error', () => undefined)
  const layers = bentostore()
    .useL1Layer(memoryDriver({ maxItems }))
    .useL2Layer(redisDriver({ connection }))
  const cache = new BentoCache({ default: 'both', ttl: '1h', stores: { both: layers } })
  return {
    read: (key, load) => cache.getOrSet({ key, factory: load }),
    drop: (key) => cache.delete({ key }),
    close: () => cache.disconnectAll(),
  }
}

/** A memory tier in front of Redis, each with its defaults. */
export async function cacheable(port: number): Promise<RemoteCache> {
  const { Cacheable } = await loadPeer<{
    Cacheable: new (
      options: object,
    ) => {
      getOrSet(key: string, load: () => Promise<unknown>, options: object): Promise<unknown>
      delete(key: string): Promise<unknown>
      on(event: string, listener: () => void): void
      disconnect(): Promise<void>
    }
  }>('cacheable')
  const { default: KeyvRedis } = await loadPeer<{ default: new (url: string) => object }>(
    '@keyv/redis',
  )
  const cache = new Cacheable({ secondary: new KeyvRedis(`redis://127.0.0.1:${port}`), ttl: '1h' })
  cache.on('error', () => undefined)
  return {
    read: (key, load) => cache.getOrSet(key, load, { ttl: '1h' }),
    drop: (key) => cache.delete(key),
    close: () => cache.disconnect(),
  }
}
