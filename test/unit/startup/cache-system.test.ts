import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { type RestEndpoint, startRestEndpoint } from '../../support/rest-endpoint.ts'
import { describeWithRedis } from '../../support/with-redis.ts'
import { type FreshProcess, freshProcess, transportThat } from './fresh-process.ts'

/** An address where no server listens. */
const NOWHERE = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' }

let own: FreshProcess

beforeEach(async () => {
  own = await freshProcess()
})

afterEach(() => own.end())

describe('startupCacheSystem', () => {
  test('works without any configuration, and says once what to set', async () => {
    const { cache, kind, stop } = await own.start()
    await cache.set('key', 'value')
    await stop()
    await own.start()

    expect(kind).toBe('embedded')
    expect(own.warnings).toEqual([
      expect.stringMatching(/^nearcache: No Redis is configured.*UPSTASH_REDIS_REST_URL/),
    ])
  })

  test('warns on the console unless given another function', async () => {
    const consoleWarn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)

    const { stop } = await own.startup.startupCacheSystem({ env: {} })
    await stop()

    expect(consoleWarn).toHaveBeenCalledOnce()
    consoleWarn.mockRestore()
  })

  test('reads the environment of the process unless given another', async () => {
    vi.stubEnv('REDIS_HOST', 'redis://wrong')

    await expect(own.startup.startupCacheSystem()).rejects.toThrow('REDIS_HOST must be a host name')
    vi.unstubAllEnvs()
  })

  test('resolves to the running system when called again, also at the same time', async () => {
    const [first, second] = await Promise.all([own.start(), own.start()])

    expect(second).toBe(first)
    expect(await own.start({ redis: embeddedTransport() })).toBe(first)
  })

  test('starts another system after the first was stopped', async () => {
    const first = await own.start()
    const stopped = first.stop()
    const second = await own.start()
    await stopped

    expect(second).not.toBe(first)
    await expect(second.cache.set('key', 1)).resolves.toBe('stored')
  })

  test('can be called again after it failed', async () => {
    await expect(own.start({ env: { REDIS_HOST: 'h', REDIS_PORT: '0' } })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      problems: ['REDIS_PORT must be a whole number from 1 to 65535'],
    })

    await expect(own.start()).resolves.toMatchObject({ kind: 'embedded' })
  })

  test('makes its cache the default one, and the live binding cacheManager', async () => {
    const before = own.defaults.defaultCache()
    await before.set('key', 'before start-up')

    const { cache } = await own.start()

    expect(own.startup.cacheManager).toBe(cache)
    expect(own.defaults.defaultCache()).toBe(cache)
    expect(cache).not.toBe(before)
    expect((await own.startup.cacheManager.getStats()).totalKeys).toBe(0)
  })

  test('passes the options of the cache on, and refuses unknown ones', async () => {
    const transport = embeddedTransport()
    const { cache } = await own.start({ redis: transport, prefix: 'app', ttl: '5m' })
    await cache.set('key', 'value')

    expect(await transport.request({ body: ['KEYS', 'app:*'] })).toMatchObject({
      result: expect.arrayContaining([expect.stringMatching(/^app:/)]),
    })
    await own.end()
    await expect(own.start({ tll: '5m' } as object)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      option: 'tll',
    })
  })

  test('after stop, calls fail instead of being lost in another cache', async () => {
    const { stop } = await own.start()

    await Promise.all([stop(), stop()])

    await expect(own.startup.cacheManager.invalidateTags(['tag'])).rejects.toMatchObject({
      code: 'ERR_CLOSED',
    })
    expect(own.defaults.defaultCache()).toBe(own.startup.cacheManager)
  })

  test('stop waits for a running load, which is stored and leaves no lease', async () => {
    const engine = transportThat(() => undefined)
    let isClosed = false
    const answer = (request: RedisRequest): Promise<unknown> =>
      isClosed ? Promise.reject(new own.errors.ClosedError('engine')) : engine.request(request)
    const close = async (): Promise<void> => {
      isClosed = true
    }
    const redis = { ...transportThat(answer), close }
    const platform = new ManualPlatform()
    const { cache, stop } = await own.start({ redis, platform })
    const loading = Promise.withResolvers<void>()
    const value = Promise.withResolvers<string>()
    const load = cache.getOrSet('key', () => {
      loading.resolve()
      return value.promise
    })
    await loading.promise

    const stopped = stop()
    await platform.advance(1_000)
    value.resolve('loaded')
    await expect(load).resolves.toBe('loaded')
    await platform.advance(20)
    await stopped

    const { result } = await engine.request({ body: ['KEYS', 'nc:default:[el]:*'] })
    expect(result).toEqual(['nc:default:e:{key}'])
  })

  test('stop waits two seconds at most for a load that does not end', async () => {
    const platform = new ManualPlatform()
    const { cache, stop } = await own.start({ redis: embeddedTransport({ platform }), platform })
    const loading = Promise.withResolvers<void>()
    void cache.getOrSet('key', () => {
      loading.resolve()
      return new Promise(() => undefined)
    })
    await loading.promise
    let isStopped = false
    const stopped = stop().then(() => {
      isStopped = true
    })

    await platform.advance(1_900)
    expect(isStopped).toBe(false)
    await platform.advance(100)

    await stopped
  })

  test('continues when Redis does not answer, and says so without an address', async () => {
    const { cache, kind } = await own.start({ env: NOWHERE })

    await expect(cache.getOrSet('key', () => 'loaded')).resolves.toBe('loaded')
    expect(kind).toBe('tcp')
    expect(own.warnings).toEqual([
      'nearcache: Redis (tcp) does not answer: ECONNREFUSED. The cache goes on without.',
    ])
  })

  test('fails if the transport rejects its configuration, and closes it', async () => {
    const close = vi.fn<() => Promise<void>>(() => Promise.resolve())
    const problem = new own.errors.ConfigurationError(['ioredis is not installed'])
    const redis = { ...transportThat(() => Promise.reject(problem)), close }

    await expect(own.start({ redis })).rejects.toBe(problem)

    expect(close).toHaveBeenCalledOnce()
    expect(() => own.startup.cacheManager.redis).toThrow(own.errors.NotStartedError)
    expect(own.startup.isCacheSystemReady()).toBe(false)
  })
})

