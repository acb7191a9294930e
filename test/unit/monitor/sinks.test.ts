import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Alert } from '../../../src/monitor/alerts.ts'
import type { CacheFigures } from '../../../src/monitor/figures.ts'
import { Histogram } from '../../../src/monitor/histogram.ts'
import type { Batch } from '../../../src/monitor/metrics.ts'
import { otlpSink } from '../../../src/monitor/otlp-sink.ts'
import { prometheusText } from '../../../src/monitor/prometheus.ts'
import { SERIES } from '../../../src/monitor/series.ts'
import { analyticsEngineSink, consoleSink, meterSink } from '../../../src/monitor/sinks.ts'
import { webhook } from '../../../src/monitor/webhook.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

function figuresOf(counters: Record<string, number>, durations: readonly number[]): CacheFigures {
  const histogram = new Histogram()
  for (const ms of durations) histogram.record(ms)
  const data = histogram.take()
  return {
    counters: new Map(Object.entries(counters)),
    histograms: new Map(data ? [['g.hit', data]] : []),
  }
}

function batchOf(figures: Batch['figures']): Batch {
  return { source: 'isolate-1', sequence: 1, at: 1_767_225_660_000, figures }
}

const FIGURES = new Map([['default', figuresOf({ hr: 3, 'm.absent': 1 }, [1, 2, 200])]])

interface Received {
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Record<string, unknown>
}

describe('the table of series', () => {
  test('contains every code once, and no attribute that could be a key', () => {
    const codes = SERIES.map(({ code }) => code)

    expect(new Set(codes).size).toBe(codes.length)
    for (const { attributes } of SERIES) {
      for (const name of Object.keys(attributes)) {
        expect(['layer', 'freshness', 'reason', 'outcome', 'mode', 'op', 'kind']).toContain(name)
      }
    }
  })
})

describe('prometheusText', () => {
  test('writes counters, and histograms whose buckets add up', () => {
    const lines = prometheusText(FIGURES).split('\n')

    expect(lines).toContain('# TYPE cache_hits_total counter')
    expect(lines).toContain('cache_hits_total{cache="default",layer="remote",freshness="fresh"} 3')
    expect(lines).toContain('cache_misses_total{cache="default",reason="absent"} 1')
    expect(lines).toContain('# TYPE cache_get_duration_seconds histogram')
    const of = (le: string): string =>
      `cache_get_duration_seconds_bucket{cache="default",layer="remote",outcome="hit",le="${le}"}`
    expect(lines).toContain(`${of('0.0005')} 0`)
    expect(lines).toContain(`${of('0.001')} 1`)
    expect(lines).toContain(`${of('0.256')} 3`)
    expect(lines).toContain(`${of('+Inf')} 3`)
    expect(lines).toContain(
      'cache_get_duration_seconds_sum{cache="default",layer="remote",outcome="hit"} 0.203',
    )
  })

  test('renders any number of namespaces', () => {
    const histogram = { count: 1, sumMicros: 1_000, buckets: new Map([[8, 1]]) }
    const one = { counters: new Map(), histograms: new Map([['w', histogram]]) }
    const figures = new Map(Array.from({ length: 10_000 }, (_, i) => [`tenant-${i}`, one]))

    expect(prometheusText(figures)).toContain('_seconds_count{cache="tenant-9999"} 1\n')
  })

  test('leaves out what was not counted, and escapes names', () => {
    expect(prometheusText(new Map())).toBe('\n')
    const gauge = {
      name: 'cache.memory_usage',
      prometheus: 'cache_memory_usage_bytes',
      unit: 'By',
      help: 'Bytes that Redis uses',
      value: 5,
      attributes: { scope: 'a"b\\c\nd' },
    }

    expect(prometheusText(new Map(), [gauge])).toContain(
      'cache_memory_usage_bytes{scope="a\\"b\\\\c\\nd"} 5',
    )
  })
})

