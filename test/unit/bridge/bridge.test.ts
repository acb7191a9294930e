import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { type BridgeOptions, bridge } from '../../../src/bridge/index.ts'
import { InvalidOptionError, RemoteError } from '../../../src/errors.ts'
import { RedisCacheManager } from '../../../src/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Requester } from '../../../src/redis/requester.ts'
import { type RestFetch, restTransport } from '../../../src/redis/rest.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'

const headers = { authorization: 'Bearer token' }

describe('bridge', () => {
  test('can be mounted at any path, by `route` or `mount`', async () => {
    const app = new Hono()
    const served = bridge({ redis: embeddedTransport(), token: 'token' })
    app.route('/a/redis', served)
    app.mount('/b', served.fetch)

    for (const base of ['/a/redis', '/b']) {
      const set = await app.request(`${base}/set/key/${base.length}`, { headers })
      const body = JSON.stringify(['GET', 'key'])
      const got = await app.request(`${base}/`, { method: 'POST', headers, body })
      const bare = await app.request(base, { method: 'POST', headers, body })

      expect(await set.json()).toEqual({ result: 'OK' })
      expect(await got.json()).toEqual({ result: `${base.length}` })
      expect(await bare.json()).toEqual({ result: `${base.length}` })
      expect((await app.request(`${base}/health`)).status).toBe(200)
    }
  })

  test('selects the database by the token', async () => {
    const app = bridge({
      databases: [
        { redis: embeddedTransport(), token: 'one', readOnlyToken: 'one-read' },
        { redis: embeddedTransport(), token: 'two' },
      ],
    })
    const get = async (path: string, token: string): Promise<unknown> =>
      (await app.request(path, { headers: { authorization: `Bearer ${token}` } })).json()
    await get('/set/key/1', 'one')
    await get('/set/key/2', 'two')

    expect(await get('/get/key', 'one')).toEqual({ result: '1' })
    expect(await get('/get/key', 'one-read')).toEqual({ result: '1' })
    expect(await get('/get/key', 'two')).toEqual({ result: '2' })
    expect(await get('/set/key/3', 'one-read')).toHaveProperty('error')
  })

  test('reports the counters of each database separately, without keys, values or commands', async () => {
    const app = bridge({
      databases: [
        { redis: embeddedTransport(), token: 'one' },
        { redis: embeddedTransport(), token: 'two' },
      ],
    })
    const one = { headers: { authorization: 'Bearer one' } }
    await app.request('/set/a-key/a-value', one)
    await app.request('/incr/a-key', one)
    const body = JSON.stringify([['GET', 'a-key'], ['NOSUCH']])
    await app.request('/pipeline', { method: 'POST', ...one, body })

    const response = await app.request('/metrics', one)
    const text = await response.text()
    const other = await app.request('/metrics', { headers: { authorization: 'Bearer two' } })

    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    for (const line of [
      'requests_total{kind="command",status="200"} 1',
      'requests_total{kind="command",status="400"} 1',
      'requests_total{kind="pipeline",status="200"} 1',
      'commands_total 4',
      'command_errors_total 2',
      'backend_requests_total 3',
      'backend_failures_total 0',
      'streams 0',
      'request_duration_seconds_bucket{le="+Inf"} 3',
      'request_duration_seconds_count 3',
    ]) {
      expect(text).toContain(`\nnearcache_bridge_${line}\n`)
    }
    expect(text).not.toMatch(/a-key|a-value|NOSUCH|INCR/i)
    expect(await other.text()).toContain('\nnearcache_bridge_commands_total 0\n')
    // Every line is a comment or a sample in the format of Prometheus.
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(
        /^# (?:HELP|TYPE) \w+ .+$|^\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? [\d.e+-]+$/,
      )
    }
  })

  test('sends a pipeline of 100 commands, and a transaction, as one request', async () => {
    const redis = countingTransport(embeddedTransport())
    const app = bridge({ redis, token: 'token' })
    const body = JSON.stringify(Array.from({ length: 100 }, (_, i) => ['ECHO', `${i}`]))

    for (const path of ['/pipeline', '/multi-exec']) {
      redis.reset()
      const response = await app.request(path, { method: 'POST', headers, body })

      expect(await response.json()).toEqual(
        Array.from({ length: 100 }, (_, i) => ({ result: `${i}` })),
      )
      expect(redis.counts).toEqual({ requests: 1, commands: 100 })
    }
  })

  test('answers 504 after `timeoutMs` if the backend does not answer, and /health after its own limit', async () => {
    const platform = new ManualPlatform()
    const redis: Requester = { request: () => new Promise(() => undefined) }
    const app = bridge({ redis, token: 'token', timeoutMs: 5_000, platform })

    const health = app.request('/health')
    const answer = app.request('/get/key', { headers })
    await platform.advance(1_000)
    expect((await health).status).toBe(503)
    await platform.advance(4_000)

    const response = await answer
    expect([response.status, await response.json()]).toEqual([
      504,
      { error: 'ERR the database did not answer within 5000 ms' },
    ])
  })

  test.each<[string, unknown, number, string]>([
    [
      'a RemoteError of the backend is answered with its reason',
      new RemoteError({ operation: 'GET', reason: 'ECONNREFUSED', applied: 'no' }),
      503,
      'ERR the database did not answer: ECONNREFUSED',
    ],
    [
      'any other error is answered without its message',
      new Error('GET secret'),
      503,
      'ERR the database did not answer',
    ],
    [
      'a thrown value that is not an Error is answered without its text',
      'secret',
      503,
      'ERR the database did not answer',
    ],
  ])('%s', async (_title, failure, status, error) => {
    const app = bridge({ redis: { request: () => Promise.reject(failure) }, token: 'token' })

    const response = await app.request('/get/key', { headers })

    expect([response.status, await response.json()]).toEqual([status, { error }])
  })

  test('a cache sends its request again after the bridge has lost its connection to Redis', async () => {
    const platform = new ManualPlatform()
    const redis = embeddedTransport({ platform })
    const lost = new RemoteError({ operation: 'DEL', reason: 'ECONNRESET', applied: 'unknown' })
    let requests = 0
    const request: Requester['request'] = async (sent) => {
      if (++requests === 1) throw lost
      return redis.request(sent)
    }
    const app = bridge({ redis: { request }, token: 'token', platform })
    const fetch: RestFetch = async (url, init) => app.request(url, init)
    const transport = restTransport({ url: 'http://localhost', token: 'token', fetch, platform })
    const cache = new RedisCacheManager({ redis: transport, platform })

    const invalidated = cache.invalidateTags(['tag'])
    await eventually(async () => {
      await platform.advance(10)
      expect(requests).toBe(2)
    })

    await invalidated
  })

  test('treats a backend answer that does not match the request as a failure', async () => {
    const redis = { request: async () => [{ result: 1 }] as never }
    const app = bridge({ redis, token: 'token' })
    const body = JSON.stringify([['PING'], ['PING']])

    const response = await app.request('/pipeline', { method: 'POST', headers, body })

    expect(response.status).toBe(503)
  })

  test('counts a client that disconnects before the end of its body as a bad request', async () => {
    const app = bridge({ redis: embeddedTransport(), token: 'token' })
    const body = new ReadableStream({ pull: (own) => own.error(new Error('aborted')) })

    const init = { method: 'POST', headers, body, duplex: 'half' }
    const response = await app.request('/', init)

    expect(response.status).toBe(400)
  })

  test('refuses data that is not UTF-8 if the database stores text only', async () => {
    const app = bridge({ redis: embeddedTransport(), token: 'token' })
    const body = new Uint8Array([0xff])

    const inBody = await app.request('/set/key', { method: 'POST', headers, body })
    const inPath = await app.request('/set/key/%FF', { headers })

    for (const response of [inBody, inPath]) {
      expect([response.status, await response.json()]).toEqual([
        400,
        { error: expect.stringMatching(/not UTF-8/) },
      ])
    }
    expect(await (await app.request('/exists/key', { headers })).json()).toEqual({ result: 0 })
  })

  test.each<[option: string, options: BridgeOptions]>([
    ['token', { redis: embeddedTransport(), token: '' }],
    ['token', { redis: embeddedTransport(), token: 'with space' }],
    ['readOnlyToken', { redis: embeddedTransport(), token: 'same', readOnlyToken: 'same' }],
    ['databases', { databases: [] }],
    ['maxBodyBytes', { redis: embeddedTransport(), token: 't', maxBodyBytes: 0 }],
    ['maxStreams', { redis: embeddedTransport(), token: 't', maxStreams: 1.5 }],
    ['timeoutMs', { redis: embeddedTransport(), token: 't', timeoutMs: Number.NaN }],
    ['healthTimeoutMs', { redis: embeddedTransport(), token: 't', healthTimeoutMs: 0 }],
    ['heartbeatMs', { redis: embeddedTransport(), token: 't', heartbeatMs: -1 }],
  ])('rejects a bad %s without quoting it', (option, options) => {
    expect(() => bridge(options)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
    expect(() => bridge(options)).not.toThrow(/same|with space/)
  })
})