describe('startupCacheSystem with a REST endpoint', () => {
  let endpoint: RestEndpoint

  beforeEach(async () => {
    endpoint = await startRestEndpoint({ requester: embeddedTransport() })
  })

  afterEach(() => endpoint.stop())

  test.each([
    ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'],
    ['KV_REST_API_URL', 'KV_REST_API_TOKEN'],
  ])('finds it by %s and %s', async (url, token) => {
    const { cache, kind } = await own.start({
      env: { [url]: endpoint.url, [token]: endpoint.token },
    })
    await cache.set('key', 'value')

    expect(kind).toBe('rest')
    expect(await cache.get('key')).toBe('value')
    expect(endpoint.commands).toBeGreaterThan(2)
    expect(own.warnings).toEqual([])
  })
})

describeWithRedis('startupCacheSystem, before a redis-server,', () => {
  let server: RedisServer

  beforeEach(async () => {
    server = await startRedisServer(['--requirepass', 'secret'])
  })

  afterEach(() => server.stop())

  test('finds it by REDIS_HOST and its companions', async () => {
    const env = {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(server.port),
      REDIS_PASSWORD: 'secret',
      REDIS_DB: '3',
      REDIS_TLS_ENABLED: 'false',
    }

    const { cache, kind, status } = await own.start({ env })
    await cache.set('key', 'value')

    expect(kind).toBe('tcp')
    expect(await cache.get('key')).toBe('value')
    expect(await status()).toMatchObject({
      status: 'ok',
      transport: 'tcp',
      circuit: 'closed',
      firstCheck: 'answered',
      stats: { totalKeys: expect.any(Number) },
    })
    expect(await cache.redis.request({ body: ['CLIENT', 'INFO'] })).toMatchObject({
      result: expect.stringContaining(' db=3 '),
    })
    expect(own.warnings).toEqual([])
  })

  test('is down while the server hangs, and ok when it is back', async () => {
    const env = {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(server.port),
      REDIS_PASSWORD: 'secret',
    }
    const { status } = await own.start({ env })

    process.kill(server.pid, 'SIGSTOP')
    const duringOutage = await status()
    process.kill(server.pid, 'SIGCONT')

    expect(duringOutage).toMatchObject({ status: 'down', reason: 'no answer within 1000 ms' })
    await eventually(async () => expect(await status()).toMatchObject({ status: 'ok' }))
  })
})
