/**
 * One measurement of the heap: fills a cache, and prints the bytes for each of its entries. It runs in its own
 * process, so that garbage of an earlier cache is not counted.
 *
 * `node memory-process.ts NAME URL`, with the URL of a Redis
 *
 * @module
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { RedisCacheManager } from 'nearcache'
import { tcpTransport } from 'nearcache/redis/tcp'
import { repeat } from './measure.ts'
import { loadPeer } from './peers.ts'
import { recordOf } from './record.ts'

const ENTRIES = 20_000
const DAY_MS = 86_400_000

/** Fills a new cache with so many entries, and returns the object that holds it. */
type Fill = (entries: number, url: string) => Promise<object>

const FILLS: Readonly<Record<string, Fill>> = {
  Map: inMap,
  'lru-cache': inLru,
  'nearcache, near tier': inNearTier,
  'nearcache, near tier, each entry read': inNearTierRead,
  'bentocache, memory, values shared': inBentocache,
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const [, , name = '', url = ''] = process.argv
const fill = FILLS[name]
if (fill === undefined) throw new Error(`There is no way named ${name}`)
// A first cache loads and compiles the code, hot paths included, so that this is not counted for entries.
const first = await fill(ENTRIES / 4, url)
const before = settledHeap()
const holder = await fill(ENTRIES, url)
const bytes = (settledHeap() - before) / ENTRIES
// Also keeps both caches reachable until here, so that neither is collected before it is measured.
if (first === holder) throw new Error(`${name} has one cache for all`)
console.log(`bytes ${bytes}`)
process.exit()

function settledHeap(): number {
  for (let i = 0; i < 4; i++) collect()
  return process.memoryUsage().heapUsed
}

async function inMap(entries: number): Promise<object> {
  const map = new Map<string, object>()
  for (let i = 0; i < entries; i++) map.set(`user:${i}`, recordOf(i))
  return map
}

async function inLru(entries: number): Promise<object> {
  const { LRUCache } = await loadPeer<{
    LRUCache: new (options: object) => { set(key: string, value: object): unknown }
  }>('lru-cache')
  const cache = new LRUCache({ max: entries, ttl: DAY_MS })
  for (let i = 0; i < entries; i++) cache.set(`user:${i}`, recordOf(i))
  return cache
}

async function inNearTier(entries: number, url: string): Promise<RedisCacheManager> {
  const near = { ttl: '1h', maxEntries: entries, maxBytes: 2 ** 30 } as const
  const redis = tcpTransport({ url })
  const cache = new RedisCacheManager({ redis, near, prefix: `nc${entries}`, deadline: '10s' })
  let next = 0
  await repeat(entries, 256, () => {
    const i = next++
    return cache.getOrSet(`user:${i}`, () => recordOf(i), { tags: [`org:${i % 100}`], ttl: '1d' })
  })
  const { near: held } = await cache.getStats()
  if (held.entries !== entries) throw new Error(`The near tier holds ${held.entries}`)
  return cache
}

/** Reads each entry once: the first read of a near copy creates the promise that all its reads share. */
async function inNearTierRead(entries: number, url: string): Promise<object> {
  const cache = await inNearTier(entries, url)
  for (let i = 0; i < entries; i++) await cache.get(`user:${i}`)
  return cache
}

async function inBentocache(entries: number): Promise<object> {
  interface Stores {
    useL1Layer(driver: object): Stores
  }
  const { BentoCache, bentostore } = await loadPeer<{
    BentoCache: new (options: object) => { set(options: object): Promise<unknown> }
    bentostore(): Stores
  }>('bentocache')
  const { memoryDriver } = await loadPeer<{ memoryDriver(options: object): object }>(
    'bentocache/drivers/memory',
  )
  const layer = memoryDriver({ maxItems: entries + 200, serialize: false })
  const stores = { near: bentostore().useL1Layer(layer) }
  const cache = new BentoCache({ default: 'near', ttl: DAY_MS, stores })
  for (let i = 0; i < entries; i++) {
    await cache.set({ key: `user:${i}`, value: recordOf(i), tags: [`org:${i % 100}`] })
  }
  return cache
}
