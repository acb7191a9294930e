/**
 * Contract of the promise (I1): whatever runs while something is invalidated, no read that starts
 * afterwards gets a value that was loaded before.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import type { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import type { RedisRequest, RedisResponse, Transport } from '../../../src/redis/requester.ts'
import { type Bench, holdLoader, intercept } from './bench.ts'

type Call = (cache: CacheNamespace) => Promise<unknown>

const KEY = 'user:1'
const TAGS = ['org:1']
const PREFIXES = ['user:']

/** The calls after which nothing older may be served. */
const CALLS: readonly (readonly [name: string, call: Call])[] = [
  ['delete', (cache) => cache.delete(KEY)],
  ['invalidateTags', (cache) => cache.invalidateTags(TAGS)],
  ['clear', (cache) => cache.clear()],
  ['invalidatePattern by a declared prefix', (cache) => cache.invalidatePattern('user:*')],
  ['invalidatePattern by a scan', (cache) => cache.invalidatePattern('*:1')],
]

/** Who makes the call: the cache that loads, or another one on the same Redis. */
const CALLERS = ['the same cache', 'another cache'] as const

/** Registers the tests. */
export function describeRaces(bench: Bench): void {
  const make = (): RedisCacheManager => bench.cache({ prefixes: PREFIXES })

  describe.each(CALLERS)('while a load runs, %s', (caller) => {
    const pair = (): readonly [loading: CacheNamespace, calling: CacheNamespace] => {
      const loading = make()
      return [loading, caller === 'the same cache' ? loading : make()]
    }

    test.each(CALLS)('calls %s: what the load returns is never served later', async (_n, call) => {
      const [loading, calling] = pair()
      const held = holdLoader()
      const read = loading.getOrSet(KEY, held.load, { tags: TAGS })
      await held.called

      await call(calling)
      held.release('old')
      await read

      for (const cache of [loading, calling, make()]) {
        expect(await cache.get(KEY)).toBeUndefined()
        expect(await cache.get(KEY, { tags: TAGS })).toBeUndefined()
        expect(await cache.getMany([KEY])).toEqual(new Map())
      }
      expect(await loading.getOrSet(KEY, () => 'new', { tags: TAGS })).toBe('new')
      expect(await calling.getOrSet(KEY, () => 'newer', { tags: TAGS })).toBe('new')
    })

    test.each(CALLS)(
      'calls %s: a reader that starts afterwards, the old load still running, gets the new value',
      async (_name, call) => {
        const [loading, calling] = pair()
        const held = holdLoader()
        const read = loading.getOrSet(KEY, held.load, { tags: TAGS })
        await held.called

        await call(calling)
        const readers = [loading, calling, make()].map((cache) =>
          cache.getOrSet(KEY, () => 'new', { tags: TAGS }),
        )
        held.release('old')

        expect(await Promise.all(readers)).toEqual(['new', 'new', 'new'])
        await read
        expect(await make().get(KEY)).toBe('new')
      },
    )

    test('deletes: a reader that starts afterwards does not wait for the old load', async () => {
      const [loading, calling] = pair()
      const held = holdLoader()
      const read = loading.getOrSet(KEY, held.load)
      await held.called

      await calling.delete(KEY)

      expect(await loading.getOrSet(KEY, () => 'new')).toBe('new')
      held.release('old')
      await read
      expect(await loading.get(KEY)).toBe('new')
    })

    test('sets: the value that was set stays', async () => {
      const [loading, calling] = pair()
      const held = holdLoader()
      const read = loading.getOrSet(KEY, held.load, { tags: TAGS })
      await held.called

      expect(await calling.set(KEY, 'set', { tags: TAGS })).toBe('stored')
      expect(await loading.getOrSet(KEY, held.load, { tags: TAGS })).toBe('set')
      held.release('old')
      await read

      expect(await loading.get(KEY)).toBe('set')
      expect(await make().get(KEY)).toBe('set')
    })

    test('takes a ticket: what the load returns is not stored', async () => {
      const [loading, calling] = pair()
      const held = holdLoader()
      const read = loading.getOrSet(KEY, held.load)
      await held.called

      const ticket = await calling.begin(KEY)
      held.release('old')
      await read
      expect(await loading.get(KEY)).toBeUndefined()

      expect(await ticket.commit('computed')).toBe('stored')
      expect(await loading.get(KEY)).toBe('computed')
    })

    test('invalidates softly: what the load returns is never served as fresh', async () => {
      const [loading, calling] = pair()
      const held = holdLoader()
      const options = { tags: TAGS, staleWhileRevalidate: '1h' } as const
      const read = loading.getOrSet(KEY, held.load, options)
      await held.called

      await calling.invalidateTags(TAGS, { mode: 'soft' })
      held.release('old')
      await read

      for (const cache of [loading, calling]) {
        expect(await cache.get(KEY, options)).toBeUndefined()
        expect((await cache.lookup(KEY)).outcome).toMatchObject({ kind: 'miss' })
      }
    })
  })

  test.each(CALLS)('after %s of a warm key, nobody is served the old value', async (_n, call) => {
    const caches = [make(), make(), make()]
    const [calling = make()] = caches
    await calling.set(KEY, 'old', { tags: TAGS })
    for (const cache of caches) expect(await cache.get(KEY)).toBe('old')

    await call(calling)

    for (const cache of caches) expect(await cache.get(KEY)).toBeUndefined()
  })

  test.each(CALLS)('a stale refresh that runs during %s stores nothing old', async (_n, call) => {
    const cache = make()
    const options = { tags: TAGS, staleWhileRevalidate: '1h' } as const
    await cache.set(KEY, 'stale', options)
    await cache.invalidateTags(TAGS, { mode: 'soft' })
    const held = holdLoader()
    const refreshed = Promise.withResolvers<void>()
    cache.subscribe(({ operation }) => {
      if (operation === 'refresh') refreshed.resolve()
    })
    expect(await cache.getOrSet(KEY, held.load, options)).toBe('stale')
    await held.called

    await call(make())
    held.release('old')
    await refreshed.promise

    expect(await cache.get(KEY)).toBeUndefined()
    expect(await cache.getOrSet(KEY, () => 'new', options)).toBe('new')
  })

  test('a load that is stored while a pattern is swept does not outlive the sweep', async () => {
    const cache = make()
    const held = holdLoader()
    const read = cache.getOrSet(KEY, held.load)
    await held.called
    const sweeping = bench.cache({
      redis: scanningEntriesFirst(bench.transport, async () => {
        held.release('old')
        await read
      }),
    })

    await sweeping.invalidatePattern('user:*')

    expect(await cache.get(KEY)).toBeUndefined()
  })

  test('a load that ends as soon as a delete has begun stores nothing', async () => {
    const cache = make()
    const held = holdLoader()
    const read = cache.getOrSet(KEY, held.load)
    await held.called
    const deleting = bench.cache({
      redis: oneByOne(bench.transport, async () => {
        held.release('old')
        await read
      }),
    })

    await deleting.delete(KEY)

    expect(await cache.get(KEY)).toBeUndefined()
  })
}

