import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { holdLoader } from './bench.ts'

type Kind = 'fresh' | 'stale' | 'stale-if-error'

describe('The option freshness', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
  })

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({ redis: embeddedTransport({ engine }), platform, jitter: 0, ...options })
  const saying = (kind: Kind) => ({ freshness: () => kind })

  test('makes a young value stale: it is served while it is refreshed', async () => {
    const cache = make()
    await cache.set('k', 'old')

    const served = await cache.getOrSet('k', () => 'new', saying('stale'))
    await platform.settle()

    expect(served).toBe('old')
    expect(await cache.get('k')).toBe('new')
  })

  test('lets a young value be served only if the load fails, and passes it to the loader', async () => {
    const cache = make()
    await cache.set('k', 'old')
    const failing = (): never => {
      throw new Error('the source is away')
    }

    expect(await cache.getOrSet('k', failing, saying('stale-if-error'))).toBe('old')
    const loaded = await cache.getOrSet(
      'k',
      ({ previous }) => `after ${previous}`,
      saying('stale-if-error'),
    )

    expect(loaded).toBe('after old')
    expect(await cache.get('k')).toBe('after old')
  })

  test('makes a get of a value that is not fresh a miss', async () => {
    const cache = make()
    await cache.set('k', 'v')

    expect(await cache.get('k', saying('stale'))).toBeUndefined()
    expect(await cache.get('k', saying('fresh'))).toBe('v')
  })

  test('does not make a value fresh that is stale by age', async () => {
    const cache = make({ ttl: '1s', staleIfError: '1m' })
    await cache.set('k', 'old')
    await platform.advance(1_000)

    expect(await cache.getOrSet('k', () => 'new', saying('fresh'))).toBe('new')
  })

  test('is applied to near copies, verified ones included', async () => {
    for (const near of [{ ttl: '1m' }, { verify: true }] as const) {
      const cache = make({ near })
      await cache.set('k', 'old')
      await cache.get('k')

      const value = await cache.getOrSet('k', () => 'new', saying('stale-if-error'))

      expect(value).toBe('new')
    }
  })

  test('of a namespace applies to calls whose only options are tags', async () => {
    const cache = make({ near: { ttl: '1m' } }).namespace('n', saying('stale-if-error'))
    await cache.set('k', 'old', { tags: ['t'] })

    expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new')
    expect(await cache.getOrSet('k', () => 'newer', { tags: ['t'] })).toBe('newer')
  })

  test('is applied by each waiter on its own, though waiters share looks', async () => {
    const [holder, cache] = [make(), make()]
    const held = holdLoader()
    const load = holder.getOrSet('k', held.load)
    await held.called
    const [content, strict] = [vi.fn(() => 'mine'), vi.fn(() => 'mine')]
    const reads = Promise.all([
      cache.getOrSet('k', content),
      cache.getOrSet('k', strict, saying('stale-if-error')),
    ])
    for (let i = 0; i < 3; i++) await platform.advance(50)
    held.release('theirs')
    await load
    for (let i = 0; i < 6; i++) await platform.advance(250)

    expect(await reads).toEqual(['theirs', 'mine'])
    expect(content).not.toHaveBeenCalled()
  })

  test('must be a function', () => {
    expect(() => make({ freshness: 'fresh' as never })).toThrow(InvalidOptionError)
  })
})
