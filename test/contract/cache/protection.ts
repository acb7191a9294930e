/**
 * Contract of what can be seen in Redis (I6): encryption, hashed names, compression.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import type { CacheOptions } from '../../../src/cache/options.ts'
import type { StandardSchema } from '../../../src/cache/standard-schema.ts'
import type { Bench } from './bench.ts'

const SENTINELS = ['ada.lovelace@example.org', 'org-of-ada', 'secret-value', 'user-prefix']
const KEY = `user-prefix:${SENTINELS[0]}`
const SEALED: Partial<CacheOptions> = {
  hashKeys: { secret: '11'.repeat(32) },
  encryption: { keys: [{ id: 'k1', secret: '22'.repeat(32) }] },
  prefixes: ['user-prefix:'],
}

/** Registers the tests. */
export function describeProtection(bench: Bench): void {
  describe('with encryption and hashed keys', () => {
    test('no input of the caller is readable in Redis', async () => {
      const cache = bench.cache(SEALED)
      const value = { email: SENTINELS[0], note: SENTINELS[2], long: 'secret-value '.repeat(500) }
      const tags = ['org-of-ada']
      const inner = cache.namespace('inner', { lateTags: true })

      await cache.set(KEY, value, { tags })
      await cache.getOrSet(`${KEY}2`, () => value, { tags, staleIfError: '1h' })
      await cache.set(`${KEY}3`, value, { tags, consistency: 'relaxed', compression: false })
      await cache.setMany(new Map([[`${KEY}4`, value]]), { tags })
      await cache.touch(KEY, { tags })
      await inner.getOrSet(KEY, ({ setTags }) => {
        setTags(tags)
        return value
      })
      await cache.begin(`${KEY}5`, { tags })
      await cache.invalidateTags(tags, { mode: 'soft' })

      const dump = (await bench.dump()).toLowerCase()
      for (const sentinel of SENTINELS) {
        expect(dump).not.toContain(sentinel)
        expect(dump).not.toContain(btoa(sentinel).slice(0, 12).toLowerCase())
      }
      expect(await bench.cache(SEALED).get(`${KEY}4`)).toBeUndefined()
      expect(await bench.cache(SEALED).namespace('inner').get(KEY)).toEqual(value)
    })

    test('tags, prefixes, touch and invalidation work as without', async () => {
      const cache = bench.cache(SEALED)
      await cache.set(KEY, 'secret-value', { tags: ['t'] })
      expect(await cache.touch(KEY)).toBe(true)
      expect(await bench.cache(SEALED).get(KEY)).toBe('secret-value')

      await cache.invalidateTags(['t'])
      expect(await cache.get(KEY)).toBeUndefined()
      await cache.set(KEY, 'again')
      await cache.invalidatePattern('user-prefix:*')
      expect(await cache.get(KEY)).toBeUndefined()
      await cache.set(KEY, 'again')
      await cache.delete(KEY)
      expect(await cache.get(KEY)).toBeUndefined()
    })

    test('a touch keeps the stored value, even if a schema transforms it', async () => {
      const doubling: StandardSchema<number> = {
        '~standard': { version: 1, vendor: 'test', validate: (v) => ({ value: Number(v) * 2 }) },
      }
      const cache = bench.cache({ ...SEALED, schema: doubling })
      await cache.set(KEY, 21)

      expect(await cache.touch(KEY)).toBe(true)

      expect(await cache.get(KEY)).toBe(42)
    })

    test('an entry that was moved under another key is a miss', async () => {
      const cache = bench.cache({ ...SEALED, prefixes: [] })
      await cache.set('a', 'of a')
      const [entryOfA = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))
      await cache.set('b', 'of b')
      const entryOfB = (await bench.keys()).find((k) => k.includes(':e:') && k !== entryOfA) ?? ''

      await bench.send('SET', entryOfB, String(await bench.send('GET', entryOfA)))

      expect((await cache.lookup('b')).outcome).toMatchObject({ kind: 'miss', reason: 'corrupt' })
      expect(await cache.get('a')).toBe('of a')
    })

    test('an entry whose lifetimes were changed is a miss', async () => {
      const cache = bench.cache({ ...SEALED, prefixes: [] })
      await cache.set('a', 'of a')
      const [entry = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))
      const fields = String(await bench.send('GET', entry)).split(';')
      fields[3] = `${fields[3]}0`

      await bench.send('SET', entry, fields.join(';'))

      expect((await cache.lookup('a')).outcome).toMatchObject({ kind: 'miss', reason: 'corrupt' })
    })

    test('keys can be rotated: old ones still decrypt, unknown ones make misses', async () => {
      const old = { id: 'k1', secret: '22'.repeat(32) }
      const next = { id: 'k2', secret: '33'.repeat(32) }
      await bench.cache(SEALED).set(KEY, 'sealed with k1')
      const rotated = bench.cache({
        ...SEALED,
        encryption: {
          keys: [
            { ...next, use: 'primary' },
            { ...old, use: 'decrypt-only' },
          ],
        },
      })
      const retired = bench.cache({ ...SEALED, encryption: { keys: [next] } })

      expect(await rotated.get(KEY)).toBe('sealed with k1')
      expect((await retired.lookup(KEY)).outcome).toMatchObject({ reason: 'corrupt' })
      await rotated.set(KEY, 'sealed with k2')
      expect(await retired.get(KEY)).toBe('sealed with k2')
    })

    test('an unencrypted entry in place of an encrypted one is a miss', async () => {
      const { encryption: _left, ...plain } = SEALED
      await bench.cache(plain).set(KEY, 'planted')

      expect((await bench.cache(SEALED).lookup(KEY)).outcome).toMatchObject({ reason: 'corrupt' })
    })
  })

  describe('compression', () => {
    test('makes large values small in Redis, and changes nothing for readers', async () => {
      const value = { text: 'the same words again and again, '.repeat(1_000) }
      const cache = bench.cache()
      await cache.set('k', value)
      const [entry = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))

      expect(Number(await bench.send('STRLEN', entry))).toBeLessThan(2_000)
      expect(await cache.get('k')).toEqual(value)
    })

    test('can be turned off, and is not needed to read', async () => {
      const value = 'x'.repeat(5_000)
      const cache = bench.cache({ compression: false })
      await cache.set('plain', value)
      await bench.cache().set('compressed', value)
      const [entry = ''] = (await bench.keys()).filter((key) => key.includes('{plain}'))

      expect(String(await bench.send('GET', entry))).toContain(value)
      expect(await cache.get('compressed')).toBe(value)
      expect(await bench.cache().get('plain')).toBe(value)
    })
  })
}
