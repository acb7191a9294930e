/**
 * Contract of events, statistics and the end of a cache.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import type { CacheEvent } from '../../../src/cache/outcome.ts'
import { ClosedError } from '../../../src/errors.ts'
import type { Bench } from './bench.ts'

/** Registers the tests. */
export function describeObservation(bench: Bench): void {
  describe('a subscriber', () => {
    test('is called with how each operation ended', async () => {
      const cache = bench.cache({ namespace: 'app' })
      const events: CacheEvent[] = []
      cache.subscribe((event) => events.push(event))
      const outage = new Error('database is down')

      await cache.get('k')
      await cache.getOrSet('k', () => 'v')
      await cache.getOrSet('k', () => 'v')
      await cache.has('k')
      await cache.set('k', 'w')
      await cache.touch('k')
      await cache.delete('k')
      await cache.invalidateTags(['t'])
      await cache.invalidateTags(['t'], { mode: 'soft' })
      await cache.invalidatePattern('k*')
      await cache.clear()
      await cache.getOrSet('k', () => Promise.reject(outage)).catch(() => undefined)

      const hit = { kind: 'hit', tier: 'remote', freshness: 'fresh' }
      const loaded = { kind: 'loaded', reason: 'absent', shared: false, stored: true }
      const told = events.map(({ operation, key, outcome }) => [operation, key, outcome])
      expect(told).toEqual([
        ['get', 'k', { kind: 'miss', reason: 'absent' }],
        ['getOrSet', 'k', { ...loaded, loadMs: expect.any(Number) }],
        ['getOrSet', 'k', hit],
        ['has', 'k', hit],
        ['set', 'k', { kind: 'stored' }],
        ['touch', 'k', { kind: 'touched' }],
        ['delete', 'k', { kind: 'deleted' }],
        ['invalidateTags', undefined, { kind: 'invalidated', mode: 'hard' }],
        ['invalidateTags', undefined, { kind: 'invalidated', mode: 'soft' }],
        ['invalidatePattern', undefined, { kind: 'invalidated', mode: 'hard' }],
        ['clear', undefined, { kind: 'invalidated', mode: 'hard' }],
        ['getOrSet', 'k', { kind: 'failed', error: outage }],
      ])
      expect(events.every(({ namespace }) => namespace === 'app')).toBe(true)
      expect(events.every(({ durationMs }) => durationMs >= 0)).toBe(true)
    })

    test('is called for nested namespaces, until it unsubscribes', async () => {
      const cache = bench.cache({ namespace: 'app' })
      const listener = vi.fn()
      const end = cache.subscribe(listener)

      await cache.namespace('users').get('k')
      end()
      await cache.namespace('users').get('k')

      expect(listener).toHaveBeenCalledTimes(1)
      expect(listener).toHaveBeenCalledWith(expect.objectContaining({ namespace: 'app/users' }))
    })

    test('that throws affects no operation, and is counted', async () => {
      const cache = bench.cache()
      const second = vi.fn()
      cache.subscribe(() => {
        throw new Error('listener is broken')
      })
      cache.subscribe(second)

      await cache.set('k', 1)

      expect(await cache.get('k')).toBe(1)
      expect(second).toHaveBeenCalledTimes(2)
      expect((await cache.getStats()).totals.listenerErrors).toBe(2)
    })

    test('that is asynchronous and rejects affects no operation, and is counted', async () => {
      const cache = bench.cache()
      cache.subscribe(vi.fn().mockRejectedValue(new Error('listener is broken')))

      await cache.set('k', 1)

      expect(await cache.get('k')).toBe(1)
      expect((await cache.getStats()).totals.listenerErrors).toBe(2)
    })
  })

  describe('getStats', () => {
    test('of a new cache has no rates', async () => {
      const stats = await bench.cache().getStats()

      expect(stats).toMatchObject({ hitRate: 0, missRate: 0, totalHits: 0, totalMisses: 0 })
      expect(stats.remote.circuit).toBe('closed')
    })

    test('sums the operations of its cache and namespaces', async () => {
      const cache = bench.cache()
      const users = cache.namespace('users')
      await users.getOrSet('k', () => 1)
      for (let i = 0; i < 3; i++) await users.getOrSet('k', () => 1)
      await cache.set('a', 1)
      await cache.delete('a', 'b')
      await cache.invalidateTags(['t'])
      await cache.getOrSet('bad', () => Promise.reject(new Error('no'))).catch(() => undefined)

      const stats = await cache.getStats()

      expect(stats).toMatchObject({ hitRate: 75, missRate: 25, totalHits: 3, totalMisses: 1 })
      expect(stats.totals).toMatchObject({
        loads: 1,
        sets: 1,
        deletes: 1,
        invalidations: 1,
        errors: 1,
      })
      expect(stats.totalKeys).toBeGreaterThan(0)
      expect(stats.memoryUsage).toBeGreaterThan(0)
    })
  })

  describe('redis', () => {
    test('gives other code access to the same Redis', async () => {
      const cache = bench.cache()

      expect(await cache.redis.request({ path: [], body: ['SET', 'mine', '1'] })).toEqual({
        result: 'OK',
      })
      expect(
        await cache.redis.request({ path: ['pipeline'], body: [['GET', 'mine'], ['BAD']] }),
      ).toEqual([{ result: '1' }, { error: expect.stringMatching(/^ERR unknown command/) }])
      expect(cache.redis.counts).toMatchObject({ requests: 2, commands: 3 })
    })
  })

  describe('a closed cache', () => {
    test('refuses reads and writes with ClosedError, however often', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => 'near')

      await cache.close()

      for (let i = 0; i < 8; i++) {
        await expect(cache.get('k')).rejects.toThrow(ClosedError)
        await expect(cache.getOrSet('k', () => 'v')).rejects.toThrow(ClosedError)
        await expect(cache.set('k', 1)).rejects.toThrow(ClosedError)
        await expect(cache.delete('k')).rejects.toThrow(ClosedError)
      }
    })

    test('can be closed twice', async () => {
      const cache = bench.cache()
      await cache.close()

      await expect(cache.close()).resolves.toBeUndefined()
    })
  })
}
