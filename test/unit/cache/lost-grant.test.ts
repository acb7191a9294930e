import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { seeker } from '../../../src/cache/seek.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { networkError } from '../../../src/redis/failure.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ACQUIRE, TAKE } from '../../../src/redis/scripts/protocol.ts'
import { SEEK } from '../../../src/redis/scripts/seek.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { intercept } from '../../contract/cache/bench.ts'

const GRANTS = [ACQUIRE, TAKE, SEEK].map(({ sha1 }) => sha1)
const isGrant = ({ body }: RedisRequest): boolean =>
  GRANTS.some((sha1) => JSON.stringify(body).includes(sha1))

const never = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })

describe('A lease whose grant nobody heard of in time', () => {
  let platform: ManualPlatform
  let redis: Transport
  let cache: RedisCacheManager
  let isLossy: boolean
  let isAway: boolean

  beforeEach(async () => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
    isLossy = true
    isAway = false
    const lossy = intercept(redis, async (request) => {
      if (isAway) throw networkError('EVALSHA', { code: 'EHOSTUNREACH' })
      const answer = await redis.request<never>(request)
      return isLossy && isGrant(request) ? never(request.signal) : answer
    })
    cache = new RedisCacheManager({ redis: lossy, platform, deadline: 500 })
    // Scripts are known from here on.
    isLossy = false
    await cache.getOrSet('other', () => 'loaded')
    await cache.set('other', 'set')
    isLossy = true
  })

  const leases = async (): Promise<unknown> =>
    (await redis.request({ body: ['KEYS', '*:l:*'] })).result

  test.each<readonly [string, (cache: RedisCacheManager) => Promise<unknown>]>([
    ['a load', (cache) => cache.getOrSet('k', () => 'loaded')],
    ['loads of many', (cache) => cache.getOrSetMany(['k'], () => new Map([['k', 'loaded']]))],
    ['a set', (cache) => cache.set('k', 'set')],
    ['a ticket', (cache) => cache.begin('k')],
    ['a read that expects nothing', (cache) => seeker(cache).getOrSet('k', () => 'loaded', {})],
  ])('is given back two seconds after the deadline of %s', async (_what, act) => {
    const ended = act(cache).catch((error: unknown) => error)
    await platform.advance(500)
    await ended
    expect(await leases()).toHaveLength(1)
    isLossy = false

    await platform.advance(2_000)

    expect(await leases()).toEqual([])
    expect(await cache.getOrSet('k', () => 'loaded later')).toBe('loaded later')
  })

  test('is given back later if nobody answers by then, and not for ever', async () => {
    const ended = cache.set('k', 'lost').catch(() => undefined)
    await platform.advance(500)
    await ended
    isAway = true
    isLossy = false

    // With what the guard tries again for.
    await platform.advance(2_500)
    expect(await leases()).toHaveLength(1)
    isAway = false
    await platform.advance(4_000)
    expect(await leases()).toEqual([])

    isLossy = true
    const again = cache.set('k', 'lost').catch(() => undefined)
    await platform.advance(500)
    await again
    isAway = true
    await platform.advance(60_000)
    expect(platform.pendingTimers).toBe(0)
  })

  test('stays with who has got one since', async () => {
    const ended = cache.set('k', 'lost').catch(() => undefined)
    await platform.advance(500)
    await ended
    isLossy = false
    const ticket = await cache.begin('k')

    await platform.advance(2_000)

    expect(await ticket.commit('kept')).toBe('stored')
  })
})
