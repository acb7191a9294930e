import { TRPCError } from '@trpc/server'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { InvalidKeyError } from '../../../src/errors.ts'
import type { createCacheMiddleware } from '../../../src/trpc/index.ts'
import { eventually } from '../../support/eventually.ts'
import { type Context, t } from './app.ts'
import { ada, bob, keysOf, setUp } from './set-up.ts'

describe('the methods of a middleware for its entries', () => {
  test('keyOf is the key that calls use; delete drops only that entry', async () => {
    const { as, resolve, middleware, cache } = setUp()
    for (const ctx of [ada, bob]) await as(ctx).read({ b: 1, a: 2 })
    const keys = await keysOf(cache.namespace('trpc'))
    expect(keys).toContain(middleware.keyOf('read', { a: 2, b: 1 }, { ctx: ada }))

    await middleware.delete('read', { a: 2, b: 1 }, { ctx: ada })
    for (const ctx of [ada, bob]) await as(ctx).read({ a: 2, b: 1 })

    expect(resolve).toHaveBeenCalledTimes(3)
    expect(() => middleware.keyOf('read', 1)).toThrow(InvalidKeyError)
  })

  test.each<
    [
      what: string,
      drop: (m: ReturnType<typeof createCacheMiddleware>) => Promise<void>,
      runs: number,
    ]
  >([
    ['a procedure', (m) => m.invalidateProcedure('read'), 2],
    ['a user', (m) => m.invalidateUser('ada'), 2],
    ['a tag', (m) => m.invalidateTags(['read by bob']), 1],
    ['everything', (m) => m.clear(), 3],
  ])('%s can be dropped', async (_what, drop, runs) => {
    const { as, resolve, middleware } = setUp({
      tags: ({ ctx, path }) => [`${path} by ${(ctx as Context).user?.id}`],
    })
    const all = async () => [await as(ada).read(1), await as(bob).read(1), await as(ada).other()]
    await all()
    resolve.mockClear()

    await drop(middleware)
    await all()

    expect(resolve).toHaveBeenCalledTimes(runs)
  })

  test('tags get the input as validated before the middleware', async () => {
    const { middleware } = setUp({ tags: ({ input }) => [`id:${input.id}`] })
    const resolve = vi.fn(() => 'a')
    const schema = z.object({ id: z.coerce.number() })
    const app = t.router({ read: t.procedure.input(schema).use(middleware).query(resolve) })
    const caller = t.createCallerFactory(app)(ada)
    await caller.read({ id: '007' })

    await middleware.invalidateTags(['id:7'])
    await caller.read({ id: '007' })

    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('invalidating tags that come from the answer drops it', async () => {
    const { as, resolve, middleware } = setUp({
      dataTags: ({ data }) => data.map((id: number) => `email:${id}`),
    })
    resolve.mockResolvedValue([1, 2])
    await as(ada).read(1)
    await as(ada).read(1)
    expect(resolve).toHaveBeenCalledTimes(1)

    await middleware.invalidateTags(['email:2'])
    await as(ada).read(1)

    expect(resolve).toHaveBeenCalledTimes(2)
  })
})

describe('mutations', () => {
  function makeApp(after?: 'success' | 'settled') {
    const { middleware, resolve } = setUp({ tags: ['emails'], scope: 'public' })
    const how = after && { after }
    const act = vi.fn(async (input: unknown) => ({ sent: input }))
    const tags = vi.fn(({ data }) => (data ? ['emails'] : ['emails', 'failed']))
    const app = t.router({
      list: t.procedure.use(middleware).query(() => resolve('list')),
      send: t.procedure
        .use(middleware.invalidates(['emails'], how))
        .input(z.number())
        .mutation(({ input }) => act(input)),
      sendBy: t.procedure
        .use(middleware.invalidates(tags, how))
        .input(z.coerce.number())
        .mutation(({ input }) => act(input)),
      said: t.procedure
        .meta({ cache: { invalidates: ['emails'] } })
        .use(middleware)
        .mutation(() => act(1)),
      query: t.procedure.use(middleware.invalidates(['emails'])).query(() => 1),
    })
    return { caller: t.createCallerFactory(app)(ada), resolve, act, tags, middleware }
  }

  test.each(['send', 'sendBy', 'said'] as const)(
    'after %s has returned, no query gets an older answer',
    async (name) => {
      const { caller, resolve } = makeApp()
      await caller.list()

      await caller[name](7 as never)
      await caller.list()

      expect(resolve).toHaveBeenCalledTimes(2)
    },
  )

  test('the answer of a query in progress during a mutation is not served to later queries', async () => {
    const { caller, resolve } = makeApp()
    const held = Promise.withResolvers<string>()
    resolve.mockReturnValueOnce(held.promise).mockResolvedValue('new')
    const slow = caller.list()
    await eventually(() => expect(resolve).toHaveBeenCalled())

    await caller.send(7)
    held.resolve('old')

    expect([await slow, await caller.list()]).toEqual(['old', 'new'])
  })

  test('the function of tags gets input, context, path and answer', async () => {
    const { caller, tags } = makeApp()

    await caller.sendBy('7')

    expect(tags).toHaveBeenCalledExactlyOnceWith({
      input: '7',
      ctx: ada,
      path: 'sendBy',
      data: { sent: 7 },
    })
  })

  test('a mutation that fails invalidates nothing, unless after is settled', async () => {
    for (const [after, runs] of [
      ['success', 1],
      ['settled', 2],
    ] as const) {
      const { caller, resolve, act } = makeApp(after)
      await caller.list()
      act.mockRejectedValueOnce(new TRPCError({ code: 'TIMEOUT' }))

      await expect(caller.send(7)).rejects.toMatchObject({ code: 'TIMEOUT' })
      await caller.list()

      expect(resolve).toHaveBeenCalledTimes(runs)
    }
  })

  test('a query does not invalidate', async () => {
    const { caller, resolve, middleware } = makeApp()
    await caller.list()

    await caller.query()
    await caller.list()

    expect(resolve).toHaveBeenCalledTimes(1)
    expect(middleware.stats().invalidations).toBe(0)
  })
})
