import { TRPCError } from '@trpc/server'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { makeMiddleware, serve, t } from './app.ts'

async function makeApp() {
  const cache = makeMiddleware()
  const cachedBy = (http: object) =>
    t.procedure.meta({ cache: { scope: 'public', http } }).use(cache)
  const app = t.router({
    long: cachedBy({ maxAge: '1m', sharedMaxAge: '1h', staleWhileRevalidate: '1d' }).query(() => 1),
    short: cachedBy({ sharedMaxAge: '90s' }).query(() => 2),
    silent: t.procedure
      .meta({ cache: { scope: 'public' } })
      .use(cache)
      .query(() => 3),
    mine: t.procedure.use(cache).query(({ ctx }) => ctx.user?.id),
    uncached: t.procedure.query(() => 4),
    failing: cachedBy({ maxAge: '1m' })
      .input(z.number())
      .query(() => {
        throw new TRPCError({ code: 'NOT_FOUND' })
      }),
    stream: cachedBy({ maxAge: '1m' }).query(async function* () {
      yield 1
    }),
    declined: t.procedure
      .meta({ cache: false })
      .use(cache)
      .query(() => 5),
  })
  return serve(app, cache.responseMeta)
}

describe('responseMeta', () => {
  test('returns how long a public answer may be stored, on a miss as on a hit', async () => {
    const { as } = await makeApp()
    const { trpc, responses } = as('ada')

    await trpc.long.query()
    await trpc.long.query()
    await trpc.short.query()

    const long = 'public, max-age=60, s-maxage=3600, stale-while-revalidate=86400'
    expect(responses.map(({ headers }) => headers.get('cache-control'))).toEqual([
      long,
      long,
      'public, max-age=0, s-maxage=90',
    ])
  })

  test('returns for a batch the shortest of each lifetime', async () => {
    const { as } = await makeApp()
    const { trpc, responses } = as('ada')

    await Promise.all([trpc.long.query(), trpc.short.query()])

    expect(responses.map(({ headers }) => headers.get('cache-control'))).toEqual([
      'public, max-age=0, s-maxage=90',
    ])
  })

  test.each(['silent', 'mine', 'uncached', 'declined'] as const)(
    'returns nothing for a batch with the procedure %s',
    async (name) => {
      const { as } = await makeApp()
      const { trpc, responses } = as('ada')

      await Promise.all([trpc.long.query(), trpc[name].query()])
      await trpc[name].query()

      expect(responses.map(({ headers }) => headers.get('cache-control'))).toEqual([null, null])
    },
  )

  test('returns nothing for errors', async () => {
    const { as } = await makeApp()
    const { trpc, responses } = as('ada')

    await Promise.allSettled([trpc.long.query(), trpc.failing.query(1)])
    await expect(trpc.failing.query('x' as never)).rejects.toThrow()

    expect(responses.map(({ headers }) => headers.get('cache-control'))).toEqual([null, null])
  })

  test('returns nothing for streamed responses, whose answers are not known yet', async () => {
    const { as } = await makeApp()
    const { trpc, responses } = as('ada', true)

    await trpc.long.query()
    for await (const item of await trpc.stream.query()) expect(item).toBe(1)

    const told = responses.map(({ headers }) => headers.get('cache-control') ?? '')
    expect(told).toHaveLength(2)
    expect(told.filter((text) => text.includes('public'))).toEqual([])
  })
})
