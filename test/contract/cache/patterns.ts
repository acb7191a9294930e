/**
 * Contract of invalidation by pattern, declared prefixes included.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import type { Bench } from './bench.ts'

/** Registers the tests. */
export function describePatterns(bench: Bench): void {
  async function fill(cache: CacheNamespace, keys: readonly string[]): Promise<void> {
    await cache.setMany(new Map(keys.map((key) => [key, key])))
  }

  async function left(cache: CacheNamespace, keys: readonly string[]): Promise<string[]> {
    return [...(await cache.getMany(keys)).keys()]
  }

  describe('invalidatePattern', () => {
    test.each([
      ['user:*', ['user:1', 'user:2', 'user:'], ['users:1', 'a user:1', 'order:1']],
      ['*:1', ['user:1', ':1'], ['user:2', 'user:11', '1']],
      ['*', ['a', 'b:c', '[x]', 'ünï'], []],
      ['a*c*e', ['ace', 'abcde', 'accce'], ['ac', 'abcd', 'aec']],
      ['user:1', ['user:1'], ['user:10', 'xuser:1', 'user:*']],
      ['user:?', ['user:1', 'user:ü', 'user:🌍'], ['user:10', 'user:', 'order:1']],
      ['a\\*b', ['a*b'], ['axb', 'ab']],
      ['a[b]*', ['a[b]', 'a[b]c'], ['ab', 'abc']],
      ['ü*', ['ü', 'über'], ['u', 'ubar']],
      ['100%*', ['100%', '100% pure'], ['100', '1005']],
    ])('%s removes the keys that match, and no others', async (pattern, matching, others) => {
      const cache = bench.cache()
      const keys = [...matching, ...others]
      await fill(cache, keys)

      await bench.cache().invalidatePattern(pattern)

      expect(await left(cache, keys)).toEqual(others)
    })

    test('finds keys that are hashed because of their length', async () => {
      const cache = bench.cache()
      const long = `page:${'x'.repeat(2_000)}`
      const emoji = `page:${'🌍'.repeat(100)}`
      await fill(cache, [long, emoji, 'short'])

      await cache.invalidatePattern('page:*')

      expect(await left(cache, [long, emoji, 'short'])).toEqual(['short'])
    })

    test('matches one long key given in full', async () => {
      const cache = bench.cache()
      const long = `page:${'x'.repeat(900)}`
      await fill(cache, [long, `${long}y`])

      await cache.invalidatePattern(long)

      expect(await left(cache, [long, `${long}y`])).toEqual([`${long}y`])
    })

    test('stays within its namespace', async () => {
      const cache = bench.cache()
      const inner = cache.namespace('inner')
      await fill(cache, ['k'])
      await fill(inner, ['k'])

      await cache.invalidatePattern('*')

      expect(await cache.get('k')).toBeUndefined()
      expect(await inner.get('k')).toBe('k')
    })

    test('sweeps more entries than one step of a scan returns', async () => {
      const cache = bench.cache()
      const keys = Array.from({ length: 2_500 }, (_, i) => `user:${i}`)
      await fill(cache, [...keys, 'order:1'])

      await cache.invalidatePattern('user:*')

      expect(await left(cache, keys)).toEqual([])
      expect(await cache.get('order:1')).toBe('order:1')
    })

    test('is refused if keys are hashed with a secret', async () => {
      const cache = bench.cache({ hashKeys: { secret: '11'.repeat(32) } })

      await expect(cache.invalidatePattern('user:*')).rejects.toMatchObject({
        code: 'ERR_INVALID_KEY',
      })
    })

    test.each([
      ['empty', ''],
      ['longer than 1,024 bytes', 'x'.repeat(1_025)],
      ['ends in a lone escape', 'user:\\'],
      ['has more than 32 wildcards', 'a*'.repeat(33)],
    ])('refuses a pattern that is or has: %s', async (_what, pattern) => {
      await expect(bench.cache().invalidatePattern(pattern)).rejects.toMatchObject({
        code: 'ERR_INVALID_KEY',
      })
    })
  })

  describe('a declared prefix', () => {
    test('is invalidated with all keys that begin with it', async () => {
      const cache = bench.cache({ prefixes: ['user:', 'user:admin:'] })
      const keys = ['user:1', 'user:admin:1', 'order:1']
      await fill(cache, keys)

      await cache.invalidatePattern('user:admin:*')
      expect(await left(cache, keys)).toEqual(['user:1', 'order:1'])

      await fill(cache, keys)
      await cache.invalidatePattern('user:*')
      expect(await left(cache, keys)).toEqual(['order:1'])
    })

    test('works if keys are hashed', async () => {
      const cache = bench.cache({ prefixes: ['user:'], hashKeys: { secret: '11'.repeat(32) } })
      const keys = ['user:1', 'order:1']
      await fill(cache, keys)

      await cache.invalidatePattern('user:*')

      expect(await left(cache, keys)).toEqual(['order:1'])
    })

    test('of one cache makes entries that were stored without it a miss', async () => {
      const before = bench.cache()
      const after = bench.cache({ prefixes: ['user:'] })
      await before.set('user:1', 'stored before the prefix was declared')

      expect(await after.get('user:1')).toBeUndefined()
    })

    test('is honoured by a cache that does not declare it', async () => {
      const declaring = bench.cache({ prefixes: ['user:'] })
      const plain = bench.cache()
      await declaring.set('user:1', 'old')
      expect(await plain.get('user:1')).toBe('old')

      await declaring.invalidatePattern('user:*')

      expect(await plain.get('user:1')).toBeUndefined()
    })

    test('of a namespace is its own', async () => {
      const cache = bench.cache({ prefixes: ['user:'] })
      const inner = cache.namespace('inner', { prefixes: ['user:'] })
      await cache.set('user:1', 'outer')
      await inner.set('user:1', 'inner')

      await inner.invalidatePattern('user:*')

      expect(await cache.get('user:1')).toBe('outer')
      expect(await inner.get('user:1')).toBeUndefined()
    })

    test('is not mistaken for a tag of the same text', async () => {
      const cache = bench.cache({ prefixes: ['user:'] })
      await cache.set('user:1', 'kept', { tags: ['other'] })
      await cache.set('order:1', 'dropped', { tags: ['user:'] })

      await cache.invalidateTags(['user:'])

      expect(await cache.get('user:1')).toBe('kept')
      expect(await cache.get('order:1')).toBeUndefined()
    })
  })
}
