import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import type { CacheEvent } from '../../../src/cache/outcome.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const MINUTE = 60_000
const outage = new Error('database is down')
const fail = (): Promise<never> => Promise.reject(outage)
const values = (keys: readonly string[], text: string): Map<string, string> =>
  new Map(keys.map((key) => [key, `${text} ${key}`]))

describe('getOrSetMany', () => {
  let random: number
  let platform: ManualPlatform
  let engine: EmbeddedRedis

  beforeEach(() => {
    random = 0.5
    platform = new ManualPlatform({ random: () => random })
    engine = new EmbeddedRedis({ platform })
  })

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({
      redis: embeddedTransport({ engine }),
      platform,
      jitter: 0,
      ttl: '1m',
      ...options,
    })

  /** `a` and `b` are a minute old, `c` is new. */
  async function age(cache: RedisCacheManager): Promise<void> {
    await cache.setMany(values(['a', 'b'], 'old'))
    await platform.advance(MINUTE)
    await cache.set('c', 'young c')
  }

  test('serves stale keys at once, and refreshes them in the background with one call of the loader', async () => {
    const cache = make({ staleWhileRevalidate: '10m' })
    await age(cache)
    const loader = vi.fn(async (keys: readonly string[]) => values(keys, 'new'))

    const read = await cache.getOrSetMany(['a', 'b', 'c'], loader)
    await platform.settle()

    expect([...read.values()]).toEqual(['old a', 'old b', 'young c'])
    expect(loader.mock.calls.map(([keys]) => keys)).toEqual([['a', 'b']])
    expect([...(await cache.getMany(['a', 'b'])).values()]).toEqual(['new a', 'new b'])
  })

  test('loads absent keys, while stale ones are served and refreshed', async () => {
    const cache = make({ staleWhileRevalidate: '10m' })
    await age(cache)
    const loader = vi.fn(async (keys: readonly string[]) => values(keys, 'new'))

    const read = await cache.getOrSetMany(['a', 'd'], loader)
    await platform.settle()

    expect([...read.values()]).toEqual(['old a', 'new d'])
    expect(loader.mock.calls.map(([keys]) => keys).toSorted()).toEqual([['a'], ['d']])
  })

  test('of two concurrent calls only one refreshes', async () => {
    const caches = [make({ staleWhileRevalidate: '10m' }), make({ staleWhileRevalidate: '10m' })]
    await age(make())
    const loader = vi.fn(async (keys: readonly string[]) => values(keys, 'new'))
    await make({ staleWhileRevalidate: '10m' }).setMany(values(['a', 'b'], 'old'))
    await platform.advance(MINUTE)

    await Promise.all(caches.map((cache) => cache.getOrSetMany(['a', 'b'], loader)))
    await platform.settle()

    expect(loader).toHaveBeenCalledTimes(1)
  })

  test('a refresh that fails is reported only to listeners', async () => {
    const cache = make({ staleWhileRevalidate: '10m' })
    await age(cache)
    const events: CacheEvent[] = []
    cache.subscribe((event) => events.push(event))

    const read = await cache.getOrSetMany(['a'], fail)
    await platform.settle()

    expect(read.get('a')).toBe('old a')
    expect(events.filter(({ operation }) => operation === 'refresh')).toMatchObject([
      { key: 'a', outcome: { kind: 'failed', error: outage } },
    ])
  })

  test('falls back on stale keys, and on nothing else, if the loader fails', async () => {
    const cache = make({ staleIfError: '10m' })
    await age(cache)

    const read = await cache.getOrSetMany(['a', 'b', 'c'], fail)

    expect([...read.values()]).toEqual(['old a', 'old b', 'young c'])
    await expect(cache.getOrSetMany(['a', 'd'], fail)).rejects.toBe(outage)
  })

  test('waits no longer than the soft timeout for keys that it can serve stale', async () => {
    const cache = make({ staleIfError: '10m', loaderTimeout: { soft: 100 } })
    await age(cache)
    const { promise, resolve } = Promise.withResolvers<Map<string, string>>()

    const read = cache.getOrSetMany(['a', 'b'], () => promise)
    await platform.advance(100)

    expect([...(await read).values()]).toEqual(['old a', 'old b'])
    resolve(values(['a', 'b'], 'new'))
    await platform.settle()
    expect([...(await cache.getMany(['a', 'b'])).values()]).toEqual(['new a', 'new b'])
  })

  test('refreshes keys early that are about to become stale', async () => {
    const cache = make({ earlyRefresh: 1 })
    const { promise, resolve } = Promise.withResolvers<Map<string, string>>()
    const first = cache.getOrSetMany(['a', 'b'], () => promise)
    await platform.advance(5_000)
    resolve(values(['a', 'b'], 'old'))
    await first
    await platform.advance(50_000)
    // A draw of e^-3 is a lead of 3 loads: 15 seconds.
    random = 1 - Math.exp(-3)
    const loader = vi.fn(async (keys: readonly string[]) => values(keys, 'new'))

    const read = await cache.getOrSetMany(['a', 'b'], loader)
    await platform.settle()

    expect([...read.values()]).toEqual(['old a', 'old b'])
    expect(loader).toHaveBeenCalledTimes(1)
    expect([...(await cache.getMany(['a', 'b'])).values()]).toEqual(['new a', 'new b'])
  })

  test('reports how each key was answered, and reports a failed call once', async () => {
    const cache = make({ staleIfError: '10m' })
    await age(cache)
    const events: CacheEvent[] = []
    cache.subscribe((event) => events.push(event))

    await cache.getOrSetMany(['a', 'c'], fail)
    await cache.getOrSetMany(['d'], fail).catch(() => undefined)

    expect(events.map(({ key, outcome }) => [key, outcome.kind])).toEqual([
      ['a', 'hit'],
      ['c', 'hit'],
      [undefined, 'failed'],
    ])
  })
})
