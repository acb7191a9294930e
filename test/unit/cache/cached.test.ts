import { describe, expect, test, vi } from 'vitest'
import { InvalidKeyError, InvalidOptionError } from '../../../src/errors.ts'
import { cached, RedisCacheManager } from '../../../src/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'

interface Filter {
  readonly tags?: readonly string[]
  readonly page?: number | undefined
}

function setUp() {
  const platform = new ManualPlatform()
  const redis = countingTransport(embeddedTransport({ platform }))
  const cache = new RedisCacheManager({ redis, platform, jitter: 0 })
  const load = vi.fn(async (id: number, filter?: Filter) => ({ id, filter, at: platform.now() }))
  return { platform, redis, cache, load }
}

describe('cached', () => {
  test('calls the function once for equal arguments, whatever the order of their properties', async () => {
    const { cache, load } = setUp()
    const find = cached(load, { cache, name: 'find' })

    const first = await find(1, { page: 2, tags: ['a'] })
    const second = await find(1, { tags: ['a'], page: 2 })
    await find(1, { tags: ['b'], page: 2 })

    expect(second).toEqual(first)
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('treats undefined properties and trailing undefined arguments as absent', async () => {
    const { cache, load } = setUp()
    const find = cached(load, { cache, name: 'find' })

    await find(1)
    await find(1, undefined)
    await find(2, {})
    await find(2, { page: undefined })

    expect(load.mock.calls.map(([id]) => id)).toEqual([1, 2])
  })

  test('concurrent calls share one call of the function', async () => {
    const { cache, load } = setUp()
    const find = cached(load, { cache, name: 'find' })

    await Promise.all(Array.from({ length: 50 }, () => find(1)))

    expect(load).toHaveBeenCalledTimes(1)
  })

  test('functions with different names do not share entries, however name and key are combined', async () => {
    const { cache } = setUp()
    const key = (text: string): string => text
    const one = cached((text: string) => `one ${text}`, { cache, name: 'f', key })
    const two = cached((text: string) => `two ${text}`, { cache, name: 'ff', key })

    expect([await one('f(x)'), await two('x)'), await two('f(x)')]).toEqual([
      'one f(x)',
      'two x)',
      'two f(x)',
    ])
  })

  test('after an invalidation the next call with these arguments loads; other entries stay', async () => {
    const { cache, load } = setUp()
    const find = cached(load, { cache, name: 'find' })
    await Promise.all([find(1), find(2)])

    await find.invalidate(1)
    await Promise.all([find(1), find(2)])

    expect(load.mock.calls.map(([id]) => id)).toEqual([1, 2, 1])
  })

  test('invalidateAll and tags drop what they cover', async () => {
    const { cache, load } = setUp()
    const find = cached(load, { cache, name: 'find', tags: (id) => [`user:${id}`] })
    const other = cached(load, { cache, name: 'other', tags: ['user:1'] })
    const all = () => Promise.all([find(1), find(2), other(1)])
    await all()

    await cache.invalidateTags(['user:1'])
    await all()
    expect(load).toHaveBeenCalledTimes(5)

    await find.invalidateAll()
    await all()
    expect(load).toHaveBeenCalledTimes(7)
  })

  test('a refresh calls the function again, and later calls get the new result', async () => {
    const { cache, load, platform } = setUp()
    const find = cached(load, { cache, name: 'find' })
    const first = await find(1)
    await platform.advance(1)

    const fresh = await find.refresh(1)

    expect(fresh.at).toBe(first.at + 1)
    expect(await find(1)).toEqual(fresh)
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('a call under way during a refresh does not store its older result', async () => {
    const { cache } = setUp()
    const held = Promise.withResolvers<string>()
    const load = vi.fn().mockReturnValueOnce(held.promise).mockResolvedValue('new')
    const find = cached(load as () => Promise<string>, { cache, name: 'find' })
    const slow = find()
    await eventually(() => expect(load).toHaveBeenCalled())

    const refreshed = await find.refresh()
    held.resolve('old')

    expect([await slow, refreshed, await find()]).toEqual(['old', 'new', 'new'])
  })

  test('entries live as the options say', async () => {
    const { cache, load, platform } = setUp()
    const find = cached(load, { cache, name: 'find', ttl: '1s', staleWhileRevalidate: '1m' })
    const first = await find(1)
    await platform.advance(2_000)

    expect(await find(1)).toEqual(first)
    await platform.settle()
    expect((await find(1)).at).toBe(first.at + 2_000)
  })

  test('a hit is one command', async () => {
    const { cache, load, redis } = setUp()
    const find = cached(load, { cache, name: 'find', tags: ['a', 'b'] })
    await find(1)
    redis.reset()

    await find(1)

    expect(redis.counts).toEqual({ requests: 1, commands: 1 })
  })

  test("the function's error reaches the caller unchanged and is not stored", async () => {
    const { cache } = setUp()
    const failure = new Error('no such user')
    const load = vi.fn(() => Promise.reject(failure))
    const find = cached(load, { cache, name: 'find' })

    await expect(find()).rejects.toBe(failure)
    await expect(find()).rejects.toBe(failure)
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('refuses arguments and keys that are not valid, without calling the function', async () => {
    const { cache } = setUp()
    const load = vi.fn((_arg: unknown) => 1)
    const find = cached(load, { cache, name: 'find' })
    const keyed = cached(load, { cache, name: 'keyed', key: () => ({}) as string })

    await expect(find(() => 1)).rejects.toThrow(InvalidKeyError)
    await expect(find.invalidate(Symbol('s'))).rejects.toThrow(InvalidKeyError)
    await expect(keyed(1)).rejects.toThrow(InvalidKeyError)
    expect(() => find.keyOf(new (class Secret {})())).toThrow(InvalidKeyError)
    expect(load).not.toHaveBeenCalled()
  })

  test('while Redis is down, calls are answered and an invalidation rejects', async () => {
    const redis = chaosTransport(embeddedTransport(), { faults: { fail: 1 } })
    const cache = new RedisCacheManager({ redis, retries: 0 })
    const find = cached(async (id: number) => id * 2, { cache, name: 'find' })

    expect(await find(2)).toBe(4)
    await expect(find.invalidate(2)).rejects.toMatchObject({ isNearcacheError: true })
    await expect(find.refresh(2)).rejects.toMatchObject({ isNearcacheError: true })
  })

  test('keyOf returns the key of the entry', async () => {
    const { cache, load } = setUp()
    const find = cached(load, { cache, name: 'find' })
    const value = await find(1)

    expect(find.keyOf(1)).toBe('find(1)')
    expect(await cache.get(find.keyOf(1), { tags: ['function:find'] })).toEqual(value)
  })

  test.each<[option: string, options: object]>([
    ['cache', { cache: undefined }],
    ['name', { name: undefined }],
    ['name', { name: '' }],
    ['name', { name: 'a(b' }],
    ['name', { name: 'x'.repeat(201) }],
    ['key', { key: 'id' }],
    ['tags', { tags: 'all' }],
    // One more tag is that of the function itself.
    ['tags', { tags: Array.from({ length: 64 }, (_, i) => `t${i}`) }],
    ['ttl', { ttl: -1 }],
    ['signal', { signal: new AbortController().signal }],
    ['after', { after: 'token' }],
    ['tll', { tll: '1s' }],
  ])('refuses a bad %s when it is made', (option, options) => {
    const { cache, load } = setUp()
    const make = () => cached(load, { cache, name: 'find', ...options } as never)

    expect(make).toThrow(expect.objectContaining({ option, name: InvalidOptionError.name }))
  })
})
