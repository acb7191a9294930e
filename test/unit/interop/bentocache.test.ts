import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { ClosedError, RemoteError } from '../../../src/errors.ts'
import { type BentocacheDriver, nearcacheDriver } from '../../../src/interop/bentocache/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

describe('the driver for bentocache', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let redis: CountingTransport
  let cache: RedisCacheManager
  let driver: BentocacheDriver

  beforeEach(() => {
    platform = new ManualPlatform({ random: 0.99 })
    engine = new EmbeddedRedis({ platform })
    redis = countingTransport(embeddedTransport({ engine }))
    // Options for other users of the cache must not affect the driver.
    cache = new RedisCacheManager({
      redis,
      platform,
      jitter: 0.5,
      staleWhileRevalidate: '1h',
      near: { ttl: '1m' },
      tags: ['of the cache'],
    })
    driver = make()
  })

  function make(prefix?: string): BentocacheDriver {
    const { factory, options } = nearcacheDriver({ cache, ...(prefix && { prefix }) })
    return factory(options)
  }

  test('keeps a value exactly for its ttl', async () => {
    await driver.set('k', 'value', 1_500)

    await platform.advance(1_499)
    expect(await driver.get('k')).toBe('value')
    await platform.advance(1)
    expect(await driver.get('k')).toBeUndefined()
  })

  test('keeps a value without ttl for ten years, and an expired one not at all', async () => {
    expect(await driver.set('k', 'value')).toBe(true)
    expect(await driver.set('zero', 'value', 0)).toBe(true)
    await platform.advance(9 * 365 * 86_400_000)
    expect(await driver.get('k')).toBe('value')
    expect(await driver.get('zero')).toBe('value')

    expect(await driver.set('k', 'newer', -5)).toBe(true)
    expect(await driver.get('k')).toBeUndefined()
  })

  test('sees at once what another process has stored and deleted', async () => {
    const elsewhere = new RedisCacheManager({ redis: embeddedTransport({ engine }), platform })
    const { factory, options } = nearcacheDriver({ cache: elsewhere })
    const other = factory(options)
    await driver.set('k', 'old')
    expect(await driver.get('k')).toBe('old')

    await other.set('k', 'new')
    expect(await driver.get('k')).toBe('new')
    await other.delete('k')
    expect(await driver.get('k')).toBeUndefined()
  })

  test('a hit is one command in one request, in a deep namespace too; so is a clear', async () => {
    const deep = driver.namespace('a').namespace('b').namespace('c')
    await deep.set('k', 'value')
    redis.reset()

    expect(await deep.get('k')).toBe('value')
    expect(redis.counts).toEqual({ requests: 1, commands: 1 })
    redis.reset()
    await driver.namespace('a').clear()
    await driver.clear()
    expect(redis.names).toEqual(['DEL', 'DEL'])
    expect(await deep.get('k')).toBeUndefined()
  })

  test('clears a namespace with everything in it, however it was stored', async () => {
    const users = driver.namespace('users')
    await users.set('1', 'a')
    await users.namespace('posts').set('1', 'b')
    await driver.set('users:2', 'c')
    await driver.set('users', 'not in it')
    await driver.set('users2:1', 'nor this')

    await users.clear()

    const keys = ['users:1', 'users:posts:1', 'users:2', 'users', 'users2:1']
    expect(await Promise.all(keys.map((key) => driver.get(key)))).toEqual([
      undefined,
      undefined,
      undefined,
      'not in it',
      'nor this',
    ])
  })

  test('a clear during a set is not undone by it', async () => {
    const users = driver.namespace('users')
    const setting = users.set('1', 'old')
    await users.clear()
    await setting

    await users.set('2', 'makes the marker anew')
    expect([undefined, 'old']).toContain(await users.get('1'))
    await users.clear()
    expect(await users.get('1')).toBeUndefined()
  })

  test.each([
    ['::'],
    [':starts'],
    ['ends:'],
    ['line\nbreak:k'],
    ['50%25:k'],
    [`${'x'.repeat(300)}:k`],
    ['a:'.repeat(40)],
    ['naïve 🦊:k'],
  ])('takes the key %j', async (key) => {
    expect(await driver.set(key, 'value')).toBe(true)
    expect(await driver.get(key)).toBe('value')
    expect(await driver.delete(key)).toBe(true)
    expect(await driver.get(key)).toBeUndefined()
  })

  test('clears namespaces whose names have control characters or percent signs', async () => {
    const names = ['line\nbreak', 'line%0Abreak', '50%']
    for (const name of names) await driver.namespace(name).set('k', name)

    await driver.namespace('line\nbreak').clear()

    const left = await Promise.all(names.map((name) => driver.namespace(name).get('k')))
    expect(left).toEqual([undefined, 'line%0Abreak', '50%'])
  })

  test.each([
    ['empty', (d: BentocacheDriver) => d.namespace('')],
    ['longer than 256 bytes', (d: BentocacheDriver) => d.namespace('é'.repeat(129))],
    ['deeper than 16 names', (d: BentocacheDriver) => d.namespace(`${'a:'.repeat(16)}a`)],
  ])('refuses a namespace that is %s, as it could not clear it', (_what, open) => {
    expect(() => open(driver)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY' }))
  })

  test('stores under its own prefix, and touches nothing else of the cache', async () => {
    await cache.set('k', 'of the cache', { tags: ['of the cache'] })
    await make('other').set('k', 'other')
    await driver.set('k', 'value')

    await driver.clear()

    expect(await driver.get('k')).toBeUndefined()
    expect(await make('other').get('k')).toBe('other')
    expect(await cache.get('k')).toBe('of the cache')
  })

  test('returns whether there was an entry to delete, and stops a set in progress', async () => {
    expect(await driver.delete('k')).toBe(false)
    const setting = driver.set('k', 'value')
    await driver.delete('k')
    await setting
    await driver.delete('k')

    expect(await driver.get('k')).toBeUndefined()
    expect(await driver.deleteMany(['a', 'b'])).toBe(true)
  })

  test('pulls a value once', async () => {
    await driver.set('k', 'value')

    expect(await driver.pull('k')).toBe('value')
    expect(await driver.pull('k')).toBeUndefined()
  })

  test('rejects when Redis cannot be reached, which bentocache handles itself', async () => {
    const away = chaosTransport(redis, { faults: { fail: 1 } })
    const broken = new RedisCacheManager({ redis: away, platform, retries: 0 })
    const { factory, options } = nearcacheDriver({ cache: broken })
    const failing = factory(options)

    for (const call of [
      () => failing.get('k'),
      () => failing.set('k', 'v'),
      () => failing.delete('k'),
      () => failing.clear(),
    ]) {
      await expect(call()).rejects.toThrow(RemoteError)
    }
  })

  test('closes a whole cache, and leaves the cache of a namespace open', async () => {
    const part = nearcacheDriver({ cache: cache.namespace('part') })
    await part.factory(part.options).disconnect()
    await driver.set('k', 'value')

    await driver.disconnect()

    await expect(driver.get('k')).rejects.toThrow(ClosedError)
  })

  test('refuses a misspelled option', () => {
    expect(() => nearcacheDriver({ cache: {}, prefixes: 'b' } as never)).toThrow(
      expect.objectContaining({ option: 'options.prefixes' }),
    )
  })

  test.each([{}, { cache: 'redis://localhost' }])('refuses %o, which has no cache', (options) => {
    expect(() => nearcacheDriver(options as never).factory(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'cache' }),
    )
  })
})
