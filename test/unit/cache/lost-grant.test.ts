import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { seeker } from '../../../src/cache/seek.ts'
import { RemoteError } from '../../../src/errors.ts'
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

const GRANTED: readonly (readonly [string, (cache: RedisCacheManager) => Promise<unknown>])[] = [
  ['a load', (cache) => cache.getOrSet('k', () => 'loaded')],
  ['loads of many', (cache) => cache.getOrSetMany(['k'], () => new Map([['k', 'loaded']]))],
  ['a set', (cache) => cache.set('k', 'set')],
  ['a ticket', (cache) => cache.begin('k')],
  ['a read that expects nothing', (cache) => seeker(cache).getOrSet('k', () => 'loaded', {})],
]

/** What happens to the replies to requests for a lease. */
type Loss = (signal: AbortSignal | undefined) => Promise<never>

const late: Loss = (signal) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })

const cut: Loss = async () => {
  const failure = { operation: 'EVALSHA', reason: 'ECONNRESET', applied: 'unknown' } as const
  throw new RemoteError({ ...failure, retryable: true })
}

const OPENS_AT_ONCE: Partial<CacheOptions> = { breaker: { threshold: 1, cooldownMs: 5_000 } }

describe('A lease whose grant was lost on the way', () => {
  let platform: ManualPlatform
  let redis: Transport
  let loss: Loss | undefined
  let isAway: boolean

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
    loss = undefined
    isAway = false
  })

  /** A cache whose scripts Redis knows, so that from here on each request is sent once. */
  async function lossyCache(options: Partial<CacheOptions> = {}): Promise<RedisCacheManager> {
    const lossy = intercept(redis, async (request) => {
      if (isAway) throw networkError('EVALSHA', { code: 'EHOSTUNREACH' })
      const answer = await redis.request<never>(request)
      return loss && isGrant(request) ? loss(request.signal) : answer
    })
    const cache = new RedisCacheManager({ redis: lossy, platform, deadline: 500, ...options })
    await cache.getOrSet('other', () => 'loaded')
    await cache.set('other', 'set')
    return cache
  }

  /** Waits for an operation that has asked for a lease and gets no reply. */
  async function lose(how: Loss, ask: () => Promise<unknown>): Promise<void> {
    loss = how
    const ended = ask().catch((error: unknown) => error)
    await platform.advance(500)
    await ended
    loss = undefined
    expect(await leases()).toHaveLength(1)
  }

  const leases = async (): Promise<unknown> =>
    (await redis.request({ body: ['KEYS', '*:l:*'] })).result

  test.each(GRANTED)('is given back two seconds after the deadline of %s', async (_what, act) => {
    const cache = await lossyCache()
    await lose(late, () => act(cache))

    await platform.advance(2_000)

    expect(await leases()).toEqual([])
    expect(await cache.getOrSet('k', () => 'loaded later')).toBe('loaded later')
  })

  test.each(GRANTED)(
    'is given back two seconds after %s of which every answer was cut off',
    async (_what, act) => {
      const cache = await lossyCache()
      await lose(cut, () => act(cache))

      await platform.advance(2_000)

      expect(await leases()).toEqual([])
    },
  )

  test.each(GRANTED)(
    'is given back by %s once the circuit has closed again',
    async (_what, act) => {
      const cache = await lossyCache(OPENS_AT_ONCE)
      await lose(late, () => act(cache))
      await platform.advance(5_000)
      await cache.get('other')

      await platform.advance(2_000)

      expect(await leases()).toEqual([])
      expect(await cache.getOrSet('k', () => 'loaded later')).toBe('loaded later')
    },
  )

  test('is given back later if Redis does not answer by then, but is not tried endlessly', async () => {
    const cache = await lossyCache()
    await lose(late, () => cache.set('k', 'lost'))
    isAway = true

    // Includes the retries of the guard.
    await platform.advance(2_500)
    expect(await leases()).toHaveLength(1)
    isAway = false
    await platform.advance(4_000)
    expect(await leases()).toEqual([])

    loss = late
    const again = cache.set('k', 'lost').catch(() => undefined)
    await platform.advance(500)
    await again
    isAway = true
    await platform.advance(60_000)
    expect(platform.pendingTimers).toBe(0)
  })

  test('is not taken from a caller that got the lease since', async () => {
    const cache = await lossyCache()
    loss = late
    const ended = cache.set('k', 'lost').catch(() => undefined)
    await platform.advance(500)
    await ended
    loss = undefined
    const ticket = await cache.begin('k')

    await platform.advance(2_000)

    expect(await ticket.commit('kept')).toBe('stored')
  })

  test.each<readonly [string, () => Promise<unknown>]>([
    ['a value', async () => 'loaded'],
    ['a failure', () => Promise.reject(new Error('no source'))],
  ])(
    'of a load that ended with %s while the circuit was open is given back',
    async (_what, load) => {
      const cache = await lossyCache(OPENS_AT_ONCE)
      const source = Promise.withResolvers<void>()
      const loading = cache.getOrSet('k', () => source.promise.then(load)).catch(() => undefined)
      await platform.advance(0)
      loss = late
      const opening = cache.set('other', 'late').catch(() => undefined)
      await platform.advance(500)
      await opening
      source.resolve()
      await loading
      loss = undefined
      await platform.advance(5_000)
      await cache.get('other')

      await platform.advance(2_000)

      expect(await leases()).toEqual([])
    },
  )

  test('of a load that ended while Redis was read-only is given back', async () => {
    let isReplica = false
    const redirected = intercept(redis, (request) =>
      isReplica && JSON.stringify(request.body).includes('EVALSHA')
        ? Promise.resolve({ error: "READONLY You can't write against a read only replica." })
        : redis.request(request),
    )
    const cache = new RedisCacheManager({ redis: redirected, platform, deadline: 500 })
    const source = Promise.withResolvers<string>()
    const loading = cache.getOrSet('k', () => source.promise)
    await platform.advance(0)
    isReplica = true
    source.resolve('loaded')
    await platform.advance(2_000)
    expect(await loading).toBe('loaded')
    expect(await leases()).toHaveLength(1)
    isReplica = false

    await platform.advance(2_000)

    expect(await leases()).toEqual([])
  })
})
