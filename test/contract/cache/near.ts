/**
 * Contract of the near tier (T6), except what needs a clock.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import type { RedisCacheManager } from '../../../src/cache/manager.ts'
import { type Bench, holdLoader, intercept } from './bench.ts'

const CALLS: readonly (readonly [name: string, (cache: RedisCacheManager) => Promise<unknown>])[] =
  [
    ['delete', (cache) => cache.delete('k')],
    ['set', (cache) => cache.set('k', 'new')],
    ['relaxed set', (cache) => cache.set('k', 'new', { consistency: 'relaxed' })],
    ['begin', (cache) => cache.begin('k')],
    ['invalidateTags', (cache) => cache.invalidateTags(['t'])],
    ['soft invalidateTags', (cache) => cache.invalidateTags(['t'], { mode: 'soft' })],
    ['clear', (cache) => cache.clear()],
    ['invalidatePattern', (cache) => cache.invalidatePattern('k*')],
  ]

/** Registers the tests. */
export function describeNear(bench: Bench): void {
  describe('the near tier', () => {
    test('serves its copies without Redis', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => ({ a: 1 }))
      const { requests } = cache.redis.counts

      expect(await cache.getOrSet('k', () => ({ a: 2 }))).toEqual({ a: 1 })
      expect(await cache.get('k')).toEqual({ a: 1 })
      expect(await cache.getMany(['k'])).toEqual(new Map([['k', { a: 1 }]]))

      expect(cache.redis.counts.requests).toBe(requests)
      expect((await cache.lookup('k')).outcome).toEqual({
        kind: 'hit',
        tier: 'near',
        freshness: 'fresh',
      })
    })

    test('keeps values that are read from Redis', async () => {
      await bench.cache().set('k', 'value')
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.get('k')
      const { requests } = cache.redis.counts

      expect(await cache.get('k')).toBe('value')
      expect(cache.redis.counts.requests).toBe(requests)
    })

    test.each(CALLS)('drops at once what a %s of its own cache covers', async (_name, call) => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => 'old', { tags: ['t'] })
      expect(await cache.get('k')).toBe('old')

      await call(cache)

      expect(await cache.get('k')).not.toBe('old')
    })

    test.each(CALLS)('with verify honours a %s of another cache at once', async (_name, call) => {
      const cache = bench.cache({ near: { verify: true } })
      await cache.getOrSet('k', () => 'old', { tags: ['t'] })
      expect((await cache.lookup('k')).outcome).toMatchObject({ tier: 'near' })

      await call(bench.cache())

      expect(await cache.get('k')).not.toBe('old')
    })

    test.each(CALLS)(
      'is not refilled by a reply that was under way during a %s',
      async (_n, call) => {
        const writer = bench.cache()
        await writer.set('k', 'old', { tags: ['t'] })
        const { transport } = bench
        const arrived = Promise.withResolvers<void>()
        const goOn = Promise.withResolvers<void>()
        let isHeld = true
        const cache = bench.cache({
          near: { ttl: '1h' },
          redis: intercept(transport, async (request) => {
            const answer = await transport.request(request)
            if (isHeld) {
              isHeld = false
              arrived.resolve()
              await goOn.promise
            }
            return answer as never
          }),
        })
        const read = cache.get('k')
        await arrived.promise

        await call(cache)
        goOn.resolve()
        await read

        expect(await cache.get('k')).not.toBe('old')
      },
    )

    test('keeps no copy of a load if a local delete returned while it ran', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      await held.called

      await cache.delete('k')
      held.release('old')
      await read

      expect(await cache.get('k')).toBeUndefined()
    })

    test('does not serve a call that declares a tag which the copy lacks', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => 'without')

      expect(await cache.getOrSet('k', () => 'with', { tags: ['t'] })).toBe('with')
    })

    test('knows the tags of a copy, even if the caller changes the list later', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      const tags = ['a']
      await cache.getOrSet('k', () => 'without', { tags })

      tags.push('t')

      expect(await cache.getOrSet('k', () => 'with', { tags })).toBe('with')
    })

    test('keeps namespaces apart', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      const inner = cache.namespace('inner')
      await cache.getOrSet('k', () => 'outer')
      await inner.getOrSet('k', () => 'inner')

      expect(await cache.get('k')).toBe('outer')
      expect(await inner.get('k')).toBe('inner')
      await cache.clear()
      expect(await inner.get('k')).toBeUndefined()
    })

    test('shares one frozen value among all callers', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => ({ list: [1] }))

      const [a, b] = [await cache.get<{ list: number[] }>('k'), await cache.get('k')]

      expect(a).toBe(b)
      expect(() => a?.list.push(2)).toThrow(TypeError)
    })

    test('answers all callers of a shared value with one promise', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => 'value')

      const first = cache.get('k')

      expect(cache.getOrSet('k', () => 'other')).toBe(first)
      expect(await first).toBe('value')
    })

    test('with copies gives each caller a value of its own', async () => {
      const cache = bench.cache({ near: { ttl: '1h', values: 'copy' } })
      const loaded = await cache.getOrSet('k', () => ({ list: [1] }))
      loaded.list.push(2)
      const first = await cache.get<{ list: number[] }>('k')
      first?.list.push(3)

      expect(await cache.get('k')).toEqual({ list: [1] })
    })

    test('with copies keeps no value that cannot be copied', async () => {
      const cache = bench.cache({ near: { ttl: '1h', values: 'copy' } })
      const url = new URL('https://example.com/')

      expect(await cache.getOrSet('k', () => url)).toEqual(url)
      expect(await cache.getOrSet('k', () => undefined)).toEqual(url)
      expect((await cache.lookup('k')).outcome).toMatchObject({ kind: 'hit', tier: 'remote' })
    })

    test('can be bypassed by a call', async () => {
      const cache = bench.cache({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => 'old')
      await bench.cache().set('k', 'new')

      expect(await cache.get('k')).toBe('old')
      expect(await cache.get('k', { near: false })).toBe('new')
    })

    test('can be used by a call of a cache that does not use it by default', async () => {
      const cache = bench.cache()
      await cache.getOrSet('k', () => 'value', { near: { ttl: '1h' } })
      const { requests } = cache.redis.counts

      expect(await cache.get('k', { near: { ttl: '1h' } })).toBe('value')
      expect(cache.redis.counts.requests).toBe(requests)
      expect((await cache.lookup('k')).outcome).toMatchObject({ tier: 'remote' })
    })

    test('drops the copy that was not used for longest when it is full', async () => {
      const evicted = vi.fn()
      const cache = bench.cache({ near: { ttl: '1h', maxEntries: 2 } })
      cache.subscribe(({ outcome }) => {
        if (outcome.kind === 'evicted') evicted()
      })
      for (const key of ['a', 'b']) await cache.getOrSet(key, () => key)
      await cache.get('a')
      await cache.getOrSet('c', () => 'c')

      expect((await cache.lookup('a')).outcome).toMatchObject({ tier: 'near' })
      expect((await cache.lookup('c')).outcome).toMatchObject({ tier: 'near' })
      expect((await cache.lookup('b')).outcome).toMatchObject({ tier: 'remote' })
      expect(evicted).toHaveBeenCalled()
      expect((await cache.getStats()).near.entries).toBe(2)
    })
  })
}
