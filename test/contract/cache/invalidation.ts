/**
 * Contract of invalidation by tag.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import type { Bench } from './bench.ts'

/** Registers the tests. */
export function describeInvalidation(bench: Bench): void {
  describe('invalidateTags, hard', () => {
    test('drops every entry with one of the tags, and no other', async () => {
      const cache = bench.cache()
      await cache.set('a', 1, { tags: ['red'] })
      await cache.set('b', 2, { tags: ['red', 'blue'] })
      await cache.set('c', 3, { tags: ['blue'] })
      await cache.set('d', 4, { tags: ['green'] })
      await cache.set('e', 5)

      await bench.cache().invalidateTags(['red', 'never used'])

      expect(await cache.getMany(['a', 'b', 'c', 'd', 'e'])).toEqual(
        new Map([
          ['c', 3],
          ['d', 4],
          ['e', 5],
        ]),
      )
    })

    test('also applies to a reader that does not declare the tags of the entry', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old', { tags: ['a', 'b', 'c'] })

      expect(await cache.get('k')).toBe('old')
      expect(await cache.get('k', { tags: ['b'] })).toBe('old')
      await cache.invalidateTags(['c'])

      expect(await cache.get('k')).toBeUndefined()
      expect(await cache.get('k', { tags: ['b'] })).toBeUndefined()
      expect(await cache.has('k')).toBe(false)
      expect(await cache.getMany(['k'])).toEqual(new Map())
      expect((await cache.lookup('k')).outcome).toEqual({ kind: 'miss', reason: 'invalidated' })
    })

    test('does not reach entries that were stored after it', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'])
      await cache.set('k', 'new', { tags: ['t'] })

      expect(await cache.get('k')).toBe('new')
      expect(await cache.get('k', { tags: ['t'] })).toBe('new')
    })

    test('twice in a row has the same effect as once', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'])
      await cache.invalidateTags(['t', 't'])

      expect(await cache.get('k')).toBeUndefined()
      expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new')
      expect(await cache.get('k')).toBe('new')
    })

    test('is not served again as stale either, not even when the loader fails', async () => {
      const cache = bench.cache({ staleWhileRevalidate: '1h', staleIfError: '1h' })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'])
      const outage = new Error('database is down')

      const read = cache.getOrSet('k', () => Promise.reject(outage), { tags: ['t'] })

      await expect(read).rejects.toBe(outage)
    })

    test('an entry that lacks a tag which the call declares is a miss', async () => {
      const cache = bench.cache()
      await cache.set('k', 'stored without it', { tags: ['a'] })

      const { outcome } = await cache.lookup('k', { tags: ['a', 'b'] })

      expect(outcome).toEqual({ kind: 'miss', reason: 'undeclared-tag' })
      expect(await cache.getOrSet('k', () => 'with it', { tags: ['a', 'b'] })).toBe('with it')
      expect(await cache.get('k', { tags: ['b', 'a'] })).toBe('with it')
    })

    test('a malformed marker makes a miss', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old', { tags: ['t'] })
      const [marker = ''] = (await bench.keys()).filter((key) => key.endsWith(':t:t'))
      await bench.send('SET', marker, 'not a marker')

      expect(await cache.get('k')).toBeUndefined()
    })

    test('tags that look alike are different tags', async () => {
      const cache = bench.cache()
      await cache.set('a', 1, { tags: ['*'] })
      await cache.set('b', 2, { tags: ['**'] })
      await cache.set('c', 3, { tags: ['a,b=c;d'] })
      await cache.set('d', 4, { tags: ['a%2Cb'] })

      await cache.invalidateTags(['*', 'a', 'a,b'])

      expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual(
        new Map([
          ['b', 2],
          ['c', 3],
          ['d', 4],
        ]),
      )
    })
  })

  describe('invalidateTags, soft', () => {
    test('makes entries stale: they are served at once while one refresh runs in the background', async () => {
      const cache = bench.cache({ staleWhileRevalidate: '1h' })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'], { mode: 'soft' })
      const loader = vi.fn(() => 'new')

      expect(await cache.getOrSet('k', loader, { tags: ['t'] })).toBe('old')

      await expect.poll(() => cache.get('k')).toBe('new')
      expect(await cache.getOrSet('k', loader, { tags: ['t'] })).toBe('new')
      expect(loader).toHaveBeenCalledTimes(1)
    })

    test('makes entries with only staleIfError served only if the load fails', async () => {
      const cache = bench.cache({ staleIfError: '1h' })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'], { mode: 'soft' })
      const fail = (): Promise<never> => Promise.reject(new Error('database is down'))

      expect(await cache.getOrSet('k', fail, { tags: ['t'] })).toBe('old')
      expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new')
    })

    test('makes entries without a stale window a miss', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old', { tags: ['t'] })

      await cache.invalidateTags(['t'], { mode: 'soft' })

      expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new')
    })

    test('makes entries a miss for get and has, which serve nothing stale', async () => {
      const cache = bench.cache({ staleWhileRevalidate: '1h' })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'], { mode: 'soft' })

      expect(await cache.get('k')).toBeUndefined()
      expect(await cache.has('k')).toBe(false)
    })

    test('never makes an entry valid again after a hard invalidation', async () => {
      const cache = bench.cache({ staleWhileRevalidate: '1h', staleIfError: '1h' })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'])
      await cache.set('other', 'makes the marker anew', { tags: ['t'] })

      await cache.invalidateTags(['t'], { mode: 'soft' })

      expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new')
    })

    test('a hard invalidation also drops entries that a soft one has made stale', async () => {
      const cache = bench.cache({ staleWhileRevalidate: '1h', staleIfError: '1h' })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'], { mode: 'soft' })

      await cache.invalidateTags(['t'], { mode: 'hard' })

      expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new')
    })

    test('a stale value is still served within its window if the refresh fails', async () => {
      const cache = bench.cache({ staleWhileRevalidate: '1h' })
      const failures: unknown[] = []
      cache.subscribe(({ operation, outcome }) => {
        if (operation === 'refresh') failures.push(outcome)
      })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'], { mode: 'soft' })
      const outage = new Error('database is down')

      expect(await cache.getOrSet('k', () => Promise.reject(outage))).toBe('old')

      await expect.poll(() => failures).toEqual([{ kind: 'failed', error: outage }])
      expect(await cache.getOrSet('k', () => Promise.reject(outage))).toBe('old')
      await expect.poll(() => failures.length).toBe(2)
    })
  })
}
