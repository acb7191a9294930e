import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Requester } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/index.ts'
import { type FreshProcess, freshProcess, transportThat } from './fresh-process.ts'

const isPing = ({ body }: RedisRequest): boolean => Array.isArray(body) && body[0] === 'PING'

describe('getCacheSystemStatus', () => {
  let own: FreshProcess

  beforeEach(async () => {
    own = await freshProcess()
  })

  afterEach(() => own.end())

  test('describes the default cache before start-up', async () => {
    expect(await own.startup.getCacheSystemStatus()).toMatchObject({
      status: 'ok',
      transport: 'default',
      circuit: 'closed',
      firstCheck: 'none',
    })
  })

  test('is ok when PING is answered', async () => {
    const platform = new ManualPlatform()
    const { cache } = await own.start({ platform, monitor: false })
    await cache.getOrSet('key', () => 'value')
    await cache.get('key')

    expect(await own.startup.getCacheSystemStatus()).toEqual({
      status: 'ok',
      transport: 'embedded',
      circuit: 'closed',
      roundTripMs: 0,
      firstCheck: 'answered',
      stats: expect.objectContaining({ totalHits: 1, totalMisses: 1, hitRate: 50 }),
      timestamp: platform.now(),
    })
  })

  test('is degraded when PING takes more than 100 ms', async () => {
    const platform = new ManualPlatform()
    const slow = async (): Promise<unknown> => {
      await platform.delay(101)
      return { result: 'PONG' }
    }
    const redis = transportThat((request) => (isPing(request) ? slow() : undefined))
    const starting = own.start({ redis, platform })
    await platform.advance(101)
    const { status } = await starting

    const answer = status()
    await platform.advance(101)

    expect(await answer).toMatchObject({ status: 'degraded', reason: 'slow', roundTripMs: 101 })
  })

  test('is degraded while the circuit is open, even if Redis answers', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('outage'))
    let isOut = true
    const redis = transportThat((request) => (isOut && !isPing(request) ? fail() : undefined))
    const { cache, status } = await own.start({
      redis,
      breaker: { threshold: 1, cooldownMs: 60_000 },
    })
    await cache.getOrSet('key', () => 'loaded')
    isOut = false

    expect(await status()).toMatchObject({
      status: 'degraded',
      reason: 'circuit open',
      circuit: 'open',
      roundTripMs: expect.any(Number),
    })
  })

  test('is down when nothing answers within a second', async () => {
    const platform = new ManualPlatform()
    const redis = transportThat(() => new Promise(() => undefined))
    const starting = own.start({ redis, platform, monitor: false })
    await platform.advance(1_000)
    const { status } = await starting

    const answer = status()
    await platform.advance(1_000)

    expect(await answer).toMatchObject({
      status: 'down',
      reason: 'no answer within 1000 ms',
      firstCheck: 'failed',
      stats: { totalKeys: undefined, memoryUsage: undefined },
    })
    expect(await answer).not.toHaveProperty('roundTripMs')
  })

  // I5
  test('shows only the first word of an error reply', async () => {
    const refuse = Promise.resolve({ error: 'WRONGPASS invalid username-password pair for alice' })
    const { status } = await own.start({ redis: transportThat(() => refuse) })

    expect(await status()).toMatchObject({ status: 'down', reason: 'WRONGPASS' })
    expect(JSON.stringify(await status())).not.toContain('alice')
  })

  test('is down after stop, without figures', async () => {
    const { status, stop } = await own.start()
    await stop()

    expect(await status()).toMatchObject({ status: 'down', reason: 'stopped', stats: undefined })
    expect(await own.startup.getCacheSystemStatus()).toMatchObject({ status: 'down' })
  })

  test('reports the kind custom for a Requester that is not a transport', async () => {
    const engine = embeddedTransport()
    const redis: Requester = { request: (request) => engine.request(request) }
    const { kind } = await own.start({ redis })

    expect(kind).toBe('custom')
    expect(await own.startup.getCacheSystemStatus()).toMatchObject({ transport: 'custom' })
  })
})
