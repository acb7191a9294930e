/**
 * Figures as fields of a Redis hash, each a whole number, so that Redis can add them up.
 *
 * `<cache>|<code>` is a counter; `<cache>|<code>|<bucket>` counts a bucket of a histogram, `|n` all of
 * its durations, and `|u` sums them up in microseconds.
 *
 * @module
 */

import type { Figures } from './figures.ts'
import type { HistogramData } from './histogram.ts'

const FIELD = /^(.*)\|([\w.-]+)\|(\d{1,2}|n|u)$|^(.*)\|([\w.-]+)$/

/** Field, count, field, count, … */
export function toFields(figures: Figures): (string | number)[] {
  const fields: (string | number)[] = []
  for (const [cache, { counters, histograms }] of figures) {
    for (const [code, count] of counters) fields.push(`${cache}|${code}`, count)
    for (const [code, { count, sumMicros, buckets }] of histograms) {
      fields.push(`${cache}|${code}|n`, count, `${cache}|${code}|u`, sumMicros)
      for (const [bucket, n] of buckets) fields.push(`${cache}|${code}|${bucket}`, n)
    }
  }
  return fields
}

/** Reads what {@link toFields} wrote and Redis added up; other fields are ignored. */
export function fromFields(pairs: Iterable<readonly [field: string, count: number]>): Figures {
  const figures = new Map<
    string,
    { counters: Map<string, number>; histograms: Map<string, Data> }
  >()
  for (const [field, count] of pairs) {
    const [, cache, code, part, otherCache, otherCode] = FIELD.exec(field) ?? []
    const name = cache ?? otherCache
    if (name === undefined || !Number.isFinite(count)) continue
    const one = figures.get(name) ?? { counters: new Map(), histograms: new Map() }
    figures.set(name, one)
    if (otherCode !== undefined) one.counters.set(otherCode, count)
    else if (code !== undefined) place(one.histograms, code, part ?? '', count)
  }
  return figures
}

/** A histogram that is being put together. */
interface Data extends HistogramData {
  count: number
  sumMicros: number
  readonly buckets: Map<number, number>
}

function place(into: Map<string, Data>, code: string, part: string, count: number): void {
  const data = into.get(code) ?? { count: 0, sumMicros: 0, buckets: new Map() }
  into.set(code, data)
  if (part === 'n') data.count = count
  else if (part === 'u') data.sumMicros = count
  else data.buckets.set(Number(part), count)
}
