/**
 * The counts of one namespace, to which each operation adds when it ends.
 *
 * @module
 */

import type { CacheEvent, Outcome } from '../cache/outcome.ts'
import { errorKind } from './error-kind.ts'
import type { CacheFigures } from './figures.ts'
import { Histogram, type HistogramData } from './histogram.ts'

const HIT_CODES = { fresh: 'hr', stale: 'hs', 'stale-if-error': 'he' } as const

const READS: ReadonlySet<string> = new Set(['get', 'getOrSet', 'has', 'refresh'])

/** A mutable counter: counting takes one look-up, without a second one to store the sum. */
interface Cell {
  count: number
}

/** Counters and histograms by the codes of `SERIES`. */
export class Tally {
  readonly #cells = new Map<string, Cell>()
  readonly #histograms = new Map<string, Histogram>()

  add(code: string, by = 1): void {
    const cell = this.#cells.get(code)
    if (cell === undefined) this.#cells.set(code, { count: by })
    else cell.count += by
  }

  /** Counts an operation that has ended. Near hits are counted by the near tier. */
  record(event: CacheEvent): void {
    const { outcome, durationMs, operation } = event
    switch (outcome.kind) {
      case 'hit':
        if (outcome.tier === 'near') return
        this.add(HIT_CODES[outcome.freshness])
        this.#time('g.hit', durationMs)
        break
      case 'miss':
        this.add(`m.${outcome.reason}`)
        this.#time('g.miss', durationMs)
        this.#countError(operation, outcome)
        break
      case 'loaded':
        this.#countLoad(outcome, event)
        break
      case 'stored':
      case 'superseded':
        this.add(outcome.kind === 'stored' ? 's' : 'ss')
        this.#time('w', durationMs)
        break
      case 'deleted':
        this.add('d')
        break
      case 'invalidated':
        this.add(outcome.mode === 'hard' ? 'ih' : 'is')
        break
      case 'evicted':
        this.add('ev')
        break
      case 'circuit':
        if (outcome.state === 'open') this.add('bo')
        break
      case 'failed':
        this.#countError(operation, outcome)
        if (errorKind(outcome.error) === 'loader') this.add('lf')
        break
      case 'touched':
        break
    }
  }

  /** What was counted; `undefined` if nothing was. The tally must not be used after that. */
  take(): CacheFigures | undefined {
    const histograms = new Map<string, HistogramData>()
    for (const [code, histogram] of this.#histograms) {
      const data = histogram.take()
      if (data) histograms.set(code, data)
    }
    if (this.#cells.size === 0 && histograms.size === 0) return undefined
    const counters = new Map([...this.#cells].map(([code, { count }]) => [code, count]))
    return { counters, histograms }
  }

  #countLoad(outcome: Outcome & { kind: 'loaded' }, { durationMs, operation }: CacheEvent): void {
    // A load behind a stale answer: the look-up was a hit.
    if (outcome.reason !== 'stale') {
      this.add(`m.${outcome.reason}`)
      this.#time('g.miss', durationMs)
    }
    this.add(outcome.shared ? 'lc' : 'l')
    if (!outcome.shared) this.#time('ld', outcome.loadMs)
    this.#countError(operation, outcome)
  }

  /** Counts an operation that failed, or a read that went on without Redis or could not store. */
  #countError(operation: string, { error }: { readonly error?: unknown }): void {
    if (error === undefined) return
    this.add(`e.${READS.has(operation) ? 'read' : 'write'}.${errorKind(error)}`)
  }

  #time(code: string, ms: number): void {
    let histogram = this.#histograms.get(code)
    if (histogram === undefined) {
      histogram = new Histogram()
      this.#histograms.set(code, histogram)
    }
    histogram.record(ms)
  }
}
