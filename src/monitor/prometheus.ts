/**
 * Writes figures for Prometheus: text format 0.0.4, seconds and bytes.
 *
 * @module
 */

import type { Figures } from './figures.ts'
import { type HistogramData, upperBoundMs } from './histogram.ts'
import { type Metric, SERIES, type Series } from './series.ts'

/** The media type of {@link prometheusText}. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A figure that goes up and down. */
export interface Gauge {
  /** Name in OpenTelemetry, such as `cache.memory_usage`. */
  readonly name: string
  readonly prometheus: string
  readonly unit: string
  readonly help: string
  readonly value: number
  readonly attributes?: Readonly<Record<string, string>>
}

/**
 * The buckets whose upper bounds are exported: one in four, from 0.25 ms to 32 s. Prometheus keeps a series
 * for each.
 */
const TOLD_BUCKETS: readonly number[] = Array.from({ length: 18 }, (_, i) => i * 4)

/**
 * Renders figures that only grow, from `RedisFigures.readTotal`. The figures of one isolate would be only
 * a part of them.
 */
export function prometheusText(figures: Figures, gauges: readonly Gauge[] = []): string {
  const metrics = [...new Set(SERIES.map((series) => series.metric))]
  const lines = metrics.flatMap((metric) => {
    const of = SERIES.filter((series) => series.metric === metric)
    return (metric.kind === 'counter' ? counterLines : histogramLines)(metric, of, figures)
  })
  for (const gauge of gauges) {
    lines.push(...head(gauge.prometheus, gauge.help, 'gauge'))
    lines.push(`${gauge.prometheus}${labels(gauge.attributes ?? {})} ${numberText(gauge.value)}`)
  }
  return `${lines.join('\n')}\n`
}

function counterLines(metric: Metric, of: readonly Series[], figures: Figures): string[] {
  const name = `${metric.prometheus}_total`
  const samples = [...figures].flatMap(([cache, { counters }]) =>
    of.flatMap(({ code, attributes }) => {
      const count = counters.get(code)
      return count === undefined ? [] : [`${name}${labels({ cache, ...attributes })} ${count}`]
    }),
  )
  return samples.length === 0 ? [] : [...head(name, metric.help, 'counter'), ...samples]
}

function histogramLines(metric: Metric, of: readonly Series[], figures: Figures): string[] {
  const samples = [...figures].flatMap(([cache, { histograms }]) =>
    of.flatMap(({ code, attributes }) => {
      const data = histograms.get(code)
      return data ? bucketLines(metric.prometheus, { cache, ...attributes }, data) : []
    }),
  )
  return samples.length === 0
    ? []
    : [...head(metric.prometheus, metric.help, 'histogram'), ...samples]
}

function bucketLines(
  name: string,
  attributes: Readonly<Record<string, string>>,
  { count, sumMicros, buckets }: HistogramData,
): string[] {
  const upTo = (bound: number): number =>
    [...buckets].reduce((sum, [bucket, n]) => sum + (bucket <= bound ? n : 0), 0)
  return [
    ...TOLD_BUCKETS.map((bucket) => {
      const le = numberText(upperBoundMs(bucket) / 1_000)
      return `${name}_bucket${labels({ ...attributes, le })} ${upTo(bucket)}`
    }),
    `${name}_bucket${labels({ ...attributes, le: '+Inf' })} ${count}`,
    `${name}_sum${labels(attributes)} ${numberText(sumMicros / 1e6)}`,
    `${name}_count${labels(attributes)} ${count}`,
  ]
}

function head(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function labels(attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes)
  if (pairs.length === 0) return ''
  return `{${pairs.map(([name, value]) => `${name.replaceAll('.', '_')}="${escaped(value)}"`).join()}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}
