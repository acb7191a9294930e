/**
 * Contract of loading once (I3): readers of one key share a load, in one isolate and across.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import { type Bench, holdLoader, interrupt } from './bench.ts'

/** Registers the tests. */
export function describeSharing(bench: Bench): void {
  describe('readers of one cold key', () => {
    test('in one cache call the loader once', async () => {
      const cache = bench.cache()
      const held = holdLoader<{ id: number }>()
      const reads = Array.from({ length: 100 }, () => cache.getOrSet('k', held.load))
      await held.called
      held.release({ id: 1 })

      const values = await Promise.all(reads)

      expect(held.calls).toBe(1)
      expect(new Set(values).size).toBe(1)
    })

    test('that join a load get at once the value it shares, and the loader’s result is stored', async () => {
      const cache = bench.cache()
      const held = holdLoader<string>()
      const leader = cache.getOrSet<string>('k', async (context) => {
        context.share('so far')
        return held.load()
      })
      await held.called

      const joined = await cache.getOrSet<string>('k', held.load)
      held.release('whole')

      expect(joined).toBe('so far')
      expect(await leader).toBe('whole')
      expect(await cache.get('k')).toBe('whole')
      expect(held.calls).toBe(1)
    })

    test('that come after an invalidation do not get a value shared before it', async () => {
      const cache = bench.cache()
      const options = { tags: ['t'], loaderTimeout: { hard: '30s' } } as const
      const held = holdLoader<string>()
      const leader = cache.getOrSet<string>(
        'k',
        async (context) => {
          context.share('before')
          return held.load()
        },
        options,
      )
      await held.called
      await cache.invalidateTags(['t'])

      const later = cache.getOrSet<string>('k', () => 'after', options)
      held.release('before')

      expect(await later).toBe('after')
      expect(await leader).toBe('before')
    })

    test('in two caches call the loader once', async () => {
      const caches = [bench.cache(), bench.cache()]
      // The scripts are known to Redis, so that the requests below can be counted.
      await bench.cache().getOrSet('another key', () => 1)
      const held = holdLoader()
      const reads = Array.from({ length: 100 }, (_, i) => caches[i % 2]?.getOrSet('k', held.load))
      await held.called
      // Look, refused lease, and first look since: now the other cache waits.
      const sent = (): number => Math.max(...caches.map(({ redis }) => redis.counts.requests))
      await expect.poll(sent).toBeGreaterThanOrEqual(3)
      held.release('loaded')

      expect(new Set(await Promise.all(reads))).toEqual(new Set(['loaded']))
      expect(held.calls).toBe(1)
    })

    test('that looked before another cache stored the entry are served it, and do not load', async () => {
      const other = bench.cache()
      const store = (): Promise<string> => other.getOrSet('k', () => 'loaded there')
      // Between its look and its request for the lease, which is free again by then.
      const late = bench.cache({ redis: interrupt(bench.transport, 2, store) })
      const loader = vi.fn(() => 'loaded twice')

      expect(await late.getOrSet('k', loader)).toBe('loaded there')
      expect(loader).not.toHaveBeenCalled()
    })

    test('that looked before a stale entry was refreshed do not refresh it again', async () => {
      const options = { staleWhileRevalidate: '1h', tags: ['t'] } as const
      const other = bench.cache()
      await other.set('k', 'old', options)
      await other.invalidateTags(['t'], { mode: 'soft' })
      const refresh = (): Promise<string> => other.set('k', 'new', options)
      const late = bench.cache({ redis: interrupt(bench.transport, 2, refresh) })
      const loader = vi.fn(() => 'newer')

      expect(await late.getOrSet('k', loader, options)).toBe('old')

      await expect.poll(() => late.get('k', options)).toBe('new')
      expect(await late.get('k', options)).toBe('new')
      expect(loader).not.toHaveBeenCalled()
    })

    test('that come while the load runs share it', async () => {
      const cache = bench.cache()
      const held = holdLoader()
      const first = cache.getOrSet('k', held.load)
      await held.called
      const second = cache.getOrSet('k', () => 'loaded twice')
      held.release('loaded once')

      expect(await Promise.all([first, second])).toEqual(['loaded once', 'loaded once'])
    })

    test('that share a failing load get the same error, and the next one loads', async () => {
      const cache = bench.cache()
      const held = holdLoader()
      const reads = Array.from({ length: 10 }, () => cache.getOrSet('k', held.load))
      await held.called
      const outage = new Error('database is down')
      held.fail(outage)

      const results = await Promise.allSettled(reads)

      expect(results.every(({ status }) => status === 'rejected')).toBe(true)
      expect(new Set(results.map((result) => 'reason' in result && result.reason))).toEqual(
        new Set([outage]),
      )
      expect(held.calls).toBe(1)
      expect(await cache.getOrSet('k', () => 'recovered')).toBe('recovered')
    })

    test('each load their own key', async () => {
      const cache = bench.cache()
      const loader = vi.fn((key: string) => `value of ${key}`)
      const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)

      const values = await Promise.all(keys.map((key) => cache.getOrSet(key, () => loader(key))))

      expect(values).toEqual(keys.map((key) => `value of ${key}`))
      expect(loader).toHaveBeenCalledTimes(50)
    })
  })

  describe('a lease', () => {
    test('whose load failed in another cache is free for a waiting reader', async () => {
      const [holder, waiter] = [bench.cache(), bench.cache()]
      const held = holdLoader()
      const failed = holder.getOrSet('k', held.load)
      await held.called
      const waiting = waiter.getOrSet('k', () => 'loaded by the waiter')

      held.fail(new Error('database is down'))

      await expect(failed).rejects.toThrow('database is down')
      expect(await waiting).toBe('loaded by the waiter')
      expect(await holder.get('k')).toBe('loaded by the waiter')
    })

    test('is gone when no load is under way', async () => {
      const cache = bench.cache()
      await cache.getOrSet('stored', () => 1)
      await cache.getOrSet('skipped', ({ skip }) => skip())
      await cache.getOrSet('failed', () => Promise.reject(new Error('no'))).catch(() => undefined)
      await cache.set('set', 1)
      await (await cache.begin('ticket')).release()

      expect((await bench.keys()).filter((key) => key.includes(':l:'))).toEqual([])
    })
  })

  test('readers that wait in another cache read what was stored without loading', async () => {
    const [holder, waiter] = [bench.cache(), bench.cache()]
    const held = holdLoader()
    const load = holder.getOrSet('k', held.load)
    await held.called
    const loader = vi.fn(() => 'never called')
    const waiting = Array.from({ length: 20 }, () => waiter.getOrSet('k', loader))
    held.release('loaded')

    expect(new Set(await Promise.all([load, ...waiting]))).toEqual(new Set(['loaded']))
    expect(loader).not.toHaveBeenCalled()
  })
}
