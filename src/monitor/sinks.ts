/**
 * Sinks for services of the host: its log, a meter of OpenTelemetry, Workers Analytics Engine.
 *
 * @module
 */

import { type CacheFigures, type Figures, mergeFigures, WHOLE_CACHE } from './figures.ts'
import { upperBoundMs } from './histogram.ts'
import { type Batch, type MetricsSink, OTHER_CACHES } from './metrics.ts'
import { bySeries, type Metric } from './series.ts'
import { summarize } from './summary.ts'

/** Logs a line of JSON for each batch, for hosts that collect logs. */
export function consoleSink(log: (line: string) => void = console.log): MetricsSink {
  return {
    name: 'console',
    write: async ({ source, sequence, at, figures }) => {
      log(JSON.stringify({ metric: 'nearcache', source, sequence, at, ...summarize(figures) }))
    },
  }
}

/** The part of a meter of `@opentelemetry/api` that is used. */
export interface MeterLike {
  createCounter(
    name: string,
    options: { unit: string; description: string },
  ): {
    add(value: number, attributes: Record<string, string>): void
  }
  createHistogram(
    name: string,
    options: { unit: string; description: string },
  ): {
    record(value: number, attributes: Record<string, string>): void
  }
}

/** How many durations of a bucket are recorded at most: a meter takes them one by one. */
const MAX_RECORDS = 100

/**
 * Adds each batch to a meter. A histogram of a meter takes one duration at a time, so at most 100 per bucket
 * and batch are recorded; `otlpSink` loses none.
 */
export function meterSink(meter: MeterLike): MetricsSink {
  const counterOf = once((name, options) => meter.createCounter(name, options))
  const histogramOf = once((name, options) => meter.createHistogram(name, options))
  const tell = (cache: string, { counters, histograms }: CacheFigures): void => {
    for (const [{ metric, attributes }, count] of bySeries(counters)) {
      counterOf(metric).add(count, { cache, ...attributes })
    }
    for (const [{ metric, attributes }, { buckets }] of bySeries(histograms)) {
      for (const value of valuesIn(buckets)) {
        histogramOf(metric).record(value, { cache, ...attributes })
      }
    }
  }
  return {
    name: 'meter',
    write: async ({ figures }) => {
      for (const [cache, one] of figures) tell(cache, one)
    },
  }
}

type InstrumentOptions = { unit: string; description: string }

/** Makes an instrument when it is first used. */
function once<T>(make: (name: string, options: InstrumentOptions) => T): (metric: Metric) => T {
  const made = new Map<Metric, T>()
  return (metric) => {
    const { name, unit, help: description } = metric
    const instrument = made.get(metric) ?? make(name, { unit, description })
    made.set(metric, instrument)
    return instrument
  }
}

function valuesIn(buckets: ReadonlyMap<number, number>): number[] {
  return [...buckets].flatMap(([bucket, count]) =>
    Array.from({ length: Math.min(count, MAX_RECORDS) }, () => valueIn(bucket)),
  )
}

/** A duration that the bucket holds, in milliseconds. */
function valueIn(bucket: number): number {
  const bound = upperBoundMs(bucket)
  return bound === Infinity ? upperBoundMs(bucket - 1) : bound
}

/** The part of a dataset of Workers Analytics Engine that is used. */
export interface AnalyticsEngineLike {
  writeDataPoint(point: { indexes: string[]; blobs: string[]; doubles: number[] }): void
}

/** Well below the 250 points that an invocation of a Worker may write (Cloudflare's limits, April 2026). */
const MAX_POINTS = 25

/**
 * Writes a point for each cache of a batch; beyond 25, those with the fewest look-ups share one. Index and
 * first blob are the cache's path, the second blob is the source. The doubles are look-ups, hits, near hits,
 * stale hits, misses, loads, failed loads, sets, invalidations, errors, requests, commands; then, for
 * look-ups that asked Redis, count, mean, p50, p95 and p99 in milliseconds (-1 if there were none).
 */
export function analyticsEngineSink(dataset: AnalyticsEngineLike): MetricsSink {
  return {
    name: 'analytics-engine',
    write: async ({ figures, source }: Batch) => {
      for (const [cache, one] of foremost(figures, MAX_POINTS)) {
        const sums = summarize(new Map([[cache, one]]))
        const { count, mean = -1, p50 = -1, p95 = -1, p99 = -1 } = sums.getMs
        dataset.writeDataPoint({
          // An index is at most 96 bytes; a path is ASCII.
          indexes: [(cache === WHOLE_CACHE ? 'redis' : cache).slice(0, 96)],
          blobs: [cache, source],
          doubles: [
            sums.lookups,
            sums.hits,
            sums.nearHits,
            sums.staleHits,
            sums.misses,
            sums.loads,
            sums.failedLoads,
            sums.sets,
            sums.invalidations,
            sums.errors,
            sums.redisRequests,
            sums.redisCommands,
            count,
            mean,
            p50,
            p95,
            p99,
          ],
        })
      }
    },
  }
}

/** At most `count` caches: those with the most look-ups separately, the rest added up. */
function foremost(figures: Figures, count: number): Figures {
  if (figures.size <= count) return figures
  const lookups = (one: CacheFigures): number => summarize(new Map([['', one]])).lookups
  const sorted = [...figures].sort(([, a], [, b]) => lookups(b) - lookups(a))
  const rest = sorted.slice(count - 1).map(([, one]) => new Map([[OTHER_CACHES, one]]))
  return mergeFigures([new Map(sorted.slice(0, count - 1)), ...rest])
}
