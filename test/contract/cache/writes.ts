/**
 * Contract of the writes by key: set, ticket, touch, delete.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import type { RedisCacheManager } from '../../../src/cache/manager.ts'
import { COMMIT, TAKE } from '../../../src/redis/scripts/protocol.ts'
import { eventually } from '../../support/eventually.ts'
import { type Bench, holdLoader, interrupt, refusing } from './bench.ts'

/** Writes of which Redis refuses a commit, or the take of `k`. */
const REFUSED: readonly (readonly [string, (cache: RedisCacheManager) => Promise<unknown>])[] = [
  ['a set', (cache) => cache.set('k', 'v')],
  ['a ticket', async (cache) => (await cache.begin('k')).commit('v')],
  [
    'many sets',
    (cache) =>
      cache.setMany(
        new Map([
          ['a', 1],
          ['k', 2],
          ['z', 3],
        ]),
      ),
  ],
]

/** Registers the tests. */
export function describeWrites(bench: Bench): void {
  describe('set', () => {
    test('stores a value that every cache on this Redis reads', async () => {
      expect(await bench.cache().set('k', { a: 1 })).toBe('stored')

      expect(await bench.cache().get('k')).toEqual({ a: 1 })
    })

    test('replaces the existing entry', async () => {
      const cache = bench.cache()
      await cache.set('k', 'first')
      await cache.set('k', 'second')

      expect(await cache.get('k')).toBe('second')
    })

    test('leaves the existing entry alone when the value cannot be stored', async () => {
      const cache = bench.cache({ maxValueBytes: 100 })
      await cache.set('k', 'good')

      await expect(cache.set('k', () => undefined)).rejects.toThrow('cannot be stored')
      await expect(cache.set('k', 'x'.repeat(101))).rejects.toThrow('cannot be stored')

      expect(await cache.get('k')).toBe('good')
    })

    test('many concurrent sets of one key leave one of their values', async () => {
      const caches = [bench.cache(), bench.cache(), bench.cache()]

      const results = await Promise.all(
        Array.from({ length: 30 }, (_, i) => caches[i % 3]?.set('k', i)),
      )

      const value = (await bench.cache().get<number>('k')) ?? -1
      expect(results[value]).toBe('stored')
      expect(results.every((result) => result === 'stored' || result === 'superseded')).toBe(true)
    })

    test('relaxed stores and replaces like strict, tags included', async () => {
      const cache = bench.cache({ consistency: 'relaxed' })

      expect(await cache.set('k', 'first', { tags: ['t', 'u'] })).toBe('stored')
      expect(await cache.set('k', 'second', { tags: ['t', 'u'] })).toBe('stored')
      expect(await cache.get('k', { tags: ['t', 'u'] })).toBe('second')
      await cache.invalidateTags(['u'])

      expect(await cache.get('k')).toBeUndefined()
    })

    test('relaxed prevents a running load from storing', async () => {
      const cache = bench.cache({ consistency: 'relaxed' })
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      await held.called

      await cache.set('k', 'set')
      held.release('old')
      await read

      expect(await cache.get('k')).toBe('set')
    })
  })

  describe('on a Redis that is full', () => {
    test.each(REFUSED)('%s leaves no lease that readers would wait for', async (_name, write) => {
      const full = refusing(
        bench.transport,
        (command) =>
          command.includes(COMMIT.sha1) ||
          (command.includes(TAKE.sha1) && command.some((arg) => String(arg).endsWith(':e:{k}'))),
      )
      const half = refusing(bench.transport, (command) => command.includes(COMMIT.sha1))

      for (const redis of [half, full]) {
        await expect(write(bench.cache({ redis }))).rejects.toMatchObject({ reason: 'OOM' })

        await eventually(async () => {
          expect((await bench.keys()).filter((key) => key.includes(':l:'))).toEqual([])
        })
      }
    })
  })

  describe('a ticket', () => {
    test('stores the value that was computed after it was taken', async () => {
      const cache = bench.cache()
      const ticket = await cache.begin('k')

      expect(await ticket.commit('computed')).toBe('stored')

      expect(await cache.get('k')).toBe('computed')
    })

    test('drops the old entry when it is taken', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old')

      await cache.begin('k')

      expect(await cache.get('k')).toBeUndefined()
    })

    test.each([
      ['a delete', (cache: ReturnType<Bench['cache']>) => cache.delete('k')],
      ['a later set', (cache: ReturnType<Bench['cache']>) => cache.set('k', 'newer')],
      ['a later ticket', (cache: ReturnType<Bench['cache']>) => cache.begin('k')],
    ])('is superseded by %s, and stores nothing', async (_what, call) => {
      const ticket = await bench.cache().begin('k')
      await call(bench.cache())

      expect(await ticket.commit('computed from what was')).toBe('superseded')

      expect(await bench.cache().get('k')).not.toBe('computed from what was')
    })

    test('whose tag is invalidated before the commit stores an entry that is never served', async () => {
      const cache = bench.cache()
      const ticket = await cache.begin('k', { tags: ['t'] })
      await bench.cache().invalidateTags(['t'])

      await ticket.commit('computed from what was')

      expect(await cache.get('k', { tags: ['t'] })).toBeUndefined()
      expect(await cache.get('k')).toBeUndefined()
    })

    test('that is released lets the next reader load at once', async () => {
      const cache = bench.cache()
      const ticket = await cache.begin('k')
      await ticket.release()

      expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
      expect(await ticket.commit('too late')).toBe('superseded')
      expect(await cache.get('k')).toBe('loaded')
    })

    test('can be committed again after a value that could not be stored', async () => {
      const cache = bench.cache()
      const ticket = await cache.begin('k')

      await expect(
        Promise.resolve().then(() => ticket.commit(() => undefined)),
      ).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })

      expect(await ticket.commit('fits')).toBe('stored')
    })
  })

  describe('touch', () => {
    test('makes an entry fresh for a ttl from now, and keeps its value and tags', async () => {
      const cache = bench.cache()
      await cache.set('k', { a: 1 }, { ttl: '1m', tags: ['t'] })

      expect(await cache.touch('k', { ttl: '1d' })).toBe(true)

      const [entry = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))
      expect(Number(await bench.send('PTTL', entry))).toBeGreaterThan(86_000_000)
      expect(await cache.get('k')).toEqual({ a: 1 })
      await cache.invalidateTags(['t'])
      expect(await cache.get('k')).toBeUndefined()
    })

    test('creates nothing where there is no entry', async () => {
      const cache = bench.cache()

      expect(await cache.touch('k')).toBe(false)

      expect(await cache.has('k')).toBe(false)
    })

    test('does not make an invalidated entry valid again', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'])

      expect(await cache.touch('k')).toBe(false)
      expect(await cache.get('k')).toBeUndefined()
    })

    test('does not undo a set that ran in the meantime', async () => {
      const other = bench.cache()
      await other.set('k', 'old')
      const redis = interrupt(bench.transport, 2, () => other.set('k', 'new'))

      expect(await bench.cache({ redis }).touch('k')).toBe(false)

      expect(await other.get('k')).toBe('new')
    })

    test('does not restore an entry that was deleted in the meantime', async () => {
      const other = bench.cache()
      await other.set('k', 'old')
      const redis = interrupt(bench.transport, 2, () => other.delete('k'))

      expect(await bench.cache({ redis }).touch('k')).toBe(false)

      expect(await other.get('k')).toBeUndefined()
    })

    test('does not make an entry fresh that a soft invalidation has made stale', async () => {
      const cache = bench.cache({ staleIfError: '1h' })
      await cache.set('k', 'old', { tags: ['t'] })
      await cache.invalidateTags(['t'], { mode: 'soft' })

      await cache.touch('k')

      expect(await cache.get('k')).toBeUndefined()
    })
  })

  describe('delete', () => {
    test('removes the entries of all keys it is given', async () => {
      const cache = bench.cache()
      await cache.setMany(
        new Map([
          ['a', 1],
          ['b', 2],
          ['c', 3],
        ]),
      )

      await bench.cache().delete('a', 'b', 'never stored')

      expect(await cache.getMany(['a', 'b', 'c'])).toEqual(new Map([['c', 3]]))
    })

    test('of no keys does nothing', async () => {
      const cache = bench.cache()
      await cache.set('k', 1)

      await cache.delete()

      expect(await cache.get('k')).toBe(1)
    })
  })
}