/** Sends the commands of a request each on its own, and calls `between` after the first of all. */
function oneByOne(transport: Transport, between: () => Promise<void>): Transport {
  let commands = 0
  return intercept(transport, async <Result>(request: RedisRequest) => {
    const send = async (body: unknown): Promise<RedisResponse<unknown>> => {
      const answer = await transport.request({ ...request, path: [], body })
      if (++commands === 1) await between()
      return answer
    }
    if (!request.path?.length) return (await send(request.body)) as RedisResponse<Result>
    const answers: RedisResponse<unknown>[] = []
    for (const body of request.body as unknown[]) answers.push(await send(body))
    return answers as RedisResponse<Result>
  })
}

/**
 * SCAN promises to return what is there from its first step to its last, in any order. Here it takes
 * two steps, all entries in the first, and calls `between` after the first of all.
 */
function scanningEntriesFirst(transport: Transport, between: () => Promise<void>): Transport {
  let steps = 0
  return intercept(transport, async (request) => {
    const [name, cursor, ...rest] = Array.isArray(request.body) ? request.body : []
    if (name !== 'SCAN') return transport.request(request)
    const keys: string[] = []
    let next = '0'
    do {
      const body = ['SCAN', next, ...rest]
      const { result } = await transport.request<[string, string[]]>({ ...request, body })
      next = result?.[0] ?? '0'
      keys.push(...(result?.[1] ?? []))
    } while (next !== '0')
    const isFirstHalf = cursor === '0'
    if (++steps === 1) await between()
    const half = keys.filter((key) => key.includes(':e:') === isFirstHalf)
    return { result: [isFirstHalf ? '1' : '0', half] as never }
  })
}
