import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RateLimiter } from '../../../src/ratelimit/index.ts'
import { type LimitsUnderTest, limitsUnderTest } from './limits.ts'

const ADDRESS = { address: '192.0.2.1' }

describe('a token bucket', () => {
  let world: LimitsUnderTest

  beforeEach(() => {
    world = limitsUnderTest()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  const bucket = (limit: number, window: '1s' | '10s' | '1h'): RateLimiter =>
    world.limiter({
      policies: [
        ...[{ name: 'b', by: 'address' as const, algorithm: 'token-bucket' as const }],
      ].map((policy) => ({ ...policy, limit, window, counts: 'failures' as const })),
    })

  async function admitted(limiter: RateLimiter, requests: number): Promise<number> {
    const decisions = await Promise.all(
      Array.from({ length: requests }, () => limiter.limit(ADDRESS)),
    )
    return decisions.filter(({ allowed }) => allowed).length
  }

  test.each([7, 15, 400, 700, 3_000])('of %i a second refills at that rate', async (limit) => {
    const limiter = bucket(limit, '1s')
    expect(await admitted(limiter, limit + 1)).toBe(limit)

    await world.pass(10_000)
    await admitted(limiter, limit + 1)
    await world.pass(900)
    const refilled = await admitted(limiter, limit + 1)

    expect(refilled).toBeGreaterThanOrEqual(Math.floor(0.89 * limit) - 1)
    expect(refilled).toBeLessThanOrEqual(Math.ceil(0.91 * limit))
  })

  test.each([100, 600])(
    'leaves nothing in Redis for ever if a request succeeds after %i ms',
    async (ms) => {
      const attempt = await bucket(20, '10s').limit(ADDRESS)
      await world.pass(ms)
      if (attempt.allowed) await attempt.succeeded()

      await world.pass(10_000)

      const { result } = await world.redis.request({ path: [], body: ['KEYS', '*'] })
      expect(result).toEqual([])
    },
  )

  test('leaves nothing in Redis for ever if an earlier success has filled it', async () => {
    const limiter = bucket(10, '10s')
    const [quick, slow] = [await limiter.limit(ADDRESS), await limiter.limit(ADDRESS)]
    if (quick.allowed) await quick.succeeded()
    await world.pass(1_100) // the key has expired, for the bucket is full

    if (slow.allowed) await slow.succeeded()
    await world.pass(20_000)

    const { result } = await world.redis.request({ path: [], body: ['KEYS', '*'] })
    expect(result).toEqual([])
  })

  test('gets a unit back that it has not refilled yet', async () => {
    const limiter = bucket(2, '1h')
    const attempt = await limiter.limit(ADDRESS)
    await world.pass(1_000)

    if (attempt.allowed) await attempt.succeeded()

    expect(await admitted(limiter, 3)).toBe(2)
  })
})
