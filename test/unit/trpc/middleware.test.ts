import { TRPCError } from '@trpc/server'
import superjson from 'superjson'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { setDefaultCache } from '../../../src/cache/default-cache.ts'
import { type CacheMiddlewareOptions, createCacheMiddleware } from '../../../src/trpc/index.ts'
import { eventually } from '../../support/eventually.ts'
import { makeCache, t } from './app.ts'
import { ada, bob, keysOf, setUp } from './set-up.ts'

describe('createCacheMiddleware', () => {
  afterEach(() => {
    setDefaultCache(undefined)
  })

  test('defaultTTL is in seconds, and 900 unless given', async () => {
    for (const [options, seconds] of [
      [{ defaultTTL: 30 }, 30],
      [{}, 900],
      [{ defaultTTL: 30, ttl: '2m' }, 120],
    ] as const) {
      const { as, resolve, platform } = setUp({ ...options, jitter: 0 })
      await as(ada).read(1)
      await platform.advance(seconds * 1_000 - 1)
      await as(ada).read(1)
      expect(resolve).toHaveBeenCalledTimes(1)

      await platform.advance(1)
      await as(ada).read(1)
      expect(resolve).toHaveBeenCalledTimes(2)
    }
  })

  test('a procedure sets its cache options in its meta, with any form of duration', async () => {
    const { as, resolve, platform } = setUp({ defaultTTL: 900 }, { ttl: '1m', scope: 'public' })
    await as(ada).read(1)

    await as(bob).read(1)
    await as({}).read(1)
    expect(resolve).toHaveBeenCalledTimes(1)

    await platform.advance(60_000)
    await as(ada).read(1)
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('cache: false in the meta keeps a procedure out', async () => {
    const { as, resolve, middleware } = setUp({}, false)

    await as(ada).read(1)
    await as(ada).read(1)
    await as(ada).write()

    expect(resolve).toHaveBeenCalledTimes(3)
    expect(middleware.stats().bypassed.disabled).toBe(2)
  })

  test('the options of the product work as written', async () => {
    const keyGenerator: CacheMiddlewareOptions['keyGenerator'] = (input, ctx) =>
      `custom:${ctx.user.id}:${JSON.stringify(input)}`
    const generated = vi.fn(keyGenerator)
    const { as, resolve } = setUp({
      shouldCache: (input, ctx) => !input.skipCache && ctx.user?.cacheEnabled,
      keyGenerator: generated,
    })

    for (const input of [{ id: 1 }, { id: 1 }, { id: 1, skipCache: true }, { id: 2 }]) {
      await as(ada).read(input)
    }
    await as(bob).read({ id: 1 })

    expect(resolve).toHaveBeenCalledTimes(4)
    expect(generated).toHaveBeenCalledWith({ id: 1 }, ada)
  })

  test('a key generator without the user does not make users share', async () => {
    const { as, resolve } = setUp({ keyGenerator: () => 'all' })

    await as(ada).read(1)
    await as(bob).read(1)

    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('callers for whom user returns null share their entries', async () => {
    const { as, resolve } = setUp({ user: (ctx) => ctx.user?.id ?? null })

    await as({}).read(1)
    await as({}).read(1)
    await as(ada).read(1)

    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('null, public and users with such ids have separate entries', () => {
    const middleware = createCacheMiddleware({ user: (ctx) => ctx?.id ?? null })
    const keys = [
      middleware.keyOf('p', 1),
      middleware.keyOf('p', 1, { scope: 'public' }),
      middleware.keyOf('p', 1, { ctx: { id: 'nobody' } }),
      middleware.keyOf('p', 1, { ctx: { id: 'public' } }),
    ]

    expect(new Set(keys).size).toBe(4)
  })

  test('varyBy and version are parts of the key', async () => {
    const { as, resolve, cache } = setUp({ scope: 'public', varyBy: (ctx) => [ctx.user?.id] })
    await as(ada).read(1)
    await as(bob).read(1)
    expect(resolve).toHaveBeenCalledTimes(2)

    const next = createCacheMiddleware({ cache, scope: 'public', version: '2' })
    const app = t.router({ read: t.procedure.use(next).query(() => 'new') })
    expect(await t.createCallerFactory(app)(ada).read()).toBe('new')
    expect(next.stats().misses).toBe(1)
  })

  test('two chained validators both apply, wherever the middleware is', async () => {
    const { middleware } = setUp()
    const resolve = vi.fn((input: unknown) => input)
    const app = t.router({
      read: t.procedure
        .input(z.object({ a: z.number() }))
        .use(middleware)
        .input(z.object({ b: z.number() }))
        .query(({ input }) => resolve(input)),
    })
    const caller = t.createCallerFactory(app)(ada)

    expect(await caller.read({ a: 1, b: 1 })).toEqual({ a: 1, b: 1 })
    expect(await caller.read({ a: 1, b: 2 })).toEqual({ a: 1, b: 2 })
  })

  test('a hit looks to outer middlewares like the success of a resolver', async () => {
    const { middleware } = setUp()
    const seen: unknown[] = []
    const app = t.router({
      read: t.procedure
        .use(async ({ next }) => {
          const result = await next()
          seen.push(result)
          return result
        })
        .use(middleware)
        .query(() => ({ a: 1 })),
    })
    const caller = t.createCallerFactory(app)(ada)

    await caller.read()
    await caller.read()

    expect(seen[1]).toEqual(seen[0])
    expect(seen[1]).toEqual({ marker: 'middlewareMarker', ok: true, data: { a: 1 }, ctx: ada })
  })

  test('an output validator before the middleware runs on hits, one after it does not', async () => {
    const { middleware } = setUp()
    const outer = vi.fn((data: unknown) => data as string)
    const inner = vi.fn((data: unknown) => `${data}, parsed`)
    const app = t.router({
      before: t.procedure
        .output(outer)
        .use(middleware)
        .query(() => 'a'),
      after: t.procedure
        .use(middleware)
        .output(inner)
        .query(() => 'b'),
    })
    const caller = t.createCallerFactory(app)(ada)

    for (let i = 0; i < 2; i++) {
      expect([await caller.before(), await caller.after()]).toEqual(['a', 'b, parsed'])
    }

    expect([outer.mock.calls.length, inner.mock.calls.length]).toEqual([2, 1])
  })

  test('undefined and null are answers, stored for a minute at most', async () => {
    const { as, resolve, platform } = setUp()
    resolve.mockResolvedValue(undefined)

    expect([await as(ada).read(1), await as(ada).read(1)]).toEqual([undefined, undefined])
    expect(resolve).toHaveBeenCalledTimes(1)
    await platform.advance(60_000)
    await as(ada).read(1)
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('concurrent calls of one user share one run, and those of another do not', async () => {
    const { as, resolve, middleware } = setUp()

    await Promise.all([ada, ada, ada, bob].map((ctx) => as(ctx).read(1)))

    expect(resolve).toHaveBeenCalledTimes(2)
    expect(middleware.stats()).toMatchObject({ hits: 2, misses: 2, hitRate: 50 })
  })

  test('a hit is one command', async () => {
    const { as, redis } = setUp({ tags: ['a', 'b'] })
    await as(ada).read(1)
    redis.reset()

    await as(ada).read(1)

    expect(redis.counts).toEqual({ requests: 1, commands: 1 })
  })

  test('a stale answer is served at once, and refreshed in the background', async () => {
    const { as, resolve, platform } = setUp({ ttl: '1m', staleWhileRevalidate: '1h' })
    const first = await as(ada).read(1)
    await platform.advance(120_000)

    expect(await as(ada).read(1)).toEqual(first)
    await platform.settle()

    expect(await as(ada).read(1)).not.toEqual(first)
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('a stale answer replaces a server fault, but not an answer such as NOT_FOUND', async () => {
    const { as, resolve, platform } = setUp({ ttl: '1m', staleIfError: '1h' })
    const first = await as(ada).read(1)
    await platform.advance(120_000)

    resolve.mockRejectedValueOnce(new Error('database is down'))
    expect(await as(ada).read(1)).toEqual(first)

    resolve.mockRejectedValueOnce(new TRPCError({ code: 'NOT_FOUND' }))
    await expect(as(ada).read(1)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a stale answer is served when the resolver takes long, which continues in the background', async () => {
    const windows = { ttl: '1m', staleIfError: '1h' } as const
    const { as, resolve, platform } = setUp({ ...windows, loaderTimeout: { soft: '1s' } })
    const first = await as(ada).read(1)
    await platform.advance(120_000)
    const held = Promise.withResolvers<string>()
    resolve.mockReturnValueOnce(held.promise)
    const answer = as(ada).read(1)
    await eventually(() => expect(resolve).toHaveBeenCalledTimes(2))
    await platform.advance(1_000)

    expect(await answer).toEqual(first)
    held.resolve('new')
    await platform.settle()
    expect(await as(ada).read(1)).toBe('new')
  })

  test.each<[what: string, make: () => unknown]>([
    ['a promise inside', () => ({ later: Promise.resolve(1) })],
    ['a stream', () => new ReadableStream()],
    ['an async iterable', () => ({ async *[Symbol.asyncIterator]() {} })],
    ['a class instance', () => new (class Money {})()],
    ['a function', () => ({ f: () => 1 })],
  ])('%s is answered unchanged, and created for each call', async (_what, make) => {
    const { as, resolve, middleware } = setUp()
    const made = [make(), make(), make()]
    for (const value of made) resolve.mockResolvedValueOnce(value)

    const answers = await Promise.all([as(ada).read(1), as(ada).read(1)])
    answers.push(await as(ada).read(1))

    expect(resolve).toHaveBeenCalledTimes(3)
    expect(new Set(answers)).toEqual(new Set(made))
    expect(middleware.stats()).toMatchObject({ hits: 0 })
  })

  test('a transformer stores values that the cache alone cannot', async () => {
    class Money {
      readonly cents: number
      constructor(cents: number) {
        this.cents = cents
      }
    }
    superjson.registerCustom<Money, number>(
      {
        isApplicable: (v) => v instanceof Money,
        serialize: (v) => v.cents,
        deserialize: (v) => new Money(v),
      },
      'money of a test',
    )
    const { as, resolve } = setUp({ transformer: superjson })
    resolve.mockResolvedValue({ price: new Money(5), at: new Date(0) })

    await as(ada).read(1)

    expect(await as(ada).read(1)).toEqual({ price: new Money(5), at: new Date(0) })
    expect(resolve).toHaveBeenCalledTimes(1)
  })

  test('the default cache is that of start-up, even if it was created after the middleware', async () => {
    const middleware = createCacheMiddleware({ namespace: 'late' })
    const cache = makeCache()
    setDefaultCache(cache)
    const app = t.router({ read: t.procedure.use(middleware).query(() => 'a') })

    await t.createCallerFactory(app)(ada).read()

    const keys = await keysOf(cache.namespace('late'))
    expect(keys).toEqual([middleware.keyOf('read', undefined, { ctx: ada })])
  })
})
