import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { holdLoader } from './bench.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE
const outage = new Error('database is down')
const fail = (): Promise<never> => Promise.reject(outage)

describe('The lifetime of an entry', () => {
  let random: number
  let platform: ManualPlatform
  let engine: EmbeddedRedis

  beforeEach(() => {
    random = 0.5
    platform = new ManualPlatform({ random: () => random })
    engine = new EmbeddedRedis({ platform })
  })

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({ redis: embeddedTransport({ engine }), platform, jitter: 0, ...options })

  test('an entry is fresh until its ttl, exclusive', async () => {
    const cache = make({ ttl: '1m' })
    await cache.set('k', 'v')

    await platform.advance(MINUTE - 1)
    expect(await cache.get('k')).toBe('v')
    await platform.advance(1)
    expect(await cache.get('k')).toBeUndefined()
  })

  test('jitter varies the ttl by up to its ratio in both directions', async () => {
    const cache = make({ ttl: '100s', jitter: 0.1 })
    random = 0
    await cache.set('short', 'v')
    random = 0.999
    await cache.set('long', 'v')

    await platform.advance(89 * SECOND)
    expect(await cache.has('short')).toBe(true)
    await platform.advance(2 * SECOND)
    expect(await cache.has('short')).toBe(false)
    await platform.advance(18 * SECOND)
    expect(await cache.has('long')).toBe(true)
    await platform.advance(2 * SECOND)
    expect(await cache.has('long')).toBe(false)
  })

  test('the lifetime begins when the load ends', async () => {
    const cache = make({ ttl: '1m' })
    const held = holdLoader()
    const read = cache.getOrSet('k', held.load)
    await held.called
    await platform.advance(5 * SECOND)
    held.release('v')
    await read

    await platform.advance(MINUTE - 1)
    expect(await cache.get('k')).toBe('v')
  })

  test('null and undefined are fresh for negativeTtl, and never for longer than ttl', async () => {
    const cache = make({ ttl: '1h', negativeTtl: '1m' })
    await cache.getOrSet('loaded', () => null)
    await cache.set('set', undefined)
    await cache.getOrSet('brief', () => null, { ttl: '10s' })

    await platform.advance(10 * SECOND)
    expect(await cache.has('brief')).toBe(false)
    expect(await cache.has('loaded')).toBe(true)
    expect(await cache.has('set')).toBe(true)
    await platform.advance(50 * SECOND)
    expect(await cache.has('loaded')).toBe(false)
    expect(await cache.has('set')).toBe(false)
  })

  test('touch makes an entry fresh for a full ttl from now', async () => {
    const cache = make({ ttl: '1m' })
    await cache.set('k', 'v')
    await platform.advance(50 * SECOND)

    expect(await cache.touch('k')).toBe(true)

    await platform.advance(59 * SECOND)
    expect(await cache.get('k')).toBe('v')
    await platform.advance(SECOND)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.touch('k')).toBe(false)
  })

  test('touch makes null and undefined fresh for negativeTtl, as a set does', async () => {
    const cache = make({ ttl: '1h', negativeTtl: '1m' })
    await cache.set('k', null)
    await platform.advance(50 * SECOND)

    expect(await cache.touch('k', { ttl: '1h' })).toBe(true)

    await platform.advance(59 * SECOND)
    expect(await cache.has('k')).toBe(true)
    await platform.advance(SECOND)
    expect(await cache.has('k')).toBe(false)
  })

  test('touch works on a clock that counts fractions of a millisecond', async () => {
    platform = new ManualPlatform({ startAt: 1_767_225_600_000.25 })
    engine = new EmbeddedRedis({ platform })
    const cache = make({ ttl: '1m' })
    await cache.set('k', 'v')
    await platform.advance(30 * SECOND)

    expect(await cache.touch('k')).toBe(true)

    await platform.advance(59 * SECOND)
    expect(await cache.get('k')).toBe('v')
  })

  describe('between processes whose clocks differ by up to a second', () => {
    let behind: ManualPlatform

    beforeEach(() => {
      behind = new ManualPlatform({ startAt: platform.now() - SECOND, random: () => random })
    })

    test('a process reads what another one has just set', async () => {
      await make({ ttl: '1m' }).set('k', 'v')

      expect(await make({ platform: behind }).get('k')).toBe('v')
    })

    test('a process that waited for the load of another one does not load again', async () => {
      const held = holdLoader()
      const first = make().getOrSet('k', held.load)
      await held.called
      const waiting = make({ platform: behind }).getOrSet('k', held.load)
      held.release('v')
      await first

      await behind.advance(SECOND / 2)

      expect(await waiting).toBe('v')
      expect(held.calls).toBe(1)
    })

    test('an entry does not live longer in Redis than its ttl', async () => {
      await make({ ttl: '100ms' }).set('k', 'v')

      await platform.advance(100)

      expect(await make({ platform: behind }).get('k')).toBeUndefined()
    })

    test('an entry from further ahead is not fresh', async () => {
      await make({ ttl: '1m' }).set('k', 'v')
      const further = new ManualPlatform({ startAt: behind.now() - 1 })

      expect(await make({ platform: further }).get('k')).toBeUndefined()
    })
  })

  describe('with staleWhileRevalidate', () => {
    test('a stale entry is served at once while one refresh runs in the background', async () => {
      const cache = make({ ttl: '1m', staleWhileRevalidate: '10m' })
      await cache.set('k', 'old')
      await platform.advance(MINUTE)
      const held = holdLoader()

      const answers = await Promise.all(
        Array.from({ length: 50 }, () => cache.getOrSet('k', held.load)),
      )
      await held.called
      expect(new Set(answers)).toEqual(new Set(['old']))
      expect(await cache.getOrSet('k', held.load)).toBe('old')
      held.release('new')
      await platform.settle()

      expect(held.calls).toBe(1)
      expect(await cache.getOrSet('k', fail)).toBe('new')
    })

    test('only one of two caches refreshes', async () => {
      const caches = [make({ ttl: '1m', staleWhileRevalidate: '10m' })]
      caches.push(make({ ttl: '1m', staleWhileRevalidate: '10m' }))
      await caches[0]?.set('k', 'old')
      await platform.advance(MINUTE)
      const held = holdLoader()

      for (const cache of caches) expect(await cache.getOrSet('k', held.load)).toBe('old')
      await held.called
      held.release('new')
      await platform.settle()

      expect(held.calls).toBe(1)
    })

    test('an entry past its window is loaded before the read returns', async () => {
      const cache = make({ ttl: '1m', staleWhileRevalidate: '10m' })
      await cache.set('k', 'old')
      await platform.advance(11 * MINUTE)

      expect(await cache.getOrSet('k', () => 'new')).toBe('new')
    })

    test('a failing refresh leaves the stale entry until its window ends', async () => {
      const cache = make({ ttl: '1m', staleWhileRevalidate: '10m' })
      await cache.set('k', 'old')
      await platform.advance(MINUTE)

      expect(await cache.getOrSet('k', fail)).toBe('old')
      await platform.settle()
      expect(await cache.getOrSet('k', fail)).toBe('old')
      await platform.settle()
      await platform.advance(10 * MINUTE)

      await expect(cache.getOrSet('k', fail)).rejects.toBe(outage)
    })

    test('nothing stale is served after a delete', async () => {
      const cache = make({ ttl: '1m', staleWhileRevalidate: '10m', staleIfError: '10m' })
      await cache.set('k', 'old')
      await platform.advance(MINUTE)
      await cache.delete('k')

      await expect(cache.getOrSet('k', fail)).rejects.toBe(outage)
    })
  })

  describe('with staleIfError', () => {
    test('a stale entry is served only when the loader fails', async () => {
      const cache = make({ ttl: '1m', staleIfError: '10m' })
      await cache.set('k', 'old')
      await platform.advance(MINUTE)

      expect(await cache.get('k')).toBeUndefined()
      expect(await cache.getOrSet('k', fail)).toBe('old')
      expect(await cache.getOrSet('k', () => 'new')).toBe('new')
    })

    test('past its window the read fails with the loader’s error', async () => {
      const cache = make({ ttl: '1m', staleIfError: '10m' })
      await cache.set('k', 'old')
      await platform.advance(11 * MINUTE)

      await expect(cache.getOrSet('k', fail)).rejects.toBe(outage)
    })

    test('a reader of a shared load falls back on the entry that it saw itself', async () => {
      const cache = make({ ttl: '1m', staleIfError: '10m' })
      await cache.set('k', 'old')
      await platform.advance(MINUTE)
      const held = holdLoader()
      const before = cache.getOrSet('k', held.load)
      await held.called
      await cache.delete('k')
      const after = cache.getOrSet('k', fail)

      await expect(after).rejects.toBe(outage)
      held.fail(outage)
      expect(await before).toBe('old')
    })

    test('a loader that times out counts as failing', async () => {
      const cache = make({ ttl: '1m', staleIfError: '10m', loaderTimeout: { hard: '2s' } })
      await cache.set('k', 'old')
      await platform.advance(MINUTE)
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      await held.called

      await platform.advance(2 * SECOND)

      expect(await read).toBe('old')
    })
  })

  describe('with early refresh', () => {
    const slow = async (cache: RedisCacheManager): Promise<void> => {
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      await held.called
      await platform.advance(5 * SECOND)
      held.release('old')
      await read
    }

    test('one reader refreshes in the background, shortly before expiry', async () => {
      const cache = make({ ttl: '1m', earlyRefresh: 1 })
      await slow(cache)
      await platform.advance(50 * SECOND)
      // A draw of e^-3 is a lead of 3 loads: 15 seconds.
      random = 1 - Math.exp(-3)

      expect(await cache.getOrSet('k', () => 'new')).toBe('old')
      await platform.settle()

      expect(await cache.get('k')).toBe('new')
    })

    test('the others do not', async () => {
      const cache = make({ ttl: '1m', earlyRefresh: 1 })
      await slow(cache)
      await platform.advance(50 * SECOND)
      random = 1 - Math.exp(-1)
      const loader = vi.fn(() => 'new')

      expect(await cache.getOrSet('k', loader)).toBe('old')
      await platform.settle()

      expect(loader).not.toHaveBeenCalled()
    })

    test('no reader does without the option', async () => {
      const cache = make({ ttl: '1m' })
      await slow(cache)
      await platform.advance(MINUTE - 1)
      random = 0.999_999

      expect(await cache.getOrSet('k', fail)).toBe('old')
      await platform.settle()
      expect((await cache.getStats()).totals.errors).toBe(0)
    })
  })

  test('markers are renewed by use, so that entries do not lose them during their life', async () => {
    const cache = make({ ttl: '1d' })
    await cache.set('k', 'v', { tags: ['t'] })
    for (let day = 0; day < 30; day++) {
      await platform.advance(DAY - SECOND)
      expect(await cache.get('k', { tags: ['t'] })).toBe('v')
      await cache.set('k', 'v', { tags: ['t'] })
    }
  })

  test('an entry of a month lasts it out beside entries of minutes with the same markers', async () => {
    const cache = make({ tags: ['t'] })
    await cache.set('short', 'v', { ttl: '5m' })
    await cache.set('long', 'v', { ttl: '30d' })
    await platform.advance(4 * DAY)
    await cache.set('short', 'v', { ttl: '5m' })

    await platform.advance(26 * DAY - 1)
    expect(await cache.get('long')).toBe('v')
  })
})
