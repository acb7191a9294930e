import { TRPCError } from '@trpc/server'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { makeMiddleware, serve, t } from './app.ts'

const { router, procedure } = t
const query = z.object({ limit: z.coerce.number(), note: z.string().default('none') })
const rich = () => ({
  at: new Date(0),
  by: new Map([['a', 1n]]),
  in: new Set(['x']),
  none: undefined,
})

/** Registers the tests that hold wherever the middleware is placed. */
function describeOrder(order: string, isBefore: boolean): void {
  describe(`over HTTP, with the middleware ${order} the input`, () => {
    async function makeApp() {
      const cache = makeMiddleware({ namespace: 'api', defaultTTL: 900, enableCompression: true })
      const resolve = vi.fn((input: unknown, user: string | undefined) => ({
        input,
        user,
        ...rich(),
      }))
      const base = isBefore ? procedure.use(cache).input(query) : procedure.input(query).use(cache)
      const app = router({
        list: base.query(({ input, ctx }) => resolve(input, ctx.user?.id)),
        fail: base.query(({ input }) => {
          resolve(input, undefined)
          throw new TRPCError({ code: 'NOT_FOUND' })
        }),
        save: base.mutation(({ input }) => resolve(input, undefined)),
        stream: base.query(async function* ({ input }) {
          resolve(input, undefined)
          yield 1
          yield 2
        }),
      })
      return { cache, resolve, ...(await serve(app)) }
    }

    test('each input has its own entry, with the answer of the resolver', async () => {
      const { as, resolve, cache } = await makeApp()
      const { trpc } = as('ada')

      const first = await trpc.list.query({ limit: 1 })
      await trpc.list.query({ limit: 2 })
      const again = await trpc.list.query({ limit: 1 })

      expect(first).toEqual({ input: { limit: 1, note: 'none' }, user: 'ada', ...rich() })
      expect(again).toEqual(first)
      expect(resolve).toHaveBeenCalledTimes(2)
      expect(cache.stats()).toMatchObject({ hits: 1, misses: 2 })
    })

    test('a hit is byte for byte the response of the resolver', async () => {
      const { as } = await makeApp()
      const { trpc, responses } = as('ada')
      const texts: string[] = []
      for (let i = 0; i < 2; i++) {
        await trpc.list.query({ limit: 1 })
        const { url } = responses[i] as Response
        texts.push(await (await fetch(url, { headers: { 'x-user': 'ada' } })).text())
      }

      const bob = await (
        await fetch((responses[0] as Response).url, { headers: { 'x-user': 'bob' } })
      ).text()

      expect(texts[1]).toBe(texts[0])
      expect(bob).toBe(texts[0]?.replace('ada', 'bob'))
    })

    test('two users never share, and a caller without a user shares with nobody', async () => {
      const { as, resolve, cache } = await makeApp()
      const users = ['ada', 'bob', undefined, 'ada', 'bob', undefined]

      const answers: unknown[] = []
      for (const user of users) answers.push((await as(user).trpc.list.query({ limit: 1 })).user)

      expect(answers).toEqual(users)
      expect(resolve).toHaveBeenCalledTimes(4)
      expect(cache.stats().bypassed['no-user']).toBe(2)
    })

    test('each part of a batch is answered from the cache or its resolver separately', async () => {
      const { as, resolve } = await makeApp()
      const { trpc, responses } = as('ada')
      await trpc.list.query({ limit: 1 })

      const mixed = await Promise.all([1, 2, 1].map((limit) => trpc.list.query({ limit })))
      await Promise.all([1, 2].map((limit) => trpc.list.query({ limit })))

      expect(mixed.map(({ input }) => (input as { limit: number }).limit)).toEqual([1, 2, 1])
      expect(responses).toHaveLength(3)
      expect(resolve).toHaveBeenCalledTimes(2)
    })

    test('errors, mutations and async generators are never cached', async () => {
      const { as, resolve, cache } = await makeApp()
      const { trpc } = as('ada', true)
      const collected: number[] = []

      for (let i = 0; i < 2; i++) {
        await expect(trpc.fail.query({ limit: 1 })).rejects.toMatchObject({
          data: { code: 'NOT_FOUND' },
        })
        await trpc.save.mutate({ limit: 1 })
        for await (const item of await trpc.stream.query({ limit: 1 })) collected.push(item)
      }

      expect(resolve).toHaveBeenCalledTimes(6)
      expect(collected).toEqual([1, 2, 1, 2])
      expect(cache.stats()).toMatchObject({ hits: 0, misses: 2, bypassed: { unstorable: 2 } })
    })

    test('invalid input is refused each time, and never stored', async () => {
      const { as, resolve } = await makeApp()
      const { trpc } = as('ada')

      for (let i = 0; i < 2; i++) {
        await expect(trpc.list.query({ limit: 'many' } as never)).rejects.toMatchObject({
          data: { code: 'BAD_REQUEST' },
        })
      }

      expect(resolve).not.toHaveBeenCalled()
    })

    test('a client cannot control the cache by fields of its input', async () => {
      const { as, resolve } = await makeApp()
      const { trpc } = as('ada')
      const steering = { skipCache: true, ttl: 1, tags: ['t'], varyBy: 'x', invalidateTags: ['t'] }
      const input = { limit: 1, ...steering } as never

      await trpc.list.query(input)
      await trpc.list.query(input)

      expect(resolve).toHaveBeenCalledTimes(1)
    })

    test('a response over the streaming batch link comes from the cache like a plain one', async () => {
      const { as, resolve } = await makeApp()
      const { trpc } = as('ada', true)

      await trpc.list.query({ limit: 1 })

      expect(await trpc.list.query({ limit: 1 })).toMatchObject(rich())
      expect(resolve).toHaveBeenCalledTimes(1)
    })
  })
}

describeOrder('before', true)
describeOrder('after', false)
