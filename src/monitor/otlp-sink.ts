/**
 * Sends figures to an OpenTelemetry collector: OTLP/HTTP in JSON, delta temporality, exponential histograms.
 *
 * Written by hand: the SDK with its exporter is five times the size of this cache, and the timer of its
 * periodic reader does not outlive a request of a Worker.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkFields } from '../entry/option-checks.ts'
import { RemoteError, RemoteTimeoutError } from '../errors.ts'
import { withDeadline } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { BUCKETS, type HistogramData } from './histogram.ts'
import type { Batch, MetricsSink } from './metrics.ts'
import { requirePostAddress } from './post-address.ts'
import { type Metric, SERIES_BY_CODE } from './series.ts'

/** Options for {@link otlpSink}. */
export interface OtlpOptions {
  /** The URL of the metrics endpoint, such as `https://collector.example/v1/metrics`. */
  readonly url: string
  /** Additional headers, such as `{ authorization: 'Bearer …' }`. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** `service.name` of the resource. @default 'nearcache' */
  readonly serviceName?: string
  /** @default the runtime's fetch */
  readonly fetch?: typeof globalThis.fetch
  /** How long one export may take. @default '5s' */
  readonly deadline?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
}

type Json = Readonly<Record<string, unknown>>

const FIELDS = ['url', 'headers', 'serviceName', 'fetch', 'deadline', 'platform']
const DELTA = 1
const SCALE = 2
/** Bucket 1 holds (2^-2, 2^-1.75], which at scale 2 is index -8. */
const FIRST_INDEX = -8

/**
 * A sink for a collector. Each isolate is an instance of the service (`service.instance.id`), so that
 * deltas of several isolates are never mistaken for one series.
 *
 * @throws {InvalidOptionError} When `url` is no http or https URL, or holds a user name or password; for an unknown option.
 */
export function otlpSink(options: OtlpOptions): MetricsSink {
  checkFields(options, 'options', FIELDS)
  const { url, headers = {}, serviceName = 'nearcache', platform = webPlatform() } = options
  const deadlineMs = toMilliseconds(options.deadline ?? '5s', 'deadline', { min: 1 })
  requirePostAddress(url)
  let since = platform.now()
  return {
    name: 'otlp',
    write: async (batch) => {
      const body = JSON.stringify(exportOf(batch, since, serviceName))
      const late = (): RemoteTimeoutError => new RemoteTimeoutError('otlp', deadlineMs)
      await withDeadline(platform, deadlineMs, late, async (signal) => {
        const send = options.fetch ?? globalThis.fetch
        const response = await send(url, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          signal,
        })
        await response.body?.cancel()
        if (!response.ok) {
          const reason = `HTTP ${response.status}`
          throw new RemoteError({ operation: 'otlp', reason, applied: 'no' })
        }
      })
      since = batch.at
    },
  }
}

/** A batch as an `ExportMetricsServiceRequest`. */
export function exportOf(batch: Batch, since: number, serviceName: string): Json {
  // The clock may have been set back; collectors refuse a span that ends before it begins.
  const from = Math.min(since, batch.at)
  const span = { startTimeUnixNano: nanos(from), timeUnixNano: nanos(batch.at) }
  const points = new Map<Metric, Json[]>()
  const add = (code: string, cache: string, point: Json): void => {
    const series = SERIES_BY_CODE.get(code)
    if (series === undefined) return
    const attributes = attributesOf({ cache, ...series.attributes })
    const of = points.get(series.metric) ?? []
    points.set(series.metric, of)
    of.push({ ...span, attributes, ...point })
  }
  for (const [cache, { counters, histograms }] of batch.figures) {
    for (const [code, count] of counters) add(code, cache, { asInt: String(count) })
    for (const [code, data] of histograms) add(code, cache, histogramPoint(data))
  }
  const resource = {
    attributes: attributesOf({ 'service.name': serviceName, 'service.instance.id': batch.source }),
  }
  const metrics = [...points].map(([metric, dataPoints]) => metricOf(metric, dataPoints))
  return {
    resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'nearcache' }, metrics }] }],
  }
}

function metricOf({ name, unit, help, kind }: Metric, dataPoints: readonly Json[]): Json {
  const told = { name, unit, description: help }
  return kind === 'counter'
    ? { ...told, sum: { aggregationTemporality: DELTA, isMonotonic: true, dataPoints } }
    : { ...told, exponentialHistogram: { aggregationTemporality: DELTA, dataPoints } }
}

function histogramPoint({ count, sumMicros, buckets }: HistogramData): Json {
  const bucketCounts = Array.from({ length: BUCKETS - 1 }, (_, i) =>
    String(buckets.get(i + 1) ?? 0),
  )
  return {
    count: String(count),
    sum: sumMicros / 1_000,
    scale: SCALE,
    zeroCount: String(buckets.get(0) ?? 0),
    zeroThreshold: 0.25,
    positive: { offset: FIRST_INDEX, bucketCounts },
  }
}

function attributesOf(values: Readonly<Record<string, string>>): Json[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

function nanos(ms: number): string {
  return `${Math.floor(ms)}000000`
}
