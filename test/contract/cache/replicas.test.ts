import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { ReplicatedRedis } from '../../support/replicated-transport.ts'
import { holdLoader, intercept } from './bench.ts'

const TAGS = ['t']

// The statements of the model on replicas (test/model/extensions.test.ts), tested on the real code.
describe('On a Redis whose replica lags', () => {
  let redis: ReplicatedRedis
  let here: RedisCacheManager
  let there: RedisCacheManager

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({ redis: redis.client(), jitter: 0, ...options })

  beforeEach(async () => {
    redis = new ReplicatedRedis()
    here = make()
    there = make()
    await here.set('k', 'old', { tags: TAGS })
    redis.catchUp()
  })

  test('a read elsewhere without a token can be as old as the replica', async () => {
    await here.invalidateTags(TAGS)

    expect(await there.get('k', { tags: TAGS })).toBe('old')
  })

  test.each<[string, (cache: RedisCacheManager) => Promise<unknown>]>([
    ['a delete', (cache) => cache.delete('k')],
    ['a hard invalidation', (cache) => cache.invalidateTags(TAGS)],
    ['a soft invalidation', (cache) => cache.invalidateTags(TAGS, { mode: 'soft' })],
    ['a clear', (cache) => cache.clear()],
  ])('a read elsewhere with the token of %s honours it', async (_name, call) => {
    await call(here)
    const after = here.consistencyToken

    expect(await there.get('k', { tags: TAGS, after })).toBeUndefined()
    expect(await there.get('k', { after })).toBeUndefined()
    expect(await there.getMany(['k'], { tags: TAGS, after })).toEqual(new Map())
    expect(await there.getOrSet('k', () => 'new', { tags: TAGS, after })).toBe('new')
  })

  test('a read honours its own calls without a token', async () => {
    await here.invalidateTags(TAGS)

    expect(await here.get('k', { tags: TAGS })).toBeUndefined()
    expect(await here.getOrSet('k', () => 'new', { tags: TAGS })).toBe('new')
    expect(await here.get('k', { tags: TAGS })).toBe('new')
  })

  test('a read with a token honours its own calls as well', async () => {
    await there.set('other', 1)
    const after = there.consistencyToken
    await here.delete('k')

    // The token is older than the call of this cache.
    expect(await here.get('k', { after })).toBeUndefined()
  })

  test('a token costs one command more if the cache has a token of its own', async () => {
    const fresh = make()
    await here.set('other', 1)
    const after = here.consistencyToken

    await fresh.get('other', { after })
    expect(fresh.redis.counts).toMatchObject({ requests: 1, commands: 1 })
    await there.set('own', 1)
    const { requests } = there.redis.counts
    await there.get('other', { after })
    expect(there.redis.counts.requests - requests).toBe(2)
  })

  test('a hit with a token is a hit', async () => {
    await here.set('k', 'new', { tags: TAGS })
    const loader = vi.fn(() => 'loaded')

    const after = here.consistencyToken
    expect(await there.getOrSet('k', loader, { tags: TAGS, after })).toBe('new')
    expect(await there.get('k', { after })).toBe('new')
    expect(loader).not.toHaveBeenCalled()
  })

  test('a read with a token uses no near copy', async () => {
    const near = make({ near: { ttl: '1h' } })
    expect(await near.get('k', { tags: TAGS })).toBe('old')
    await here.invalidateTags(TAGS)

    expect(await near.get('k', { tags: TAGS })).toBe('old')
    const after = here.consistencyToken
    expect(await near.getOrSet('k', () => 'new', { tags: TAGS, after })).toBe('new')
  })

  test('waiters with a token do not share the looks of waiters without one', async () => {
    const held = holdLoader()
    const loading = here.getOrSet('cold', held.load)
    await held.called
    redis.catchUp()
    const client = redis.client()
    // Ahead of the other's clock, so that the entry it stores is not from the future.
    const platform = new ManualPlatform({ startAt: Date.now() + 60_000 })
    let tokens: (string | undefined)[] = []
    const waiting = new RedisCacheManager({
      platform,
      redis: intercept(client, (request) => {
        tokens.push(request.upstashSyncToken)
        return client.request(request)
      }),
    })
    const after = here.consistencyToken
    const plain = waiting.getOrSet('cold', held.load)
    const demanding = waiting.getOrSet('cold', held.load, { after })
    await platform.advance(0)
    tokens = []

    await platform.advance(8)

    expect(tokens.toSorted()).toEqual([after, undefined])
    held.release('loaded')
    await loading
    redis.catchUp()
    await platform.advance(1_000)
    expect(await Promise.all([plain, demanding])).toEqual(['loaded', 'loaded'])
    expect(held.calls).toBe(1)
  })

  test('a load whose look was answered by a replica stores a value that later readers may get', async () => {
    await here.invalidateTags(TAGS)
    redis.catchUp()
    await here.getOrSet('k', () => 'new', { tags: TAGS })

    // The replica shows the entry from before as invalid, and not yet the new one.
    const loader = vi.fn(() => 'newer')
    const read = there.getOrSet('k', loader, { tags: TAGS })
    redis.catchUp()

    expect(await read).toBe('new')
    expect(loader).not.toHaveBeenCalled()
  })
})

test('Without tokens in Redis, the token is empty, and an empty token requires nothing', async () => {
  const cache = new RedisCacheManager({ redis: embeddedTransport() })
  await cache.set('k', 'v')

  expect(cache.consistencyToken).toBe('')
  expect(await cache.get('k', { after: cache.consistencyToken })).toBe('v')
  expect(await cache.get('k', { after: 'token-of-another-database' })).toBe('v')
})
