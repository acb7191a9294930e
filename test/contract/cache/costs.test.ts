import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { holdLoader } from './bench.ts'

const THOUSAND = Array.from({ length: 1_000 }, (_, i) => `k${i}`)

// I12
describe('The cost of an operation', () => {
  let platform: ManualPlatform
  let redis: CountingTransport

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = countingTransport(embeddedTransport({ platform }))
  })

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({ redis, platform, jitter: 0, ...options })

  /** Requests and commands that `run` takes, in the notation of the documentation. */
  async function cost(run: () => unknown): Promise<string> {
    redis.reset()
    await run()
    const { requests, commands } = redis.counts
    return `${requests} / ${commands}`
  }

  describe('reads', () => {
    test('a near hit is free', async () => {
      const cache = make({ near: { ttl: '1m' } })
      await cache.getOrSet('k', () => 'v', { tags: ['t'] })

      expect(await cost(() => cache.getOrSet('k', () => 'v', { tags: ['t'] }))).toBe('0 / 0')
      expect(await cost(() => cache.get('k'))).toBe('0 / 0')
      expect(await cost(() => cache.getMany(['k']))).toBe('0 / 0')
    })

    test('a verified near hit is one request of two commands, without the payload', async () => {
      const cache = make({ near: { verify: true } })
      await cache.getOrSet('k', () => 'v', { tags: ['t', 'u'] })

      expect(await cost(() => cache.getOrSet('k', () => 'v'))).toBe('1 / 2')
      expect(redis.names).toEqual(['GETRANGE', 'MGET'])
    })

    test('a remote hit is one command, whatever the number of its tags', async () => {
      const cache = make()
      const tags = ['a', 'b', 'c', 'd']
      await cache.set('k', 'v', { tags })

      expect(await cost(() => cache.getOrSet('k', () => 'v', { tags }))).toBe('1 / 1')
      expect(await cost(() => cache.get('k', { tags }))).toBe('1 / 1')
      expect(await cost(() => cache.has('k', { tags }))).toBe('1 / 1')
    })

    test('a remote hit of an entry with tags that the call does not declare is two commands', async () => {
      const cache = make()
      await cache.set('k', 'v', { tags: ['a', 'b', 'c'] })

      expect(await cost(() => cache.get('k'))).toBe('2 / 2')
      expect(await cost(() => cache.getOrSet('k', () => 'v', { tags: ['a'] }))).toBe('2 / 2')
    })

    test('a hit deep inside nested namespaces with prefixes is still one command', async () => {
      const inner = make({ prefixes: ['u:'] })
        .namespace('a')
        .namespace('b', { prefixes: ['u:', 'u:1'] })
      await inner.set('u:1', 'v')

      expect(await cost(() => inner.get('u:1'))).toBe('1 / 1')
    })

    test('a miss is look, acquire and commit, which includes creating markers', async () => {
      const cache = make({ prefixes: ['k'] })

      expect(await cost(() => cache.getOrSet('k', () => 'v', { tags: ['a', 'b'] }))).toBe('3 / 3')
      expect(redis.names).toEqual(['MGET', 'EVALSHA', 'EVALSHA'])
    })

    test('a miss whose loader sets late tags takes one command more', async () => {
      const cache = make({ lateTags: true })
      const load = (): Promise<number> =>
        cache.getOrSet('k', ({ setTags }) => {
          setTags(['a', 'b'])
          return 1
        })

      expect(await cost(load)).toBe('4 / 4')
    })

    test('a failed load and a skipped one are look, acquire and release', async () => {
      const cache = make()
      const failing = (): Promise<unknown> =>
        cache.getOrSet('k', () => Promise.reject(new Error('no'))).catch(() => undefined)

      expect(await cost(failing)).toBe('3 / 3')
      expect(await cost(() => cache.getOrSet('k', ({ skip }) => skip()))).toBe('3 / 3')
    })

    test('a stale hit is one command before the answer, and two in the background', async () => {
      const cache = make({ ttl: '1m', staleWhileRevalidate: '1h' })
      await cache.set('k', 'old')
      await platform.advance(61_000)
      const held = holdLoader()

      expect(await cost(() => cache.getOrSet('k', held.load))).toMatch(/^[12] /)
      await held.called
      held.release('new')
      await platform.settle()

      expect(redis.names).toEqual(['MGET', 'EVALSHA', 'EVALSHA'])
      expect(await cache.get('k')).toBe('new')
    })

    test('a reader that joins a running load looks once', async () => {
      const cache = make()
      const held = holdLoader()
      const leader = cache.getOrSet('k', held.load)
      await held.called

      redis.reset()
      const joiner = cache.getOrSet('k', held.load)
      await platform.advance(0)
      expect(redis.counts).toEqual({ requests: 1, commands: 1 })
      held.release('v')
      await Promise.all([leader, joiner])
    })
  })

  describe('writes', () => {
    test('a set, and a ticket, is take and commit', async () => {
      const cache = make()
      const commit = async (): Promise<unknown> => (await cache.begin('k')).commit('v')

      expect(await cost(() => cache.set('k', 'v', { tags: ['a', 'b'] }))).toBe('2 / 2')
      expect(await cost(commit)).toBe('2 / 2')
    })

    test('a relaxed set is one command', async () => {
      const cache = make({ consistency: 'relaxed' })

      expect(await cost(() => cache.set('k', 'v', { tags: ['a', 'b'] }))).toBe('1 / 1')
    })

    test('setMany of n is two requests of n commands each', async () => {
      const cache = make()
      const entries = new Map(THOUSAND.slice(0, 50).map((key) => [key, key]))

      expect(await cost(() => cache.setMany(entries, { tags: ['t'] }))).toBe('2 / 100')
    })

    test('a touch is look and replace', async () => {
      const cache = make()
      await cache.set('k', 'v', { tags: ['t'] })

      expect(await cost(() => cache.touch('k', { tags: ['t'] }))).toBe('2 / 2')
    })

    test('a delete is one command for any number of keys', async () => {
      const cache = make()

      expect(await cost(() => cache.delete('k'))).toBe('1 / 1')
      expect(await cost(() => cache.delete(...THOUSAND))).toBe('1 / 1')
      expect(await cost(() => cache.delete())).toBe('0 / 0')
    })
  })

  describe('invalidation', () => {
    test.each(['hard', 'soft'] as const)('of n tags (%s) is one command', async (mode) => {
      const cache = make({ lateTags: true })
      const tags = THOUSAND.slice(0, 64)
      await cache.setMany(new Map(THOUSAND.map((key) => [key, key])), { tags: ['k1'] })

      expect(await cost(() => cache.invalidateTags(tags, { mode }))).toBe('1 / 1')
      expect(await cost(() => cache.invalidateTags(['k1'], { mode }))).toBe('1 / 1')
      expect(await cost(() => cache.invalidateTags([], { mode }))).toBe('0 / 0')
    })

    test('of a namespace, or of a declared prefix, is one command', async () => {
      const cache = make({ prefixes: ['k'] })
      await cache.setMany(new Map(THOUSAND.map((key) => [key, key])))

      expect(await cost(() => cache.invalidatePattern('k*'))).toBe('1 / 1')
      expect(await cost(() => cache.clear())).toBe('1 / 1')
      expect(await cache.getMany(THOUSAND)).toEqual(new Map())
    })
  })

  describe('many at once', () => {
    test('getMany of 1,000 keys is one command', async () => {
      const cache = make()
      await cache.setMany(new Map(THOUSAND.map((key) => [key, key])))

      expect(await cost(() => cache.getMany(THOUSAND))).toBe('1 / 1')
    })

    test('1,000 gets of different keys in one tick are four requests of eight commands', async () => {
      const cache = make()
      await cache.setMany(new Map(THOUSAND.map((key) => [key, key])))
      const getAll = (): Promise<unknown> => Promise.all(THOUSAND.map((key) => cache.get(key)))

      // Each entry with its lease, and once per command the marker that all entries share.
      expect(await cost(getAll)).toBe('4 / 8')
    })

    test('1,000 gets of one key in one tick are one command', async () => {
      const cache = make()
      await cache.set('k', 'v')

      expect(await cost(() => Promise.all(THOUSAND.map(() => cache.get('k'))))).toBe('1 / 1')
    })

    test('1,000 reads of one cold key are one load, at the cost of one miss', async () => {
      const cache = make()
      const loader = vi.fn(async () => 'v')
      const readAll = (): Promise<string[]> =>
        Promise.all(THOUSAND.map(() => cache.getOrSet('k', loader)))

      expect(await cost(readAll)).toBe('3 / 3')
      expect(loader).toHaveBeenCalledTimes(1)
    })

    test('getOrSetMany of n cold keys is three requests', async () => {
      const cache = make()
      const load = async (keys: readonly string[]): Promise<Map<string, string>> =>
        new Map(keys.map((key) => [key, key]))
      const keys = THOUSAND.slice(0, 10)

      expect(await cost(() => cache.getOrSetMany(keys, load))).toBe('3 / 21')
      expect(await cost(() => cache.getOrSetMany(keys, load))).toBe('1 / 1')
    })
  })
})
