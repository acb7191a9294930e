import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import {
  expectCached,
  expectMissed,
  recordEvents,
  UnexpectedOutcomeError,
} from '../../../src/testing/cache-events.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { everythingIn } from '../../support/leaks.ts'

describe('helpers for tests of code that uses a cache', () => {
  let platform: ManualPlatform
  let redis: ReturnType<typeof chaosTransport>
  let cache: RedisCacheManager

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = chaosTransport(embeddedTransport({ platform }), { enabled: false, faults: { fail: 1 } })
    cache = new RedisCacheManager({ redis, platform, jitter: 0, retries: 0 })
  })

  describe('recordEvents', () => {
    test('sorts what a cache and its namespaces do into hits, misses and loads', async () => {
      const events = recordEvents(cache)
      const users = cache.namespace('users')
      await users.get('k')
      await Promise.all([users.getOrSet('k', () => 1), users.getOrSet('k', () => 2)])
      await users.get('k')
      await cache.delete('k')

      expect(events.misses.map(({ operation }) => operation)).toEqual([
        'get',
        'getOrSet',
        'getOrSet',
      ])
      expect(events.loads).toHaveLength(1)
      expect(events.hits).toMatchObject([
        { operation: 'get', namespace: 'default/users', key: 'k' },
      ])
      expect(events.last).toMatchObject({ operation: 'delete' })
      expect(events.all).toHaveLength(5)
    })

    test('counts a stale answer as a hit, and its background load as a load and no miss', async () => {
      const options = { ttl: '1m', staleWhileRevalidate: '1h' } as const
      await cache.set('k', 'old', options)
      await platform.advance(60_000)
      const events = recordEvents(cache)

      expect(await cache.getOrSet('k', () => 'new', options)).toBe('old')
      await platform.settle()

      expect(events.hits).toMatchObject([{ outcome: { freshness: 'stale' } }])
      expect(events.loads).toMatchObject([{ operation: 'refresh' }])
      expect(events.misses).toEqual([])
    })

    test('drops its events on clear, and stops', async () => {
      const events = recordEvents(cache)
      await cache.get('k')
      events.clear()
      expect(events.all).toEqual([])
      expect(events.last).toBeUndefined()

      events.stop()
      await cache.get('k')
      expect(events.all).toEqual([])
    })
  })

  describe('expectCached', () => {
    test('gives the value, a stored undefined too', async () => {
      await cache.set('k', 'value')
      await cache.set('none', undefined)

      expect(await expectCached(cache, 'k')).toBe('value')
      expect(await expectCached(cache.namespace('x'), 'k').catch(() => 'missed')).toBe('missed')
      expect(await expectCached(cache, 'none')).toBeUndefined()
    })

    test('fails with the reason of a miss, and names neither key nor value', async () => {
      await cache.set('SENTINEL', 'SENTINEL', { tags: ['t'] })
      await cache.invalidateTags(['t'])

      const error = await expectCached(cache, 'SENTINEL').catch((thrown: unknown) => thrown)

      expect(error).toBeInstanceOf(UnexpectedOutcomeError)
      expect(error).toMatchObject({
        message: 'Expected a hit, but the read was a miss (invalidated)',
        outcome: { kind: 'miss', reason: 'invalidated' },
      })
      expect(everythingIn(error)).not.toContain('SENTINEL')
    })

    test('reads with the options of the code under test', async () => {
      await cache.set('k', 'value', { tags: ['a'] })

      await expect(expectCached(cache, 'k', { tags: ['b'] })).rejects.toThrow('undeclared-tag')
      expect(await expectCached(cache, 'k', { tags: ['a'] })).toBe('value')
    })
  })

  describe('expectMissed', () => {
    test('passes on a miss, for any reason or for the one given', async () => {
      await cache.set('k', 'value', { ttl: '1m' })
      await platform.advance(60_000)

      await expectMissed(cache, 'never set')
      await expectMissed(cache, 'never set', 'absent')
      await expectMissed(cache, 'k', 'absent')
    })

    test('fails on a hit, and on a miss for another reason', async () => {
      await cache.set('k', 'value')

      await expect(expectMissed(cache, 'k')).rejects.toThrow(
        'Expected a miss, but the read was a hit (remote, fresh)',
      )
      await expect(expectMissed(cache, 'none', 'invalidated')).rejects.toThrow(
        'Expected a miss (invalidated), but the read was a miss (absent)',
      )
    })

    test('does not accept an unreachable Redis as a miss', async () => {
      redis.chaos.enabled = true

      await expect(expectMissed(cache, 'k')).rejects.toThrow('a miss (unavailable)')
      await expectMissed(cache, 'k', 'unavailable')
    })
  })
})
