/**
 * Heap that an entry in memory takes, with one tag where there are tags: a record of a thousand bytes,
 * beside the record alone in a Map.
 *
 * @module
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { RedisCacheManager } from 'nearcache'
import { tcpTransport } from 'nearcache/redis/tcp'
import { startRedisServer } from '../test/support/redis-server.ts'
import { median, type Report, repeat } from './measure.ts'
import { loadPeer } from './peers.ts'
import { recordOf } from './record.ts'

const ENTRIES = 20_000
const ROUNDS = 7
const DAY_MS = 86_400_000

/** Fills a cache of its own, and returns what holds it. */
type Fill = () => Promise<object>

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Runs it. */
export async function benchMemory(): Promise<Report> {
  const server = await startRedisServer()
  const ways: Readonly<Record<string, Fill>> = {
    Map: inMap,
    'lru-cache': inLru,
    'nearcache, near tier': () => inNearTier(server.url),
    'bentocache, memory, values shared': inBentocache,
  }
  try {
    const samples = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]))
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, fill] of Object.entries(ways)) {
        const bytes = await bytesOf(fill)
        // What the first round adds to the heap is also code.
        if (round > 0) samples.get(name)?.push(bytes)
      }
    }
    const of = (name: string): number => Math.round(median(samples.get(name) ?? []))
    const floor = of('Map')
    const rows = Object.keys(ways).map((name) => [
      name,
      of(name),
      of(name) - floor,
      `${(of(name) / floor).toFixed(2)} x`,
    ])
    return {
      title: 'Heap of an entry',
      rounds: ROUNDS,
      ratios: [],
      figures: [],
      counts: {},
      tables: [{ title: 'heap', heads: ['', 'bytes/entry', 'above a Map', 'of a Map'], rows }],
      notes: [`${ENTRIES} entries, after a full collection.`],
    }
  } finally {
    await server.stop()
  }
}

async function bytesOf(fill: Fill): Promise<number> {
  const before = settledHeap()
  const holder = await fill()
  const bytes = (settledHeap() - before) / ENTRIES
  // Read last, so that nothing of it could be collected before.
  if ('close' in holder) await (holder as { close(): Promise<unknown> }).close()
  return bytes
}

function settledHeap(): number {
  for (let i = 0; i < 3; i++) collect()
  return process.memoryUsage().heapUsed
}

async function inMap(): Promise<object> {
  const map = new Map<string, object>()
  for (let i = 0; i < ENTRIES; i++) map.set(`user:${i}`, recordOf(i))
  return map
}

async function inLru(): Promise<object> {
  const { LRUCache } = await loadPeer<{
    LRUCache: new (options: object) => { set(key: string, value: object): unknown }
  }>('lru-cache')
  const cache = new LRUCache({ max: ENTRIES, ttl: DAY_MS })
  for (let i = 0; i < ENTRIES; i++) cache.set(`user:${i}`, recordOf(i))
  return cache
}

async function inNearTier(url: string): Promise<object> {
  const near = { ttl: '1h', maxEntries: ENTRIES, maxBytes: 2 ** 30 } as const
  const cache = new RedisCacheManager({ redis: tcpTransport({ url }), near, deadline: '10s' })
  await cache.clear()
  let next = 0
  await repeat(ENTRIES, 256, () => {
    const i = next++
    return cache.getOrSet(`user:${i}`, () => recordOf(i), { tags: [`org:${i % 100}`], ttl: '1d' })
  })
  const { near: held } = await cache.getStats()
  if (held.entries !== ENTRIES) throw new Error(`The near tier holds ${held.entries}`)
  return cache
}

async function inBentocache(): Promise<object> {
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
  const layer = memoryDriver({ maxItems: ENTRIES + 200, serialize: false })
  const stores = { near: bentostore().useL1Layer(layer) }
  const cache = new BentoCache({ default: 'near', ttl: DAY_MS, stores })
  for (let i = 0; i < ENTRIES; i++) {
    await cache.set({ key: `user:${i}`, value: recordOf(i), tags: [`org:${i % 100}`] })
  }
  return cache
}
