import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { ClosedError, RemoteError } from '../../../src/errors.ts'
import { type KeyvStore, keyvStore } from '../../../src/interop/keyv/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

describe('the store for Keyv', () => {
  let platform: ManualPlatform
  let redis: CountingTransport

  beforeEach(() => {
    platform = new ManualPlatform({ random: 0.99 })
    redis = countingTransport(embeddedTransport({ engine: new EmbeddedRedis({ platform }) }))
  })

  function make(options: Partial<CacheOptions> = {}, namespace?: string): KeyvStore {
    const store = keyvStore({ cache: new RedisCacheManager({ redis, platform, ...options }) })
    store.namespace = namespace
    return store
  }

  async function entriesOf(store: KeyvStore): Promise<[string, unknown][]> {
    const entries: [string, unknown][] = []
    for await (const entry of store.iterator()) entries.push(entry)
    return entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  }

  test('keeps a value exactly for its ttl, whatever the options of the cache', async () => {
    const store = make({ jitter: 0.5, staleIfError: '1h', near: { ttl: '1m' }, negativeTtl: '1s' })
    await store.set('k', 'value', 1_500)
    await store.set('null', null, 5_000)

    await platform.advance(1_499)
    expect(await store.get('k')).toBe('value')
    await platform.advance(1)
    expect(await store.get('k')).toBeUndefined()
    expect(await store.has('k')).toBe(false)
    expect(await store.get('null')).toBeNull()
    expect(await store.has('null')).toBe(true)
  })

  test('sets many entries at the cost of one, each with its own ttl', async () => {
    const store = make({}, 'users')

    const stored = await store.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 1_000 },
      { key: 'c', value: 3, ttl: -1 },
    ])

    expect(stored).toEqual([true, true, true])
    expect(redis.counts.requests).toBe(2)
    expect(await store.getMany(['a', 'b', 'c'])).toEqual([1, 2, undefined])
    await platform.advance(1_000)
    expect(await store.getMany(['a', 'b', 'c'])).toEqual([1, undefined, undefined])
  })

  test('has the methods of a store to which Keyv 6 leaves namespaces', () => {
    const store = make()
    const methods = 'get has hasMany set setMany delete deleteMany clear'.split(' ')

    for (const method of methods) expect(store).toHaveProperty(method, expect.any(Function))
    expect('namespace' in store).toBe(true)
  })

  test('keeps namespaces apart, and clears one by one command', async () => {
    const [users, orders] = [make({}, 'users'), make({}, 'orders')]
    await users.set('users:1', 'user')
    await orders.set('orders:1', 'order')
    redis.reset()

    await users.clear()

    expect(redis.names).toEqual(['DEL'])
    expect(await users.get('users:1')).toBeUndefined()
    expect(await orders.get('orders:1')).toBe('order')
  })

  test('without a namespace clears all of them, and nothing else of the cache', async () => {
    const cache = new RedisCacheManager({ redis, platform })
    await cache.set('k', 'of the cache')
    const store = keyvStore({ cache })
    store.namespace = 'users'
    await store.set('users:1', 'user')
    store.namespace = undefined
    await store.set('k', 'value')

    await store.clear()

    expect(await store.get('k')).toBeUndefined()
    store.namespace = 'users'
    expect(await store.get('users:1')).toBeUndefined()
    expect(await cache.get('k')).toBe('of the cache')
  })

  test('reads many in one request, in order', async () => {
    const store = make()
    await store.set('a', 1)
    await store.set('c', 3)
    redis.reset()

    expect(await store.getMany(['a', 'b', 'c'])).toEqual([1, undefined, 3])
    expect(await store.hasMany(['a', 'b', 'c'])).toEqual([true, false, true])
    expect(redis.counts.requests).toBe(2)
    expect(await store.getMany([])).toEqual([])
  })

  test('returns whether there was an entry to delete', async () => {
    const store = make()
    await store.set('a', 1)

    expect(await store.delete('none')).toBe(false)
    expect(await store.deleteMany(['none', 'a'])).toBe(true)
    expect(await store.deleteMany([])).toBe(false)
    expect(await store.get('a')).toBeUndefined()
  })

  test('iterates over valid entries, page by page', async () => {
    const store = make({}, 'n')
    const all = Array.from({ length: 250 }, (_, i): [string, number] => [
      `n:${String(i).padStart(3, '0')}`,
      i,
    ])
    await store.set('n:cleared', 1)
    await store.clear()
    await Promise.all(all.map(([key, value]) => store.set(key, value)))
    await store.set('n:over', 1, 10)
    await make({}, 'other').set('other:k', 1)
    await platform.advance(10)
    redis.reset()

    expect(await entriesOf(store)).toEqual(all)
    expect(redis.names.filter((name) => name === 'SCAN').length).toBeLessThan(5)
    expect(redis.counts.requests).toBeLessThan(10)
    expect(await entriesOf(make({}, 'empty'))).toEqual([])
  })

  test('stops when the reader stops', async () => {
    const store = make()
    await store.set('a', 1)
    await store.set('b', 2)
    const seen: string[] = []
    for await (const [key] of store.iterator()) {
      seen.push(key)
      break
    }

    expect(seen).toHaveLength(1)
  })

  test('never ends an incomplete list without an error', async () => {
    const store = make()
    await store.set('short', 1)
    await store.set('x'.repeat(600), 2)
    const iterator = store.iterator()

    expect(await iterator.next()).toEqual({ done: false, value: ['short', 1] })
    await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
    expect(await store.get('x'.repeat(600))).toBe(2)
  })

  test('throws when it should iterate over hashed keys', async () => {
    const store = make({ hashKeys: { secret: '11'.repeat(32) } })
    await store.set('k', 1)

    expect(await store.get('k')).toBe(1)
    await expect(store.iterator().next()).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
  })

  test('emits failed reads, which Keyv would drop, and rejects like any store', async () => {
    const away = chaosTransport(redis, { faults: { fail: 1 } })
    const store = keyvStore({
      cache: new RedisCacheManager({ redis: away, platform, retries: 0 }),
    })
    const onError = vi.fn<(error: unknown) => void>()
    const onOther = vi.fn()
    expect(store.on('error', onError).on('disconnect', onOther)).toBe(store)

    await expect(store.get('k')).rejects.toThrow(RemoteError)
    await expect(store.set('k', 1)).rejects.toThrow(RemoteError)
    await expect(store.delete('k')).rejects.toThrow(RemoteError)

    expect(onError.mock.calls).toEqual([[expect.any(RemoteError)]])
    expect(onOther).not.toHaveBeenCalled()
  })

  test('returns false for a set that a later one has superseded', async () => {
    const store = make()
    const results = await Promise.all([store.set('k', 1), store.set('k', 2)])

    expect(results.filter(Boolean)).toHaveLength(1)
    expect(await store.get('k')).toBe(results[0] ? 1 : 2)
  })

  test('closes a whole cache, and leaves the cache of a namespace open', async () => {
    const cache = new RedisCacheManager({ redis, platform })
    await keyvStore({ cache: cache.namespace('part') }).disconnect()
    const store = keyvStore({ cache })
    await store.set('k', 1)

    await store.disconnect()

    await expect(store.get('k')).rejects.toThrow(ClosedError)
  })

  test('refuses a misspelled option', () => {
    expect(() => keyvStore({ cache: {}, namespace: 'k' } as never)).toThrow(
      expect.objectContaining({ option: 'options.namespace' }),
    )
  })

  test.each([{}, { cache: 'redis://localhost' }])('refuses %o, which has no cache', (options) => {
    expect(() => keyvStore(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'cache' }),
    )
  })
})