describe('sinks', () => {
  const received: Received[] = []
  let statuses: number[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body: JSON.parse(text) })
      response.statusCode = statuses.shift() ?? 200
      response.end()
    })
  })
  let url = ''

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('to a collector: deltas by instance, histograms without loss', async () => {
    received.length = 0
    const platform = new ManualPlatform({ startAt: 1_767_225_600_000 })
    const sink = otlpSink({ url, headers: { authorization: 'Bearer x' }, platform })

    await sink.write(batchOf(FIGURES))

    expect(received[0]?.headers['authorization']).toBe('Bearer x')
    const [{ resource, scopeMetrics }] = (received[0]?.body['resourceMetrics'] ?? []) as [
      { resource: object; scopeMetrics: [{ metrics: { name: string }[] }] },
    ]
    expect(JSON.stringify(resource)).toContain(
      '"service.instance.id","value":{"stringValue":"isolate-1"}',
    )
    const metrics = Object.fromEntries(scopeMetrics[0].metrics.map((one) => [one.name, one]))
    expect(metrics['cache.hit']).toMatchObject({
      sum: {
        aggregationTemporality: 1,
        isMonotonic: true,
        dataPoints: [
          {
            asInt: '3',
            startTimeUnixNano: '1767225600000000000',
            timeUnixNano: '1767225660000000000',
          },
        ],
      },
    })
    const [point] = (
      metrics['cache.get.duration'] as unknown as {
        exponentialHistogram: {
          dataPoints: [{ positive: { offset: number; bucketCounts: string[] } }]
        }
      }
    ).exponentialHistogram.dataPoints
    expect(point).toMatchObject({ count: '3', sum: 203, scale: 2, zeroCount: '0' })
    // Index i of scale 2 holds (2^(i/4), 2^((i+1)/4)]: 1 ms ends index -1, 2 ms index 3.
    const filled = point.positive.bucketCounts.flatMap((count, i) =>
      count === '0' ? [] : [i + point.positive.offset],
    )
    expect(filled).toEqual([-1, 3, 30])
  })

  test('to a collector: no period ends before it begins, even after the clock was set back', async () => {
    received.length = 0
    const sink = otlpSink({ url, platform: new ManualPlatform({ startAt: 1_767_225_999_000 }) })

    await sink.write(batchOf(FIGURES))

    const sent = JSON.stringify(received[0]?.body)
    expect(sent).toContain('"startTimeUnixNano":"1767225660000000000"')
    expect(sent).toContain('"timeUnixNano":"1767225660000000000"')
  })

  test('to a collector that refuses: rejects without its address in the message', async () => {
    statuses = [503]
    const error = await otlpSink({ url })
      .write(batchOf(FIGURES))
      .catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ code: 'ERR_REMOTE', reason: 'HTTP 503' })
    expect(String(error)).not.toContain('127.0.0.1')
  })

  test('to the log: one line of sums', async () => {
    const lines: string[] = []
    await consoleSink((line) => lines.push(line)).write(batchOf(FIGURES))

    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ metric: 'nearcache', lookups: 4, hits: 3 })
  })

  test('to a meter: counters by their attributes, durations one by one up to a bound', async () => {
    const told: unknown[] = []
    const meter = {
      createCounter: (name: string) => ({
        add: (value: number, attributes: object) => told.push([name, value, attributes]),
      }),
      createHistogram: (name: string) => ({ record: (value: number) => told.push([name, value]) }),
    }
    const many = figuresOf(
      { hn: 2 },
      Array.from({ length: 150 }, () => 8),
    )

    await meterSink(meter).write(batchOf(new Map([['mail', many]])))

    expect(told[0]).toEqual(['cache.hit', 2, { cache: 'mail', layer: 'near', freshness: 'fresh' }])
    expect(told.filter((one) => Array.isArray(one) && one[1] === 8)).toHaveLength(100)
  })

  test('to Analytics Engine: a point per cache, at most 25, and no cache is left out', async () => {
    const points: { indexes: string[]; doubles: number[] }[] = []
    const figures = new Map(
      Array.from({ length: 40 }, (_, i) => [`cache${i}`, figuresOf({ hr: i + 1 }, [])]),
    )

    await analyticsEngineSink({ writeDataPoint: (point) => points.push(point) }).write(
      batchOf(figures),
    )

    expect(points).toHaveLength(25)
    expect(points[0]?.indexes).toEqual(['cache39'])
    const lookups = points.reduce((sum, { doubles }) => sum + (doubles[0] ?? 0), 0)
    expect(lookups).toBe((40 * 41) / 2)
  })

  const ALERT: Alert = {
    id: 'latency',
    type: 'performance',
    severity: 'medium',
    message: 'Look-ups are slow',
    timestamp: 1,
    resolved: false,
    metadata: { value: 120, threshold: 100, unit: 'ms', samples: 60 },
  }

  test('of alerts: a webhook posts each once more when the first attempt fails', async () => {
    received.length = 0
    statuses = [500, 200]
    await webhook({ url, body: ({ id, resolved }) => ({ text: id, resolved }) })(ALERT)

    expect(received.map(({ body }) => body)).toEqual([
      { text: 'latency', resolved: false },
      { text: 'latency', resolved: false },
    ])
    statuses = [500, 500]
    await expect(webhook({ url })(ALERT)).rejects.toMatchObject({ reason: 'HTTP 500' })
  })

  test.each([otlpSink, webhook])('refuse an address that is not a URL of http or https', (make) => {
    expect(() => make({ url: 'redis://host' })).toThrow('Option "url"')
    expect(() => make({ url: 'https://' })).toThrow('Option "url"')
  })

  test.each([otlpSink, webhook])(
    'refuse an address with a password, without repeating it',
    (make) => {
      expect(() => make({ url: 'https://ada:leak@host/v1/metrics' })).toThrow(
        'Option "url" must be free of user name and password: headers can hold them',
      )
    },
  )
})
