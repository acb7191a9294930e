import { MultiRegionRatelimit, Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { beforeEach, describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'

/** Long enough that no window ends during a test. */
const WINDOW = '100 d'

const OPTIONS = { ephemeralCache: false, timeout: 0 } as const

describe('@upstash/ratelimit on the embedded engine', () => {
  let redis: Redis

  beforeEach(() => {
    redis = new Redis(embeddedTransport())
  })

  test.each([
    ['fixed window', Ratelimit.fixedWindow(2, WINDOW)],
    ['sliding window', Ratelimit.slidingWindow(2, WINDOW)],
    ['token bucket', Ratelimit.tokenBucket(2, WINDOW, 2)],
  ])('a %s allows as many as its limit, and again after a reset', async (_name, limiter) => {
    const limit = new Ratelimit({ redis, limiter, ...OPTIONS })

    const answers = [await limit.limit('a'), await limit.limit('a'), await limit.limit('a')]

    expect(answers.map(({ success }) => success)).toEqual([true, true, false])
    await expect(limit.getRemaining('a')).resolves.toMatchObject({ remaining: 0 })
    await expect(limit.limit('b')).resolves.toMatchObject({ success: true, remaining: 1 })
    await limit.resetUsedTokens('a')
    await expect(limit.getRemaining('a')).resolves.toMatchObject({ remaining: 2 })
  })

  test('a cached fixed window decides in memory, and counts in the engine', async () => {
    const limit = new Ratelimit({
      redis,
      limiter: Ratelimit.cachedFixedWindow(2, WINDOW),
      ephemeralCache: new Map(),
      timeout: 0,
    })

    const successes: boolean[] = []
    for (let i = 0; i < 3; i++) {
      const { success, pending } = await limit.limit('a')
      await pending
      successes.push(success)
    }

    expect(successes).toEqual([true, true, false])
    await expect(limit.getRemaining('a')).resolves.toMatchObject({ remaining: 0 })
  })

  test.each([
    ['fixed window', MultiRegionRatelimit.fixedWindow(2, WINDOW)],
    ['sliding window', MultiRegionRatelimit.slidingWindow(2, WINDOW)],
  ])('a %s over several regions counts what each of them allowed', async (_name, limiter) => {
    const regions = [redis, new Redis(embeddedTransport())]
    // The package's types name the class of another build with the same shape.
    const limit = new MultiRegionRatelimit({ redis: regions as never[], limiter, ...OPTIONS })

    const successes: boolean[] = []
    for (let i = 0; i < 3; i++) {
      const { success, pending } = await limit.limit('a')
      await pending
      successes.push(success)
    }

    expect(successes).toEqual([true, true, false])
    await expect(limit.getRemaining('a')).resolves.toMatchObject({ remaining: 0 })
  })

  test('a limit that is changed at run time applies from the next call on', async () => {
    const limit = new Ratelimit({
      redis,
      limiter: Ratelimit.fixedWindow(1, WINDOW),
      dynamicLimits: true,
      ...OPTIONS,
    })
    await limit.limit('a')
    await expect(limit.limit('a')).resolves.toMatchObject({ success: false, limit: 1 })

    await limit.setDynamicLimit({ limit: 10 })

    await expect(limit.limit('a')).resolves.toMatchObject({ success: true, limit: 10 })
  })

  test('a denied address is refused', async () => {
    const limit = new Ratelimit({
      redis,
      limiter: Ratelimit.fixedWindow(10, WINDOW),
      enableProtection: true,
      prefix: 'p',
      ...OPTIONS,
    })
    await redis.sadd('p:denyList:all', '192.0.2.1')
    // Otherwise the package fetches a list of addresses from the network.
    await redis.set('p:ipDenyListStatus', 'disabled')

    const denied = await limit.limit('a', { ip: '192.0.2.1' })

    expect(denied).toMatchObject({ success: false, reason: 'denyList', deniedValue: '192.0.2.1' })
    await expect(limit.limit('a', { ip: '192.0.2.2' })).resolves.toMatchObject({ success: true })
  })
})
