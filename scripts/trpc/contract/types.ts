import { type inferRouterOutputs, initTRPC } from '@trpc/server'
import { type CacheMeta, createCacheMiddleware } from 'nearcache/trpc'

const t = initTRPC.context<{ user?: { id: string } }>().meta<CacheMeta>().create()
const cache = createCacheMiddleware({
  shouldCache: (input, ctx) => !input.skipCache && ctx.user?.id,
})
const number = (value: unknown): number => Number(value)

const router = t.router({
  before: t.procedure
    .use(cache)
    .input(number)
    .query(({ input }) => input.toFixed()),
  after: t.procedure
    .use(({ next }) => next({ ctx: { tenant: 7 } }))
    .input(number)
    .use(cache)
    .query(({ input, ctx }) => ({ at: input + ctx.tenant })),
  write: t.procedure
    .meta({ cache: { invalidates: ['emails'] } })
    .use(cache.invalidates(({ input }) => [`email:${input}`]))
    .input(number)
    .mutation(({ input }) => input),
})

type Outputs = inferRouterOutputs<typeof router>
type Same<A, B> = [A, B] extends [B, A] ? (0 extends 1 & A ? never : true) : never
export const same: [Same<Outputs['before'], string>, Same<Outputs['after'], { at: number }>] = [
  true,
  true,
]
