import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCacheMiddleware } from '../../../src/trpc/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { type Context, makeCache, t } from './app.ts'

/** Ids that would collide if keys were joined carelessly. */
const USERS = [
  'ada',
  'bob',
  'nobody',
  'public',
  'user',
  'user:ada',
  '["user","ada"]',
  '1',
  ' ',
  'ädä',
]
const INPUTS = [undefined, null, 1, '1', ['ada'], { user: 'ada' }, { a: 1, b: 2 }, '["user","bob"]']

interface Call {
  readonly user: string | undefined
  readonly input: unknown
  readonly path: 'before' | 'after' | 'nested'
  readonly invalidates: boolean
}

const call: fc.Arbitrary<Call> = fc.record({
  user: fc.option(fc.constantFrom(...USERS), { nil: undefined, freq: 8 }),
  input: fc.constantFrom(...INPUTS),
  path: fc.constantFrom('before', 'after', 'nested'),
  invalidates: fc.nat(20).map((n) => n === 0),
})

describe('concurrent and repeated calls of many users', () => {
  test.for([
    ['with near copies', { near: { ttl: '1m' } }],
    ['without', {}],
  ] as const)(
    'each get the answer for their own user and input, %s',
    async ([name, options], { task }) => {
      const cache = makeCache(options)
      const middleware = createCacheMiddleware({ cache })
      const answer = ({ ctx, input, path }: { ctx: Context; input?: unknown; path: string }) => ({
        user: ctx.user?.id,
        input,
        path,
      })
      const any = (input: unknown): unknown => input
      const app = t.router({
        before: t.procedure.use(middleware).input(any).query(answer),
        after: t.procedure.input(any).use(middleware).query(answer),
        nested: t.procedure
          .use(({ next, ctx }) => next({ ctx: { ...ctx, tenant: 1 } }))
          .use(middleware)
          .input(any)
          .query(answer),
      })
      const callerOf = t.createCallerFactory(app)
      let calls = 0
      let wrong = 0
      const make = async ({ user, input, path, invalidates }: Call): Promise<void> => {
        if (invalidates && user !== undefined) await middleware.invalidateUser(user)
        const got = await callerOf(user === undefined ? {} : { user: { id: user } })[path](input)
        calls++
        if (JSON.stringify(got) !== JSON.stringify({ user, input, path })) wrong++
      }

      await fc.assert(
        fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 40 }), async (batch) => {
          await Promise.all(batch.map(make))
        }),
        { numRuns: amount(60, 2_000) },
      )

      const { hits } = middleware.stats()
      found(task, `trpc users ${name}`, {
        calls,
        hits,
        wrong,
      })
      expect(wrong).toBe(0)
      expect(hits).toBeGreaterThan(calls / 10)
      await cache.close()
    },
  )
})
