/**
 * What a hit without Redis costs: an awaited read of a 1 KB object from memory, with two tags if the cache
 * has tags.
 *
 * @module
 */

import { RedisCacheManager } from 'nearcache'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { compare, type Report, ratioOf, type Subject } from './measure.ts'
import { nearPeers } from './near-peers.ts'

const ROUNDS = 15
const COUNT = 100_000
const KEYS: readonly string[] = Array.from({ length: 1_024 }, (_, i) => `user:${i}`)
const TAGS = ['org:1', 'team:2']

/** Reads one key. */
export type Read = (key: string) => unknown

/** Runs the benchmark. */
export async function benchNear(): Promise<Report> {
  const cache = new RedisCacheManager({
    redis: embeddedTransport(),
    near: { ttl: '1h' },
  })
  const load = (key: string): object => ({ id: key, text: 'x'.repeat(1_000) })
  const map = new Map(KEYS.map((key) => [key, load(key)]))

  const subjects: Subject[] = [
    await subject('nearcache getOrSet', (key) =>
      cache.getOrSet(key, () => load(key), { tags: TAGS }),
    ),
    await subject('nearcache getOrSet, options made by the call', (key) =>
      cache.getOrSet(key, () => load(key), { ttl: '15m', tags: ['org:1', 'team:2'] }),
    ),
    await subject('nearcache get', (key) => cache.get(key, { tags: TAGS }), 0.5),
    await subject('Map, async function', async (key) => map.get(key) ?? load(key)),
  ]
  for (const { name, read, share } of await nearPeers(load, KEYS.length, TAGS)) {
    subjects.push(await subject(name, read, share))
  }
  const others = subjects.map(({ name }) => name).filter((name) => !name.startsWith('nearcache'))
  const found = await compare({
    subjects,
    concurrency: 1,
    count: COUNT,
    rounds: ROUNDS,
    ratios: [
      ...others.map((name) => ['nearcache getOrSet', name] as const),
      ['nearcache getOrSet, options made by the call', 'lru-cache fetch'],
      ['nearcache get', 'lru-cache fetch'],
    ],
  })
  const cpu = (of: string): number => ratioOf(found, of, 'lru-cache fetch', 1).clientCpu
  await cache.close()
  return {
    title: 'Near hit',
    rounds: ROUNDS,
    ...found,
    counts: {},
    targets: [
      {
        what: 'near hit, getOrSet with two tags: CPU, of lru-cache `fetch`',
        measured: cpu('nearcache getOrSet'),
        bound: { atMost: 1.5 },
      },
      {
        what: 'near hit, get with two tags: CPU, of lru-cache `fetch`',
        measured: cpu('nearcache get'),
        bound: { atMost: 1.5 },
      },
    ],
  }
}

/** A subject that awaits one read after another. All keys are loaded and checked first. */
async function subject(name: string, read: Read, share = 1): Promise<Subject> {
  for (const key of KEYS) await read(key)
  for (const key of KEYS) {
    const value = (await read(key)) as { id?: unknown } | undefined
    if (value?.id !== key) throw new Error(`${name} does not have what it loaded`)
  }
  return {
    name,
    share,
    run: async (count) => {
      for (let i = 0; i < count; i++) await read(KEYS[i & 1_023] as string)
    },
  }
}
