/**
 * Figures of caches: counts that can be added up.
 *
 * @module
 */

import { type HistogramData, mergeHistograms } from './histogram.ts'

/** Figures of one cache, by the codes of `SERIES`; a missing one is 0. */
export interface CacheFigures {
  readonly counters: ReadonlyMap<string, number>
  readonly histograms: ReadonlyMap<string, HistogramData>
}

/** Figures by the path of their namespace. */
export type Figures = ReadonlyMap<string, CacheFigures>

/** The path for figures that belong to no namespace: requests and commands. */
export const WHOLE_CACHE = ''

/** Adds figures up; the order does not matter. */
export function mergeFigures(all: Iterable<Figures>): Figures {
  const sum = new Map<
    string,
    { counters: Map<string, number>; histograms: Map<string, HistogramData> }
  >()
  for (const figures of all) {
    for (const [cache, { counters, histograms }] of figures) {
      const into = sum.get(cache) ?? { counters: new Map(), histograms: new Map() }
      sum.set(cache, into)
      for (const [code, count] of counters) {
        into.counters.set(code, (into.counters.get(code) ?? 0) + count)
      }
      for (const [code, data] of histograms) {
        into.histograms.set(code, mergeHistograms(into.histograms.get(code), data))
      }
    }
  }
  return sum
}

/** The figures of all caches together. */
export function totalOf(figures: Figures): CacheFigures {
  const [total] = mergeFigures([...figures.values()].map((one) => new Map([['', one]]))).values()
  return total ?? { counters: new Map(), histograms: new Map() }
}
