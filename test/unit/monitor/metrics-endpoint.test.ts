import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import type { CacheFigures } from '../../../src/monitor/figures.ts'
import { Metrics } from '../../../src/monitor/metrics.ts'
import { gaugesOf, metricsEndpoint } from '../../../src/monitor/metrics-endpoint.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import { PROMETHEUS_TYPE, prometheusText } from '../../../src/monitor/prometheus.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { SERIES } from '../../../src/monitor/series.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

const TOKEN = 'scrape-token-0123'

describe('metricsEndpoint', () => {
  let redis: FaultyRequester
  let cache: RedisCacheManager
  let figures: RedisFigures
  let monitor: CacheMonitor

  beforeEach(async () => {
    const platform = new ManualPlatform()
    redis = faultyRequester(embeddedTransport({ platform }))
    cache = new RedisCacheManager({ redis, platform, retries: 0 })
    figures = new RedisFigures({ cache })
    monitor = new CacheMonitor({ cache, figures, platform, memoryLimitBytes: 1e9 })
    const metrics = new Metrics({ cache, platform, sinks: [figures] })
    await cache.set('a', 1)
    for (let i = 0; i < 3; i++) await cache.get('a')
    await cache.get('b')
    await metrics.flush()
  })

  const scrape = (headers: Record<string, string> = {}) =>
    new Request('http://worker.test/metrics', { headers })

  test('serves the figures of all isolates, and gauges', async () => {
    const response = await metricsEndpoint({ figures, monitor })(scrape())

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(PROMETHEUS_TYPE)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const lines = (await response.text()).split('\n')
    expect(lines).toContain('cache_hits_total{cache="default",layer="remote",freshness="fresh"} 3')
    expect(lines).toContain('cache_misses_total{cache="default",reason="absent"} 1')
    expect(lines).toContain('cache_memory_limit_bytes 1000000000')
    expect(lines).toContain('cache_breaker_open 0')
    expect(lines).toContainEqual(expect.stringMatching(/^cache_keys [1-9]/))
    expect(lines).toContainEqual(expect.stringMatching(/^cache_redis_round_trip_seconds \d/))
  })

  test('has no gauges without a monitor', async () => {
    const text = await (await metricsEndpoint({ figures })(scrape())).text()

    expect(text).not.toContain('gauge')
  })

  test.each([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer scrape-token-0124' }],
    ['a beginning of the token', { authorization: 'Bearer scrape-token' }],
    ['the token in another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('refuses %s, without a request to Redis', async (_, headers) => {
    const before = redis.requests.length

    const response = await metricsEndpoint({ figures, token: TOKEN })(scrape(headers))

    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(redis.requests.length).toBe(before)
  })

  test('answers a client with the token', async () => {
    const answer = metricsEndpoint({ figures, token: TOKEN })

    expect((await answer(scrape({ authorization: `bearer ${TOKEN}` }))).status).toBe(200)
  })

  test('fails while Redis is down: a gap is better than a zero', async () => {
    const error = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    redis.fate = () => ({ kind: 'fail', error })

    const response = await metricsEndpoint({ figures, monitor })(scrape())

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('15')
  })

  test('refuses a token that is too short', () => {
    expect(() => metricsEndpoint({ figures, token: 'short' })).toThrow(InvalidOptionError)
  })

  test('refuses a misspelled token, without which everybody could read', () => {
    const options = { figures, bearer: 'a token that is long enough' }

    expect(() => metricsEndpoint(options)).toThrow(InvalidOptionError)
  })

  test('leaves out gauges with unknown values', () => {
    const names = gaugesOf({
      hitRate: undefined,
      missRate: undefined,
      errorRate: undefined,
      memoryUsage: undefined,
      memoryLimit: undefined,
      totalKeys: undefined,
      responseTime: undefined,
      roundTripMs: undefined,
      clockSkewMs: undefined,
      circuit: 'open',
    }).map(({ prometheus, value }) => `${prometheus} ${value}`)

    expect(names).toEqual(['cache_breaker_open 1'])
  })
})

describe('the Grafana dashboard', () => {
  const file = readFileSync(
    join(import.meta.dirname, '../../../docs/grafana/nearcache.json'),
    'utf8',
  )
  const board = JSON.parse(file) as {
    readonly panels: readonly {
      readonly title: string
      readonly targets: readonly { readonly expr: string }[]
    }[]
  }
  const WORDS = /\bcache_[a-z_]+/g

  /** Everything that the renderer can write, rendered. */
  function emitted(): { readonly names: Set<string>; readonly labels: Set<string> } {
    const data = { count: 1, sumMicros: 1, buckets: new Map([[0, 1]]) }
    const one: CacheFigures = {
      counters: new Map(SERIES.map(({ code }) => [code, 1])),
      histograms: new Map(SERIES.map(({ code }) => [code, data])),
    }
    const gauges = gaugesOf({
      hitRate: 1,
      missRate: 1,
      errorRate: 1,
      memoryUsage: 1,
      memoryLimit: 1,
      totalKeys: 1,
      responseTime: 1,
      roundTripMs: 1,
      clockSkewMs: 1,
      circuit: 'closed',
    })
    const text = prometheusText(new Map([['default', one]]), gauges)
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const labels = samples.flatMap((line) => [...line.matchAll(/([a-z_]+)="/g)].map(([, l]) => l))
    return {
      names: new Set(samples.map((line) => /^[a-z_]+/.exec(line)?.[0] ?? '')),
      labels: new Set(labels.map(String)),
    }
  }

  test('queries only names that the renderer writes', () => {
    const { names } = emitted()
    const asked = board.panels.flatMap(({ title, targets }) =>
      targets.flatMap(({ expr }) => [...expr.matchAll(WORDS)].map(([name]) => ({ title, name }))),
    )

    expect(asked.filter(({ name }) => !names.has(name))).toEqual([])
    expect(asked.length).toBeGreaterThan(20)
  })

  test('has a hit rate even without any hit or any miss', () => {
    const rates = board.panels.flatMap(({ title, targets }) =>
      title.startsWith('Hit rate') ? targets.map(({ expr }) => expr) : [],
    )

    // A division by a sum has no result if one summand has no series.
    expect(rates).toHaveLength(2)
    for (const expr of rates) {
      expect(expr).toMatch(/ or 0 \* .*\) \/ sum.*__name__=~"cache_hits_total\|cache_misses_total"/)
    }
  })

  test('groups only by existing attributes', () => {
    const { labels } = emitted()
    const groups = [...file.matchAll(/ by \(([a-z, ]+)\)/g)].flatMap(([, list]) =>
      String(list).split(', '),
    )

    expect(groups.filter((label) => !labels.has(label))).toEqual([])
    expect(groups).toContain('le')
  })

  test('shows every metric', () => {
    const asked = new Set([...file.matchAll(WORDS)].map(([name]) => name))
    const metrics = [...emitted().names].filter((name) => !/_(?:bucket|sum|count)$/.test(name))

    expect(metrics.filter((name) => !asked.has(name))).toEqual([])
  })
})
