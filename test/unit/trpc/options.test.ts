import { describe, expect, test } from 'vitest'
import { InvalidKeyError } from '../../../src/errors.ts'
import {
  type CacheMiddlewareOptions,
  createCacheMiddleware,
  type ProcedureCacheOptions,
  userOf,
} from '../../../src/trpc/index.ts'
import { ada, setUp } from './set-up.ts'

describe('options of the middleware', () => {
  test.each([
    [true, true],
    [false, false],
    [undefined, true],
  ])('enableCompression %s stores a long answer compressed: %s', async (given, compressed) => {
    const { as, resolve, redis } = setUp(given === undefined ? {} : { enableCompression: given })
    resolve.mockResolvedValue('long '.repeat(1_000))
    await as(ada).read(1)

    expect(await as(ada).read(1)).toBe('long '.repeat(1_000))
    expect((await storedSize(redis)) < 1_000).toBe(compressed)
  })

  test('near keeps copies in this isolate', async () => {
    const { as, redis } = setUp({}, { near: { ttl: '1m' } })
    await as(ada).read(1)
    redis.reset()

    await as(ada).read(1)

    expect(redis.counts.requests).toBe(0)
  })

  test('negativeTtl is how long null is fresh', async () => {
    const { as, resolve, platform } = setUp({ negativeTtl: '5s' })
    resolve.mockResolvedValue(null)
    await as(ada).read(1)
    await platform.advance(5_000)

    await as(ada).read(1)

    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('the callbacks get keys, answers and reasons', async () => {
    const told: unknown[] = []
    const { as, resolve, middleware } = setUp({
      onCacheHit: (key, data) => told.push(['hit', key, data]),
      onCacheMiss: (key) => told.push(['miss', key]),
      onCacheBypass: (...args) => told.push(['bypass', ...args]),
    })
    resolve.mockResolvedValue('a')
    for (const ctx of [ada, ada, {}]) await as(ctx).read(1)

    const key = middleware.keyOf('read', 1, { ctx: ada })
    expect(told).toEqual([
      ['miss', key],
      ['hit', key, 'a'],
      ['bypass', 'no-user', 'read', undefined],
    ])
  })
})

/** The length of the longest text that Redis holds. */
async function storedSize(redis: ReturnType<typeof setUp>['redis']): Promise<number> {
  const { result: keys } = await redis.request<string[]>({ path: [], body: ['KEYS', '*:e:*'] })
  const { result: texts } = await redis.request<string[]>({
    path: [],
    body: ['MGET', ...(keys ?? [])],
  })
  return Math.max(...(texts ?? []).map((text) => text.length))
}

describe('bad options', () => {
  test.each<[option: string, options: object]>([
    ['cache', { cache: {} }],
    ['cache', { cache: null }],
    ['defaultTTL', { defaultTTL: 0 }],
    ['defaultTTL', { defaultTTL: Number.NaN }],
    ['defaultTTL', { defaultTTL: '15m' }],
    ['enableCompression', { enableCompression: 'yes' }],
    ['version', { version: 2 }],
    ['transformer', { transformer: {} }],
    ['user', { user: 'id' }],
    ['onCacheHit', { onCacheHit: true }],
    ['dataTags', { dataTags: ['a'] }],
    ['ttl', { ttl: 0 }],
    ['scope', { scope: 'private' }],
    ['tags', { tags: 'a' }],
    // The two other tags are those of the procedure and of the user.
    ['tags', { tags: Array.from({ length: 63 }, (_, i) => `t${i}`) }],
    ['invalidates', { invalidates: 'a' }],
    ['http', { http: { maxAge: '1m' } }],
    ['http', { http: { maxAge: '1m' }, scope: 'public', varyBy: () => 1 }],
    ['http.maxAge', { http: { maxAge: -1 }, scope: 'public' }],
    ['http.age', { http: { age: 1 }, scope: 'public' }],
    ['options.defaultTtl', { defaultTtl: 900 }],
  ])('%s is refused when the middleware is made', (option, options) => {
    const make = () => createCacheMiddleware(options as CacheMiddlewareOptions)

    expect(make).toThrow(expect.objectContaining({ option }))
  })

  test('an invalid namespace is refused at once', () => {
    expect(() => createCacheMiddleware({ namespace: '' })).toThrow(InvalidKeyError)
  })

  test('of a meta fail the calls of its procedure, and leave the resolver alone', async () => {
    const { as, resolve } = setUp({}, { tll: '1m' } as ProcedureCacheOptions)

    await expect(as(ada).read(1)).rejects.toMatchObject({
      cause: { code: 'ERR_INVALID_OPTION', option: 'meta.cache.tll' },
    })
    expect(resolve).not.toHaveBeenCalled()
  })

  test('of an invalidation are refused when it is made', () => {
    const middleware = createCacheMiddleware()

    expect(() => middleware.invalidates('emails' as never)).toThrow(/list/)
    expect(() => middleware.invalidates([], { after: 'never' as never })).toThrow(/success/)
  })
})

describe('userOf', () => {
  test.each<[id: unknown, ctx: unknown]>([
    ['a', { user: { id: 'a' }, userId: 'b' }],
    [7, { user: { id: 7 } }],
    [7n, { userId: 7n }],
    ['a', { user: null, session: { user: { id: 'a' } } }],
    ['a', { session: { userId: 'a' } }],
    ['a', { auth: { userId: 'a' } }],
    [undefined, { user: null }],
    [undefined, { user: { id: '' } }],
    [undefined, { user: { id: Number.NaN } }],
    [undefined, { user: { id: { secret: 1 } } }],
    [undefined, {}],
    [undefined, undefined],
  ])('is %s', (id, ctx) => {
    expect(userOf(ctx)).toBe(id)
  })
})
