import { createTRPCClient } from '@trpc/client'
import { type inferRouterInputs, type inferRouterOutputs, initTRPC } from '@trpc/server'
import type { CreateHTTPHandlerOptions } from '@trpc/server/adapters/standalone'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { type CacheMeta, createCacheMiddleware } from '../../src/trpc/index.ts'

interface Context {
  readonly user?: { readonly id: string }
}
interface Email {
  readonly id: number
  readonly at: Date
}

const t = initTRPC.context<Context>().meta<CacheMeta & { title?: string }>().create()
const cache = createCacheMiddleware({
  // As the samples have them: no annotations, no casts.
  shouldCache: (input, ctx) => !input.skipCache && ctx.user?.cacheEnabled,
  keyGenerator: (input, ctx) => `custom:${ctx.user.id}:${JSON.stringify(input)}`,
})
const schema = z.object({ limit: z.coerce.number() })
const load = async (limit: number): Promise<Email[]> => [{ id: limit, at: new Date(0) }]

const router = t.router({
  plain: t.procedure.input(schema).query(({ input }) => load(input.limit)),
  before: t.procedure
    .use(cache)
    .input(schema)
    .query(({ input }) => load(input.limit)),
  after: t.procedure
    .input(schema)
    .use(cache)
    .query(({ input, ctx }) => {
      expectTypeOf(ctx.user).toEqualTypeOf<{ readonly id: string } | undefined>()
      return load(input.limit)
    }),
  extended: t.procedure
    .use(({ next }) => next({ ctx: { tenant: 7 } }))
    .use(cache)
    .use(({ next }) => next({ ctx: { role: 'admin' as const } }))
    .query(({ ctx }) => {
      expectTypeOf(ctx.tenant).toBeNumber()
      expectTypeOf(ctx.role).toEqualTypeOf<'admin'>()
      return ctx.tenant
    }),
  write: t.procedure
    .meta({ title: 'Write', cache: { invalidates: ['emails'] } })
    .use(cache)
    .use(cache.invalidates(({ input, data }) => [`email:${input.id}`, `to:${data.to}`]))
    .input(z.object({ id: z.number() }))
    .mutation(({ input }) => ({ to: input.id })),
  watch: t.procedure.use(cache).subscription(async function* () {
    yield 1
  }),
})

describe('types of the tRPC middleware', () => {
  test('it does not change the inputs and outputs of procedures, in both orders', () => {
    type Inputs = inferRouterInputs<typeof router>
    type Outputs = inferRouterOutputs<typeof router>
    expectTypeOf<Outputs['before']>().toEqualTypeOf<Outputs['plain']>()
    expectTypeOf<Outputs['after']>().toEqualTypeOf<Outputs['plain']>()
    expectTypeOf<Outputs['extended']>().toBeNumber()
    expectTypeOf<Outputs['write']>().toEqualTypeOf<{ to: number }>()
    expectTypeOf<Inputs['before']>().toEqualTypeOf<Inputs['plain']>()
    expectTypeOf<Inputs['after']>().toEqualTypeOf<Inputs['plain']>()
    expectTypeOf<Outputs['plain']>().not.toBeAny()
    const { watch } = createTRPCClient<typeof router>({ links: [] })
    expectTypeOf(watch.subscribe).toBeFunction()
  })

  test('it is a middleware for routers with any context, and for t.middleware', () => {
    const other = initTRPC.context<{ readonly session: { userId: number } | null }>().create()
    other.procedure.use(cache).query(() => 1)
    other.procedure.use(other.middleware(cache)).query(() => 1)
    initTRPC
      .create()
      .procedure.use(cache)
      .query(() => 1)
  })

  test('meta accepts only the options of a procedure', () => {
    t.procedure.meta({ cache: { ttl: '5m', scope: 'public', http: { maxAge: 1 } } })
    t.procedure.meta({ cache: false })
    // @ts-expect-error: true says nothing
    t.procedure.meta({ cache: true })
    // @ts-expect-error: the namespace is not a procedure's to choose
    t.procedure.meta({ cache: { namespace: 'x' } })
  })

  test('responseMeta fits the adapters', () => {
    type Options = CreateHTTPHandlerOptions<typeof router>
    expectTypeOf(cache.responseMeta).toExtend<NonNullable<Options['responseMeta']>>()
  })
})
