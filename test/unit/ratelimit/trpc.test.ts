import { initTRPC, TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type RateLimitDecision, trpcRateLimit } from '../../../src/ratelimit/index.ts'
import { type LimitsUnderTest, limitsUnderTest } from './limits.ts'

const t = initTRPC.context<{ readonly userId: string }>().create()

let world: LimitsUnderTest

beforeEach(() => {
  world = limitsUnderTest()
})
afterEach(() => {
  vi.useRealTimers()
})

function appWith(counts: 'requests' | 'failures', decisions: RateLimitDecision[] = []) {
  const limiter = world.limiter({
    policies: [{ name: 'calls', by: 'account', limit: 2, window: '1m', counts }],
  })
  const limited = t.procedure.use(
    trpcRateLimit<{ readonly userId: string }>({
      limiter,
      facts: ({ ctx, path }) => ({ account: `${ctx.userId} ${path}` }),
      onDecision: (decision) => decisions.push(decision),
    }),
  )
  const router = t.router({
    read: limited.query(({ ctx }) => ctx.userId),
    fail: limited.mutation((): string => {
      throw new TRPCError({ code: 'UNAUTHORIZED' })
    }),
  })
  return t.createCallerFactory(router)
}

describe('trpcRateLimit', () => {
  test.each<[string, object]>([
    ['limiter', { facts: () => ({}) }],
    ['facts', { limiter: { limit: () => undefined } }],
    ['options.onDecisions', { onDecisions: () => undefined }],
  ])('throws when it is created with a bad %s', (option, options) => {
    expect(() => trpcRateLimit(options as never)).toThrow(expect.objectContaining({ option }))
  })

  test('admits calls up to the limit, then answers TOO_MANY_REQUESTS', async () => {
    const decisions: RateLimitDecision[] = []
    const caller = appWith('requests', decisions)({ userId: 'ada' })
    await expect(caller.read()).resolves.toBe('ada')
    await caller.read()

    const refused = await caller.read().catch((error: unknown) => error)

    expect(refused).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfter: 60 })
    expect(getHTTPStatusCodeFromError(refused as TRPCError)).toBe(429)
    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, false])
    await expect(appWith('requests')({ userId: 'bob' }).read()).resolves.toBe('bob')
  })

  test('gives the unit back after a successful call, but not after a failed one', async () => {
    const caller = appWith('failures')({ userId: 'ada' })
    for (let i = 0; i < 5; i++) await caller.read()
    for (let i = 0; i < 2; i++) {
      await expect(caller.fail()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    }

    await expect(caller.fail()).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  })

  test('answers 503 when Redis is down and the local share of this process is used up', async () => {
    const caller = appWith('requests')({ userId: 'ada' })
    world.redis.fate = () => ({ kind: 'fail', error: new Error('away') })
    await caller.read()

    const refused = await caller.read().catch((error: unknown) => error)

    expect(getHTTPStatusCodeFromError(refused as TRPCError)).toBe(503)
  })
})
