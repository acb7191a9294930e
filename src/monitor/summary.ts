/**
 * Summarises figures for operators: rates, sums and quantiles.
 *
 * @module
 */

import { type CacheFigures, type Figures, totalOf } from './figures.ts'
import { type HistogramData, mergeHistograms, quantileMs } from './histogram.ts'
import { ERROR_KINDS, MISS_REASONS } from './series.ts'

/** Rates, sums and quantiles. Rates are from 0 to 1, and `undefined` if nothing was counted. */
export interface Summary {
  readonly lookups: number
  readonly hits: number
  readonly nearHits: number
  readonly staleHits: number
  readonly misses: number
  /** Share of hits among all look-ups; a look-up that either tier answers is one hit. */
  readonly hitRate: number | undefined
  readonly missesByReason: Readonly<Record<string, number>>
  readonly sets: number
  readonly loads: number
  readonly failedLoads: number
  readonly coalesced: number
  readonly invalidations: number
  readonly evictions: number
  readonly errors: number
  readonly errorsByKind: Readonly<Record<string, number>>
  /** Share of errors of the cache and its Redis among all look-ups and writes; without loaders' errors. */
  readonly errorRate: number | undefined
  readonly redisRequests: number
  readonly redisCommands: number
  /** Durations of look-ups that asked Redis, in milliseconds; without near hits. */
  readonly getMs: Quantiles
  readonly setMs: Quantiles
  readonly loadMs: Quantiles
}

/** Quantiles of durations, in milliseconds. */
export interface Quantiles {
  readonly count: number
  readonly mean: number | undefined
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
}

/** Sums figures up, over all caches. */
export function summarize(figures: Figures): Summary {
  const total = totalOf(figures)
  const count = (...codes: readonly string[]): number =>
    codes.reduce((sum, code) => sum + (total.counters.get(code) ?? 0), 0)
  const hits = count('hn', 'hr', 'hs', 'he')
  const missesByReason = byName(MISS_REASONS, (reason) => count(`m.${reason}`))
  const misses = sum(missesByReason)
  const lookups = hits + misses
  const errorsByKind = byName(ERROR_KINDS, (kind) => count(`e.read.${kind}`, `e.write.${kind}`))
  const errors = sum(errorsByKind)
  const writes = count('s', 'ss', 'd', 'ih', 'is')
  const attempts = lookups + writes + sum(byName(ERROR_KINDS, (kind) => count(`e.write.${kind}`)))
  return {
    lookups,
    hits,
    nearHits: count('hn'),
    staleHits: count('hs', 'he'),
    misses,
    hitRate: share(hits, lookups),
    missesByReason,
    sets: count('s', 'ss'),
    loads: count('l'),
    failedLoads: count('lf'),
    coalesced: count('lc'),
    invalidations: count('ih', 'is'),
    evictions: count('ev'),
    errors,
    errorsByKind,
    errorRate: share(errors - (errorsByKind['loader'] ?? 0), attempts),
    redisRequests: count('rr'),
    redisCommands: count('rc'),
    getMs: quantilesOf(getDurations(total)),
    setMs: quantilesOf(total.histograms.get('w')),
    loadMs: quantilesOf(total.histograms.get('ld')),
  }
}

function getDurations({ histograms }: CacheFigures): HistogramData | undefined {
  const hit = histograms.get('g.hit')
  const miss = histograms.get('g.miss')
  return hit && miss ? mergeHistograms(hit, miss) : (hit ?? miss)
}

function quantilesOf(data: HistogramData | undefined): Quantiles {
  return {
    count: data?.count ?? 0,
    mean: data && data.sumMicros / 1_000 / data.count,
    p50: quantileMs(data, 0.5),
    p95: quantileMs(data, 0.95),
    p99: quantileMs(data, 0.99),
  }
}

function byName(
  names: readonly string[],
  count: (name: string) => number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, count(name)]))
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, one) => all + one, 0)
}

function share(part: number, of: number): number | undefined {
  return of === 0 ? undefined : Math.min(1, part / of)
}
