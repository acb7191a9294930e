/**
 * Computes what the panels show: sums, lines of charts, and the table of namespaces. Pure.
 *
 * @module
 */

import type { Census } from '../cache/census.ts'
import { type Figures, mergeFigures, WHOLE_CACHE } from '../monitor/figures.ts'
import type { Slice } from '../monitor/redis-figures.ts'
import { ERROR_KINDS } from '../monitor/series.ts'
import { type Summary, summarize } from '../monitor/summary.ts'
import type { Timeline } from './snapshot.ts'

/** The period that a page shows. */
export type Range = '1h' | '24h'

/** The range that an address names, if there is such a range; without one, the last hour. */
export function rangeIn(text = '1h'): Range | undefined {
  return text === '1h' || text === '24h' ? text : undefined
}

/** The slices of a range. */
export function slicesOf({ minutes, hours }: Timeline, range: Range): readonly Slice[] {
  return range === '1h' ? minutes : hours
}

/** The summed figures of a range. */
export function figuresOf(timeline: Timeline, range: Range): Figures {
  return mergeFigures(slicesOf(timeline, range).map(({ figures }) => figures))
}

/** One line of a chart; `null` for periods without a measurement. */
export interface Line {
  readonly label: string
  /** Names a colour of the style sheet. */
  readonly tone: string
  readonly values: readonly (number | null)[]
}

/** The data of a chart and its table. */
export interface ChartData {
  /** The start of each period, in epoch milliseconds. */
  readonly at: readonly number[]
  readonly lines: readonly Line[]
  readonly unit: '%' | 'ms' | ''
  /** A horizontal line at the value from which on an alert starts. */
  readonly limit?: { readonly label: string; readonly value: number } | undefined
  readonly max?: number
}

const TONES = ['red', 'amber', 'violet', 'blue', 'teal', 'pink', 'green', 'grey'] as const

type Draw = (label: string, tone: string, of: (summary: Summary) => number | undefined) => Line

function drawing(slices: readonly Slice[]): Draw {
  const summaries = slices.map(({ figures }) => summarize(figures))
  return (label, tone, of) => ({ label, tone, values: summaries.map((one) => of(one) ?? null) })
}

const timesOf = (slices: readonly Slice[]): number[] => slices.map(({ from }) => from)

/** The shares of look-ups that were hits, in percent. */
export function hitRateChart(slices: readonly Slice[], limit: number | undefined): ChartData {
  const draw = drawing(slices)
  const share =
    (of: (summary: Summary) => number) =>
    (summary: Summary): number | undefined =>
      summary.lookups === 0 ? undefined : (100 * of(summary)) / summary.lookups
  return {
    at: timesOf(slices),
    unit: '%',
    max: 100,
    limit: limit === undefined ? undefined : { label: 'alert below', value: limit },
    lines: [
      draw(
        'hits',
        'teal',
        share(({ hits }) => hits),
      ),
      draw(
        'near',
        'blue',
        share(({ nearHits }) => nearHits),
      ),
      draw(
        'stale',
        'amber',
        share(({ staleHits }) => staleHits),
      ),
    ],
  }
}

/** Quantiles of latencies, in milliseconds. */
export function latencyChart(slices: readonly Slice[], limit: number | undefined): ChartData {
  const draw = drawing(slices)
  const isMeasured = ({ values }: Line): boolean => values.some((value) => value !== null)
  return {
    at: timesOf(slices),
    unit: 'ms',
    limit: limit === undefined ? undefined : { label: 'alert above', value: limit },
    lines: [
      draw('get p50', 'teal', ({ getMs }) => getMs.p50),
      draw('get p95', 'blue', ({ getMs }) => getMs.p95),
      draw('get p99', 'violet', ({ getMs }) => getMs.p99),
      draw('set p50', 'green', ({ setMs }) => setMs.p50),
      draw('set p95', 'amber', ({ setMs }) => setMs.p95),
      draw('set p99', 'pink', ({ setMs }) => setMs.p99),
    ].filter(isMeasured),
  }
}

/** Errors, by the kinds that occurred. */
export function errorChart(slices: readonly Slice[]): ChartData {
  const draw = drawing(slices)
  const lines = ERROR_KINDS.map((kind, i) =>
    draw(kind, TONES[i % TONES.length] ?? 'grey', ({ errorsByKind }) => errorsByKind[kind]),
  )
  return {
    at: timesOf(slices),
    unit: '',
    lines: lines.filter(({ values }) => values.some((value) => value !== null && value > 0)),
  }
}

/** Commands and requests to Redis. */
export function commandChart(slices: readonly Slice[]): ChartData {
  const draw = drawing(slices)
  return {
    at: timesOf(slices),
    unit: '',
    lines: [
      draw('commands', 'blue', ({ redisCommands }) => redisCommands),
      draw('requests', 'teal', ({ redisRequests }) => redisRequests),
    ],
  }
}

/** What commands cost at the rate of a range. */
export interface Spending {
  readonly commands: number
  readonly requests: number
  /** In thirty days at this rate. */
  readonly commandsAMonth: number
  readonly dollarsAMonth: number
  /** The time over which the rate was measured, in milliseconds. */
  readonly watchedMs: number
}

const MONTH_MS = 30 * 86_400_000

/** Measures from the first period with figures on: periods before it would make the rate too low. */
export function spendingOf(
  slices: readonly Slice[],
  now: number,
  pricePer100k: number,
): Spending | undefined {
  const first = slices.find(({ figures }) => figures.size > 0)
  if (!first) return undefined
  const { redisCommands, redisRequests } = summarize(
    mergeFigures(slices.map(({ figures }) => figures)),
  )
  const watchedMs = Math.max(60_000, now - first.from)
  const commandsAMonth = (redisCommands * MONTH_MS) / watchedMs
  return {
    commands: redisCommands,
    requests: redisRequests,
    commandsAMonth,
    dollarsAMonth: (commandsAMonth / 100_000) * pricePer100k,
    watchedMs,
  }
}

/** One namespace in the table. */
export interface NamespaceRow {
  readonly path: string
  readonly summary: Summary
  /** The time that hits would have taken as loads, minus the time they took; `undefined` before the first load. */
  readonly savedMs: number | undefined
  readonly stored:
    | { readonly entries: number; readonly bytes: number; readonly meanLifeMs: number | undefined }
    | undefined
}

/** The namespaces, sorted by look-ups, highest first. */
export function namespaceRows(figures: Figures, census: Census | undefined): NamespaceRow[] {
  const paths = new Set([...figures.keys(), ...(census?.namespaces.keys() ?? [])])
  paths.delete(WHOLE_CACHE)
  return [...paths]
    .map((path) => {
      const one = figures.get(path)
      const summary = summarize(new Map(one ? [[path, one]] : []))
      const spentMs = (one?.histograms.get('g.hit')?.sumMicros ?? 0) / 1_000
      const mean = summary.loadMs.mean
      const savedMs = mean === undefined ? undefined : Math.max(0, summary.hits * mean - spentMs)
      return { path, summary, savedMs, stored: census?.namespaces.get(path) }
    })
    .sort((a, b) => b.summary.lookups - a.summary.lookups || (a.path < b.path ? -1 : 1))
}
