/**
 * Contract of namespaces.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { type Bench, holdLoader } from './bench.ts'

/** Registers the tests. */
export function describeNamespaces(bench: Bench): void {
  describe('a namespace', () => {
    test('has keys of its own', async () => {
      const cache = bench.cache()
      const users = cache.namespace('users')
      const orders = cache.namespace('orders')
      await cache.set('1', 'outer')
      await users.set('1', 'user')
      await orders.set('1', 'order')

      expect(await cache.get('1')).toBe('outer')
      expect(await users.get('1')).toBe('user')
      expect(await orders.get('1')).toBe('order')
      await users.delete('1')
      expect(await orders.get('1')).toBe('order')
    })

    test('is the same for the same name', async () => {
      await bench.cache().namespace('a').namespace('b').set('k', 1)

      expect(await bench.cache().namespace('a').namespace('b').get('k')).toBe(1)
    })

    test('has a path in which one name cannot look like two', async () => {
      const cache = bench.cache({ namespace: 'app' })
      const nested = cache.namespace('a').namespace('b')
      const oddly = cache.namespace('a/b')
      await nested.set('k', 'nested')

      expect(nested.path).toBe('app/a/b')
      expect(oddly.path).not.toBe(nested.path)
      expect(await oddly.get('k')).toBeUndefined()
    })

    test('has tags of its own', async () => {
      const cache = bench.cache()
      const users = cache.namespace('users')
      await cache.set('k', 'outer', { tags: ['t'] })
      await users.set('k', 'inner', { tags: ['t'] })

      await cache.invalidateTags(['t'])

      expect(await cache.get('k')).toBeUndefined()
      expect(await users.get('k')).toBe('inner')
    })

    test('that is cleared loses its entries and those of the namespaces inside it', async () => {
      const cache = bench.cache()
      const a = cache.namespace('a')
      const ab = a.namespace('b')
      const abc = ab.namespace('c')
      const other = cache.namespace('other')
      const all = [cache, a, ab, abc, other]
      for (const namespace of all) await namespace.set('k', 'old')

      await ab.clear()
      expect(await Promise.all(all.map((one) => one.has('k')))).toEqual([
        true,
        true,
        false,
        false,
        true,
      ])

      await cache.clear()
      expect((await Promise.all(all.map((one) => one.has('k')))).every((has) => !has)).toBe(true)
    })

    test('can be used again after it was cleared', async () => {
      const users = bench.cache().namespace('users')
      await users.set('k', 'old')
      await users.clear()
      await users.set('k', 'new')

      expect(await users.get('k')).toBe('new')
      await users.clear()
      expect(await users.get('k')).toBeUndefined()
    })

    test('whose parent is cleared while it loads stores nothing old', async () => {
      const cache = bench.cache()
      const inner = cache.namespace('a').namespace('b')
      const held = holdLoader()
      const read = inner.getOrSet('k', held.load)
      await held.called

      await bench.cache().clear()
      held.release('old')
      await read

      expect(await inner.get('k')).toBeUndefined()
    })

    test('has defaults of its own, on top of those around it', async () => {
      const cache = bench.cache({ maxValueBytes: 10_000 })
      const users = cache.namespace('users', { negativeTtl: 0, tags: ['users'] })
      await users.getOrSet('missing', () => null)
      await users.set('ada', 1)
      await users.namespace('inner').set('ada', 2)

      expect(await users.has('missing')).toBe(false)
      await users.invalidateTags(['users'])
      expect(await users.get('ada')).toBeUndefined()
      expect(await users.namespace('inner').get('ada')).toBe(2)
    })

    test.each([
      ['empty', ''],
      ['longer than 64 bytes', 'x'.repeat(65)],
      ['a line break', 'a\nb'],
    ])('cannot have a name that is %s', (_what, name) => {
      expect(() => bench.cache().namespace(name)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_KEY' }),
      )
    })
  })

  describe('keys', () => {
    const list = async (keys: AsyncIterable<string>): Promise<string[]> => {
      const seen = new Set<string>()
      for await (const key of keys) seen.add(key)
      return [...seen].toSorted()
    }

    test('lists the keys of a namespace as they were given, without those of nested ones', async () => {
      const users = bench.cache().namespace('users')
      const keys = ['1', 'a:{b}', 'naïve 🦊*?[x]', '50% off', 'x'.repeat(300)]
      await users.setMany(new Map(keys.map((key) => [key, key])), { tags: ['t'] })
      await users.namespace('inner').set('inner', 1)
      await bench.cache().set('outer', 1)
      await (await users.begin('only leased')).release()

      expect(await list(users.keys())).toEqual(keys.toSorted())
      expect(await list(bench.cache().keys())).toEqual(['outer'])
      expect(await list(bench.cache({ prefix: 'other' }).keys())).toEqual([])
    })

    test('lists all stored entries, whether or not they may be served', async () => {
      const cache = bench.cache()
      await cache.set('k', 1)
      await cache.clear()

      expect(await list(cache.keys())).toEqual(['k'])
    })

    test('fails after all other keys if some keys are too long to have a readable name', async () => {
      const cache = bench.cache()
      await cache.set('short', 1)
      await cache.set('x'.repeat(600), 1)
      const seen: string[] = []

      const listing = (async () => {
        for await (const key of cache.keys()) seen.push(key)
      })()

      await expect(listing).rejects.toThrow('1 names cannot be read as keys')
      expect(seen).toEqual(['short'])
    })

    test('fails at once if keys are hashed', async () => {
      const cache = bench.cache({ hashKeys: { secret: '11'.repeat(32) } })
      await cache.set('k', 1)

      await expect(cache.keys().next()).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
    })
  })

  test('caches with different prefixes share one Redis and nothing else', async () => {
    const [a, b] = [bench.cache({ prefix: 'a' }), bench.cache({ prefix: 'b' })]
    await a.set('k', 'of a', { tags: ['t'] })
    await b.set('k', 'of b', { tags: ['t'] })

    await a.invalidateTags(['t'])
    await a.clear()
    await a.invalidatePattern('*')

    expect(await a.get('k')).toBeUndefined()
    expect(await b.get('k')).toBe('of b')
    expect((await bench.keys()).every((key) => /^[ab]:/.test(key))).toBe(true)
  })
}
