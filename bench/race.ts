/**
 * Whether a value whose entry is deleted during its load is served afterwards. The loader reads the source,
 * the source changes, the delete is awaited, the loader returns the old value, and then a new read begins.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { startRedisServer } from '../test/support/redis-server.ts'
import type { Report, Target } from './measure.ts'
import { loadPeer } from './peers.ts'
import { CACHES, type Open, type RemoteCache } from './remote-caches.ts'

const REPEATS = 20
/** A call that takes longer fails the benchmark. */
const CUT_OFF_MS = 8_000

/** The instance that deletes: the one that loads, or another on the same Redis. */
type Place = 'same' | 'other'
const PLACES: readonly Place[] = ['same', 'other']

const SUBJECTS: Readonly<Record<string, Open>> = { ...CACHES, 'get, load, set by hand': byHand }

/** Runs the benchmark. */
export async function benchRace(): Promise<Report> {
  const rows: (string | number)[][] = []
  const targets: Target[] = []
  for (const [name, open] of Object.entries(SUBJECTS)) {
    const server = await startRedisServer()
    const loading = await open(server.port)
    const other = await open(server.port)
    try {
      const row: (string | number)[] = [name]
      for (const place of PLACES) {
        const stale = await countStale(loading, place === 'same' ? loading : other, place)
        row.push(stale)
        if (name !== 'nearcache') continue
        const what = `reads of a deleted value, of ${REPEATS}, deleted by ${place === 'same' ? 'the instance that loads' : 'another instance'}`
        targets.push({ what, measured: stale, bound: { atMost: 0 } })
      }
      rows.push(row)
    } finally {
      await Promise.all([loading.close(), other.close()])
      await server.stop()
    }
  }
  return {
    title: `A delete during a load, ${REPEATS} times`,
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables: [
      {
        title: 'stale reads',
        heads: ['', 'stale, deleted by the same instance', 'stale, deleted by another instance'],
        rows,
      },
    ],
    notes: [
      'Over TCP, each cache with its defaults. The loader reads the source, the source changes, the delete is awaited, and the loader returns. A read that begins after that is stale if it gets the value that the loader had read.',
    ],
  }
}

async function countStale(
  loading: RemoteCache,
  deleting: RemoteCache,
  place: Place,
): Promise<number> {
  let stale = 0
  for (let i = 0; i < REPEATS; i++) {
    if (await isStale(loading, deleting, `${place}:${i}`)) stale++
  }
  return stale
}

async function isStale(loading: RemoteCache, deleting: RemoteCache, key: string): Promise<boolean> {
  let source = 'before'
  const hasRead = Promise.withResolvers<void>()
  const mayReturn = Promise.withResolvers<void>()
  const first = loading.read(key, async () => {
    const value = source
    hasRead.resolve()
    await mayReturn.promise
    return value
  })
  await hasRead.promise
  source = 'after'
  await inTime(deleting.drop(key))
  mayReturn.resolve()
  await inTime(first)
  return (await inTime(loading.read(key, async () => source))) !== 'after'
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = delay(CUT_OFF_MS, undefined, { ref: false }).then(() => {
    throw new Error('A cache has not answered in time')
  })
  return Promise.race([work, late])
}

/** The usual code on a bare client. */
async function byHand(port: number): Promise<RemoteCache> {
  const { Redis: Client } = await loadPeer<{ Redis: typeof Redis }>('ioredis')
  const redis = new Client(port, '127.0.0.1')
  return {
    async read(key, load) {
      const found = await redis.get(key)
      if (found !== null) return found
      const value = await load()
      await redis.set(key, String(value), 'EX', 3_600)
      return value
    },
    drop: (key) => redis.unlink(key),
    close: async () => redis.disconnect(),
  }
}
