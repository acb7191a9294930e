/**
 * Contract of the operations on many keys.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import { type Bench, holdLoader } from './bench.ts'

/** Registers the tests. */
export function describeMany(bench: Bench): void {
  const loadAll = async (keys: readonly string[]): Promise<Map<string, string>> =>
    new Map(keys.map((key) => [key, `loaded ${key}`]))

  describe('getMany', () => {
    test('returns the fresh values among the keys, a stored undefined included', async () => {
      const cache = bench.cache()
      await cache.set('a', 1)
      await cache.set('nothing', undefined)
      await cache.set('old', 3, { tags: ['t'] })
      await cache.invalidateTags(['t'])

      const values = await cache.getMany(['nothing', 'a', 'old', 'absent', 'a'])

      expect([...values]).toEqual([
        ['nothing', undefined],
        ['a', 1],
      ])
    })

    test('of no keys is empty', async () => {
      expect(await bench.cache().getMany([])).toEqual(new Map())
    })
  })

  describe('setMany', () => {
    test('stores all values with the same tags', async () => {
      const cache = bench.cache()
      const entries = new Map([
        ['a', 1],
        ['b', 2],
      ])

      const results = await cache.setMany(entries, { tags: ['t'] })

      expect(results).toEqual(
        new Map([
          ['a', 'stored'],
          ['b', 'stored'],
        ]),
      )
      expect(await bench.cache().getMany(['a', 'b'])).toEqual(entries)
      await cache.invalidateTags(['t'])
      expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
    })

    test('stores nothing when one of the values cannot be stored', async () => {
      const cache = bench.cache()
      await cache.set('a', 'before')

      const written = cache.setMany(
        new Map<string, unknown>([
          ['a', 'after'],
          ['b', () => undefined],
        ]),
      )

      await expect(written).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
      expect(await cache.getMany(['a', 'b'])).toEqual(new Map([['a', 'before']]))
    })

    test('keeps null and undefined for negativeTtl, as set does', async () => {
      const cache = bench.cache({ ttl: '1h', negativeTtl: '1m' })

      await cache.setMany(new Map([['missing', null]]))

      const [entry = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))
      expect(Number(await bench.send('PTTL', entry))).toBeLessThanOrEqual(60_000)
    })
  })

  describe('getOrSetMany', () => {
    test('loads all missing keys with one call of the loader, and no others', async () => {
      const cache = bench.cache()
      await cache.set('b', 'stored b')
      const loader = vi.fn(loadAll)

      const values = await cache.getOrSetMany(['a', 'b', 'c', 'a'], loader)

      expect([...values]).toEqual([
        ['a', 'loaded a'],
        ['b', 'stored b'],
        ['c', 'loaded c'],
      ])
      expect(loader).toHaveBeenCalledTimes(1)
      expect(loader).toHaveBeenCalledWith(
        ['a', 'c'],
        expect.objectContaining({ signal: expect.any(AbortSignal) }),
      )
      expect(await bench.cache().getMany(['a', 'b', 'c'])).toEqual(values)
    })

    test('calls no loader when no key is missing', async () => {
      const cache = bench.cache()
      await cache.setMany(new Map([['a', 1]]))
      const loader = vi.fn(loadAll)

      await cache.getOrSetMany(['a'], loader)
      await cache.getOrSetMany([], loader)

      expect(loader).not.toHaveBeenCalled()
    })

    test('gives a key that the loader leaves out the value undefined', async () => {
      const cache = bench.cache()

      const values = await cache.getOrSetMany(['a', 'b'], async () => new Map([['a', 1]]))

      expect([...values]).toEqual([
        ['a', 1],
        ['b', undefined],
      ])
      expect((await cache.lookup('b')).outcome.kind).toBe('hit')
    })

    test("passes the loader's error on as the same object, and stores nothing", async () => {
      const cache = bench.cache()
      const outage = new Error('database is down')

      const read = cache.getOrSetMany(['a', 'b'], () => Promise.reject(outage))

      await expect(read).rejects.toBe(outage)
      expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
      await expect.poll(async () => (await bench.keys()).join().includes(':l:')).toBe(false)
    })

    test('fails with a typed error when the loader returns no Map', async () => {
      const cache = bench.cache()

      const read = cache.getOrSetMany(['a'], (() => ({ a: 1 })) as never)

      await expect(read).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'loader' })
    })

    test('loads no key twice when two caches read overlapping keys at once', async () => {
      const [one, two] = [bench.cache(), bench.cache()]
      const goOn = Promise.withResolvers<void>()
      const loaded: string[] = []
      const loads = ['a,b,c', 'd'].map((keys) => {
        const called = Promise.withResolvers<void>()
        const loader = async (wanted: readonly string[]): Promise<Map<string, string>> => {
          if (wanted.join() === keys) called.resolve()
          loaded.push(...wanted)
          await goOn.promise
          return loadAll(wanted)
        }
        return { loader, called: called.promise }
      })
      const loadAgain = vi.fn(loadAll)

      const reads = [one.getOrSetMany(['a', 'b', 'c'], loads[0]?.loader ?? loadAgain)]
      await loads[0]?.called
      reads.push(two.getOrSetMany(['c', 'b', 'd'], loads[1]?.loader ?? loadAgain))
      await loads[1]?.called
      reads.push(one.getOrSetMany(['d', 'a'], loadAgain))
      goOn.resolve()

      for (const values of await Promise.all(reads)) {
        for (const [key, value] of values) expect(value).toBe(`loaded ${key}`)
      }
      expect(loaded.toSorted()).toEqual(['a', 'b', 'c', 'd'])
      expect(loadAgain).not.toHaveBeenCalled()
    })

    test.each([
      ['delete', (cache: ReturnType<Bench['cache']>) => cache.delete('a', 'b')],
      ['invalidateTags', (cache: ReturnType<Bench['cache']>) => cache.invalidateTags(['t'])],
    ])('stores nothing that was loaded before a %s', async (_name, call) => {
      const cache = bench.cache()
      const held = holdLoader<Map<string, string>>()
      const read = cache.getOrSetMany(['a', 'b'], held.load, { tags: ['t'] })
      await held.called

      await call(bench.cache())
      held.release(
        new Map([
          ['a', 'old'],
          ['b', 'old'],
        ]),
      )
      await read

      expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
      expect(await cache.getOrSetMany(['a', 'b'], loadAll, { tags: ['t'] })).toEqual(
        await loadAll(['a', 'b']),
      )
    })

    test('shares the load of a key with getOrSet', async () => {
      const cache = bench.cache()
      const held = holdLoader()
      const single = cache.getOrSet('a', held.load)
      await held.called
      const many = cache.getOrSetMany(['a', 'b'], loadAll)
      held.release('loaded by getOrSet')

      expect(await many).toEqual(
        new Map([
          ['a', 'loaded by getOrSet'],
          ['b', 'loaded b'],
        ]),
      )
      await single
    })
  })
}
