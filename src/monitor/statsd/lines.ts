/**
 * Writes figures as lines of StatsD (github.com/statsd/statsd, "Metric Types"), with the tags of DogStatsD
 * if the server supports them.
 *
 * @module
 */

import { type Figures, WHOLE_CACHE } from '../figures.ts'
import type { HealthStats } from '../health.ts'
import { type HistogramData, upperBoundMs } from '../histogram.ts'
import { OTHER_CACHES } from '../metrics.ts'
import { bySeries, type Series } from '../series.ts'

/** How lines are written. */
export interface LineStyle {
  /** The start of every name. */
  readonly prefix: string
  /** Whether attributes are written as `tags` of DogStatsD or as parts of the `names`. */
  readonly attributes: 'tags' | 'names'
  /** Tags of every line, as pairs of name and value. */
  readonly tags: readonly (readonly [name: string, value: string])[]
}

/**
 * Bound on the lines of one histogram in one batch, unless it has more buckets than that. A line has one
 * duration: beyond the bound, each line stands for several by its sample rate.
 */
const MAX_DURATIONS = 50
/** Much smaller rates would be written with an exponent. */
const MIN_RATE = 1e-5

/** Counters as they are, durations bucket by bucket: counts are exact, durations to within 9.1 %. */
export function linesOf(figures: Figures, style: LineStyle): string[] {
  return [...figures].flatMap(([cache, { counters, histograms }]) => [
    ...bySeries(counters).map(([series, count]) => lineOf(style, series, cache, `${count}|c`)),
    ...bySeries(histograms).flatMap(([series, data]) =>
      durationsOf(data).map((value) => lineOf(style, series, cache, value)),
    ),
  ])
}

/** The gauges; unknown values are left out. */
export function gaugeLines({ memoryUsage, errorRate }: HealthStats, style: LineStyle): string[] {
  const gauge = (name: string, value: number | undefined): string[] =>
    value === undefined
      ? []
      : [`${style.prefix}${name}:${plain(value)}|g${tagText(style, style.tags)}`]
  const share = errorRate === undefined ? undefined : errorRate / 100
  return [...gauge('cache.memory_usage', memoryUsage), ...gauge('cache.error_rate', share)]
}

function lineOf(
  style: LineStyle,
  { metric, attributes }: Series,
  cache: string,
  value: string,
): string {
  const of: (readonly [string, string])[] = [
    ['cache', cacheName(cache)],
    ...Object.entries(attributes),
  ]
  const parts = style.attributes === 'names' ? of.map(([, text]) => `.${word(text)}`) : []
  const tags = style.attributes === 'tags' ? [...of, ...style.tags] : []
  return `${style.prefix}${metric.name}${parts.join('')}:${value}${tagText(style, tags)}`
}

function cacheName(cache: string): string {
  if (cache === WHOLE_CACHE) return 'all'
  return cache === OTHER_CACHES ? 'other' : cache
}

function tagText({ attributes }: LineStyle, tags: readonly (readonly [string, string])[]): string {
  if (attributes !== 'tags' || tags.length === 0) return ''
  return `|#${tags.map(([name, value]) => `${tagWord(name)}:${tagWord(value)}`).join()}`
}

/** A text as a part of a dotted name. */
function word(text: string): string {
  return text.replaceAll(/[^\w-]/g, '_')
}

function tagWord(text: string): string {
  return text.replaceAll(/[^\w./-]/g, '_')
}

/** The lines of each bucket, in proportion to its share of all durations. */
function durationsOf({ count, buckets }: HistogramData): string[] {
  return [...buckets].flatMap(([bucket, n]) => {
    const wanted = count <= MAX_DURATIONS ? n : Math.round((n * MAX_DURATIONS) / count)
    const lines = Math.max(1, wanted, Math.ceil(n * MIN_RATE))
    const rate = lines >= n ? '' : `|@${plain(lines / n)}`
    const line = `${plain(valueIn(bucket))}|ms${rate}`
    return Array.from({ length: Math.min(lines, n) }, () => line)
  })
}

/** The middle of a bucket on its own scale, as for quantiles. */
function valueIn(bucket: number): number {
  const bound = upperBoundMs(bucket)
  if (bound === Infinity) return upperBoundMs(bucket - 1)
  return bucket === 0 ? bound / 2 : Math.sqrt(bound * upperBoundMs(bucket - 1))
}

/** Writes a number with at most nine digits, without an exponent. */
function plain(value: number): string {
  return String(Number(value.toPrecision(9)))
}
