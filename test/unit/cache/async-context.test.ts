import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { Metrics } from '../../../src/monitor/metrics.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { type RestFetch, restTransport } from '../../../src/redis/rest.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type RestEndpoint, startRestEndpoint } from '../../support/rest-endpoint.ts'

// docs/guides/monitoring.md, Traces
describe('The context of an AsyncLocalStorage', () => {
  const request = new AsyncLocalStorage<string>()
  let platform: ManualPlatform
  let endpoint: RestEndpoint
  let redis: Transport
  let cache: RedisCacheManager
  /** The request in whose context each callback ran, in order. */
  let seen: (string | undefined)[] = []

  const note = (): number => seen.push(request.getStore())
  const noting: RestFetch = (url, init) => {
    note()
    return fetch(url, init)
  }

  beforeEach(async () => {
    platform = new ManualPlatform()
    endpoint = await startRestEndpoint({ requester: embeddedTransport({ platform }) })
    const { url, token } = endpoint
    redis = restTransport({ url, token, fetch: noting })
    cache = new RedisCacheManager({ redis, platform, jitter: 0 })
    await cache.getOrSet('known scripts', () => 'v')
    seen = []
  })

  afterEach(async () => {
    await redis.close()
    await endpoint.stop()
  })

  test('of a request to Redis is that of the first caller in its tick', async () => {
    await Promise.all(['first', 'second'].map((name) => request.run(name, () => cache.get(name))))

    expect(seen).toEqual(['first'])
  })

  test('of a loader is that of the call that loads; callers that join it keep their own', async () => {
    const load = (): string | undefined => request.getStore()
    const call = async (): Promise<unknown> => [await cache.getOrSet('k', load), request.getStore()]

    await expect(
      Promise.all(['first', 'second'].map((name) => request.run(name, call))),
    ).resolves.toEqual([
      ['first', 'first'],
      ['first', 'second'],
    ])
  })

  test('of a refresh in the background is that of the read that began it', async () => {
    const options = { ttl: '1m', staleWhileRevalidate: '1h' } as const
    await cache.getOrSet('k', () => 'old', options)
    await platform.advance(61_000)
    const refreshed = Promise.withResolvers<string | undefined>()

    const answer = await request.run('reader', () =>
      cache.getOrSet('k', () => refreshed.resolve(request.getStore()), options),
    )

    expect(answer).toBe('old')
    await expect(refreshed.promise).resolves.toBe('reader')
    await platform.settle()
  })

  test('of a listener is that of the operation it is called for', async () => {
    request.run('start-up', () => cache.subscribe(note))
    seen = []

    await request.run('reader', () => cache.get('k'))

    expect(seen).toEqual(['reader', 'reader'])
  })

  test('of a sink is that of the operation that ended the interval', async () => {
    const sink = { name: 'noting', write: async () => void note() }
    request.run('start-up', () => new Metrics({ cache, sinks: [sink], platform, interval: '10s' }))
    await request.run('early', () => cache.get('k'))
    await platform.advance(10_000)
    seen = []

    await request.run('late', () => cache.get('k'))
    await platform.settle()

    expect(seen).toEqual(['late', 'late'])
  })
})
