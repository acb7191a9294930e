/**
 * Contract of the main guarantee (I1): whatever runs during an invalidation, no read that starts afterwards
 * gets a value that was loaded before it.
 *
 * @module
 */

import type { RedisCacheManager } from '../../cache/manager.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import type { RedisRequest, RedisResponse, Transport } from '../../redis/requester.ts'
import { wrapTransport } from '../wrap.ts'
import { type Bench, onBench } from './bench.ts'
import { check, checkSame } from './check.ts'
import type { Clause } from './contract-case.ts'
import type { HeldLoader } from './held-loader.ts'

const KEY = 'user:1'
const TAGS = ['org:1']
const STALE = { tags: TAGS, staleWhileRevalidate: '1h' } as const

/** The calls after which no older value may be served. */
const CALLS: readonly (readonly [name: string, call: (c: CacheNamespace) => Promise<unknown>])[] = [
  ['delete', (cache) => cache.delete(KEY)],
  ['invalidateTags', (cache) => cache.invalidateTags(TAGS)],
  ['clear', (cache) => cache.clear()],
  ['invalidatePattern by a declared prefix', (cache) => cache.invalidatePattern('user:*')],
  ['invalidatePattern by a scan', (cache) => cache.invalidatePattern('*:1')],
]

/** Which cache makes the call: the one that loads, or another one on the same Redis. */
const CALLERS = ['the same cache', 'another cache'] as const

/** One load in progress, and the cache that makes a call meanwhile. */
interface Race {
  readonly bench: Bench
  readonly loading: RedisCacheManager
  readonly calling: RedisCacheManager
  readonly held: HeldLoader
  readonly read: Promise<unknown>
}

const make = (bench: Bench): RedisCacheManager => bench.cache({ prefixes: ['user:'] })

function race(
  caller: (typeof CALLERS)[number],
  what: string,
  story: (race: Race) => Promise<void>,
): Clause {
  return onBench(`while a load runs, ${caller} ${what}`, async (bench) => {
    const loading = make(bench)
    const calling = caller === 'the same cache' ? loading : make(bench)
    const held = bench.hold()
    const read = bench.begin(loading.getOrSet(KEY, held.load, { tags: TAGS }))
    await held.called
    await story({ bench, loading, calling, held, read })
    checkSame(await read, 'old', 'the running load returns its value')
  })
}

async function checkUnserved(cache: CacheNamespace, options?: object): Promise<void> {
  const none = undefined
  checkSame(await cache.get(KEY), none, 'get serves nothing that was loaded before')
  checkSame(
    await cache.get(KEY, { tags: TAGS, ...options }),
    none,
    'get with tags serves nothing that was loaded before',
  )
  checkSame(await cache.getMany([KEY]), new Map(), 'getMany serves nothing that was loaded before')
}

const during = CALLERS.flatMap((caller) => [
  ...CALLS.map(([name, call]) =>
    race(caller, `calls ${name}: the loaded value is never served later`, async (at) => {
      const { bench, loading, calling, held, read } = at
      await call(calling)
      held.release('old')
      await read
      for (const cache of [loading, calling, make(bench)]) await checkUnserved(cache)
      const load = (value: string, cache: CacheNamespace): Promise<unknown> =>
        cache.getOrSet(KEY, () => value, { tags: TAGS })
      checkSame(await load('new', loading), 'new', 'the next reader loads again')
      checkSame(await load('newer', calling), 'new', 'the newly loaded value is stored')
    }),
  ),
  ...CALLS.map(([name, call]) =>
    race(caller, `calls ${name}: later readers get the new value`, async (at) => {
      const { bench, loading, calling, held, read } = at
      await call(calling)
      const readers = [loading, calling, make(bench)].map((cache) =>
        cache.getOrSet(KEY, () => 'new', { tags: TAGS }),
      )
      held.release('old')
      checkSame(await Promise.all(readers), ['new', 'new', 'new'], 'no reader joins the old load')
      await read
      checkSame(await make(bench).get(KEY), 'new', 'the old load does not overwrite the new one')
    }),
  ),
  race(caller, 'deletes: a later reader does not wait for the load', async (at) => {
    const { loading, calling, held, read } = at
    await calling.delete(KEY)
    checkSame(await loading.getOrSet(KEY, () => 'new'), 'new', 'a later reader loads by itself')
    held.release('old')
    await read
    checkSame(await loading.get(KEY), 'new', 'the old load does not overwrite the new one')
  }),
  race(caller, 'sets: the value that was set stays', async (at) => {
    const { bench, loading, calling, held, read } = at
    checkSame(await calling.set(KEY, 'set', { tags: TAGS }), 'stored', 'set is not superseded')
    checkSame(
      await loading.getOrSet(KEY, held.load, { tags: TAGS }),
      'set',
      'the value that was set is served',
    )
    held.release('old')
    await read
    checkSame(await loading.get(KEY), 'set', 'the load does not overwrite the value that was set')
    checkSame(await make(bench).get(KEY), 'set', 'another cache gets the value that was set')
  }),
  race(caller, 'takes a ticket: the loaded value is not stored', async (at) => {
    const { loading, calling, held, read } = at
    const ticket = await calling.begin(KEY)
    held.release('old')
    await read
    checkSame(await loading.get(KEY), undefined, 'the older load is not stored')
    checkSame(await ticket.commit('computed'), 'stored', 'the ticket is still valid')
    checkSame(await loading.get(KEY), 'computed', 'the committed value is served')
  }),
  race(caller, 'invalidates softly: the loaded value is never fresh', async (at) => {
    const { loading, calling, held, read } = at
    await calling.invalidateTags(TAGS, { mode: 'soft' })
    held.release('old')
    await read
    for (const cache of [loading, calling]) await checkUnserved(cache, STALE)
  }),
])

const after = CALLS.flatMap(([name, call]) => [
  onBench(`after ${name} of a warm key, no reader gets the old value`, async (bench) => {
    const [calling, ...others] = [make(bench), make(bench), make(bench)] as const
    await calling.set(KEY, 'old', { tags: TAGS })
    for (const cache of others) checkSame(await cache.get(KEY), 'old', 'the key is warm')
    await call(calling)
    for (const cache of [calling, ...others]) await checkUnserved(cache)
  }),
  onBench(`a refresh of a stale entry during ${name} stores no old value`, async (bench) => {
    const cache = make(bench)
    await cache.set(KEY, 'stale', STALE)
    await cache.invalidateTags(TAGS, { mode: 'soft' })
    const held = bench.hold()
    const refreshed = Promise.withResolvers<void>()
    cache.subscribe(({ operation }) => {
      if (operation === 'refresh') refreshed.resolve()
    })
    checkSame(
      await cache.getOrSet(KEY, held.load, STALE),
      'stale',
      'the stale value is served at once',
    )
    await held.called
    await call(make(bench))
    held.release('old')
    await refreshed.promise
    await checkUnserved(cache)
    checkSame(await cache.getOrSet(KEY, () => 'new', STALE), 'new', 'the next reader loads again')
  }),
])

const swept = onBench(
  'a load that is stored while invalidatePattern scans is not served later',
  async (bench) => {
    const cache = make(bench)
    const held = bench.hold()
    const read = bench.begin(cache.getOrSet(KEY, held.load))
    await held.called
    const redis = scanningEntriesFirst(bench.transport, async () => {
      held.release('old')
      await read
    })
    await bench.cache({ redis }).invalidatePattern('user:*')
    checkSame(await cache.get(KEY), undefined, 'an entry that the scan has passed is not served')
  },
)

const overtaken = onBench('a load that ends during a delete stores nothing', async (bench) => {
  const cache = make(bench)
  const held = bench.hold()
  const read = bench.begin(cache.getOrSet(KEY, held.load))
  await held.called
  const redis = oneByOne(bench.transport, async () => {
    held.release('old')
    await read
  })
  await bench.cache({ redis }).delete(KEY)
  checkSame(await cache.get(KEY), undefined, 'the entry and the lease are deleted together')
})

/** Sends each command of a request separately, and calls `between` after the very first one. */
function oneByOne(inner: Transport, between: () => Promise<void>): Transport {
  let commands = 0
  return wrapTransport(
    inner,
    async <Result>(request: RedisRequest) => {
      const send = async (body: unknown): Promise<RedisResponse<unknown>> => {
        const answer = await inner.request({ ...request, path: [], body })
        if (++commands === 1) await between()
        return answer
      }
      if (!request.path?.length) return (await send(request.body)) as RedisResponse<Result>
      const answers: RedisResponse<unknown>[] = []
      for (const body of request.body as unknown[]) answers.push(await send(body))
      return answers as RedisResponse<Result>
    },
    {},
  )
}

/**
 * SCAN guarantees to return keys that exist from its first step to its last, in any order. Here it takes two
 * steps, returns all entries in the first, and calls `between` after the very first.
 */
function scanningEntriesFirst(inner: Transport, between: () => Promise<void>): Transport {
  let steps = 0
  return wrapTransport(
    inner,
    async (request) => {
      const [name, cursor, ...rest]: readonly unknown[] = Array.isArray(request.body)
        ? request.body
        : []
      if (name !== 'SCAN') return inner.request(request)
      const keys: string[] = []
      let next = '0'
      do {
        const body: readonly unknown[] = ['SCAN', next, ...rest]
        const { result }: RedisResponse<[string, string[]]> = await inner.request({
          ...request,
          body,
        })
        check(Array.isArray(result), 'SCAN answers a cursor and keys')
        ;[next] = result ?? ['0']
        keys.push(...(result?.[1] ?? []))
      } while (next !== '0')
      const isFirstHalf = cursor === '0'
      if (++steps === 1) await between()
      const half = keys.filter((key) => key.includes(':e:') === isFirstHalf)
      return { result: [isFirstHalf ? '1' : '0', half] as never }
    },
    {},
  )
}

/** The clauses. */
export const RACES: readonly Clause[] = [...during, ...after, swept, overtaken]
