/**
 * Counts what the operations of a cache come to, and hands the counts on now and then.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { CacheEvent } from '../cache/outcome.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { randomId } from '../entry/id.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { errorKind } from './error-kind.ts'
import { type CacheFigures, type Figures, mergeFigures, WHOLE_CACHE } from './figures.ts'
import { Histogram, type HistogramData } from './histogram.ts'

/** Figures of one isolate over one stretch of time: each is handed on once. */
export interface Batch {
  /** Of the isolate, as long as it lives. */
  readonly source: string
  /** Grows with every batch of the source; one that comes again is the same batch. */
  readonly sequence: number
  /** Epoch milliseconds at which the stretch ended. */
  readonly at: number
  readonly figures: Figures
}

/** Where figures go. */
export interface MetricsSink {
  /** Short name for messages. */
  readonly name: string
  /** Takes a batch; one that it rejects is brought again once, with the same sequence. */
  write(batch: Batch): Promise<void>
}

/** Options for {@link Metrics}. */
export interface MetricsOptions {
  readonly cache: RedisCacheManager
  readonly sinks: readonly MetricsSink[]
  /**
   * How long figures wait at most while operations go on; what an isolate has counted since is lost
   * with it. @default '10s'
   */
  readonly interval?: Duration
  /** After so many operations they do not wait any longer; at least 1. @default 5_000 */
  readonly maxOperations?: number
  /** Names that figures are counted under; those of further namespaces are counted as `other`. @default 100 */
  readonly maxCaches?: number
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** The namespace of figures beyond the bound of names. A path holds no space. */
export const OTHER_CACHES = '(other caches)'

/** Counts of one namespace that is being counted. */
interface Tally {
  readonly counters: Map<string, number>
  readonly histograms: Map<string, Histogram>
}

/**
 * The counts of one isolate.
 *
 * Near hits are no events: there are too many, and each is over before it could be told. They are
 * read off where the cache counts them, so that a near hit costs the same with metrics and without.
 *
 * @example
 * ```ts
 * const metrics = new Metrics({ cache, sinks: [redisSink({ cache })] })
 * // … at the end, or of a request on Workers:
 * await metrics.flush()
 * ```
 */
export class Metrics {
  readonly #cache: RedisCacheManager
  readonly #sinks: readonly MetricsSink[]
  readonly #platform: Platform
  readonly #intervalMs: number
  readonly #maxOperations: number
  readonly #maxCaches: number
  readonly #source = randomId()
  readonly #end: () => void
  #tallies = new Map<string, Tally>()
  #nearHits: ReadonlyMap<string, number> = new Map()
  #counts: Readonly<Record<string, number>>
  #sequence = 0
  #operations = 0
  #flushedAt: number
  #flushing: Promise<void> = Promise.resolve()
  #lost = 0
  #isStopped = false

  /** @throws {InvalidOptionError} When an option is out of its range. */
  constructor(options: MetricsOptions) {
    const { cache, sinks, platform = webPlatform() } = options
    this.#cache = cache
    this.#sinks = sinks
    this.#platform = platform
    this.#intervalMs = toMilliseconds(options.interval ?? '10s', 'interval', { min: 1 })
    this.#maxOperations = wholeNumber(options.maxOperations ?? 5_000, 'maxOperations')
    this.#maxCaches = wholeNumber(options.maxCaches ?? 100, 'maxCaches')
    this.#flushedAt = platform.now()
    this.#nearHits = cache.nearHits()
    this.#counts = { ...cache.redis.counts }
    this.#end = cache.subscribe((event) => this.#record(event), { nearHits: false })
  }

  /** Batches that no attempt could hand on. */
  get lostBatches(): number {
    return this.#lost
  }

  /** Counts something that is no operation of the cache: `code` is one of `SERIES`. */
  count(cache: string, code: string, by = 1): void {
    add(this.#tally(cache).counters, code, by)
  }

  /** Hands on what was counted. Resolves when every sink has it, or has failed twice; never rejects. */
  flush(): Promise<void> {
    if (this.#isStopped) return this.#flushing
    const figures = this.#take()
    if (figures.size === 0) return this.#flushing
    const batch: Batch = {
      source: this.#source,
      sequence: ++this.#sequence,
      at: this.#platform.now(),
      figures,
    }
    // One after the other, so that a sink sees the batches of a source in order.
    this.#flushing = this.#flushing.then(() => this.#handOn(batch))
    return this.#flushing
  }

  /** Counts no further, and hands on what is left. */
  async stop(): Promise<void> {
    this.#end()
    const flushed = this.flush()
    this.#isStopped = true
    await flushed
  }

  async #handOn(batch: Batch): Promise<void> {
    const results = await Promise.allSettled(this.#sinks.map((sink) => sink.write(batch)))
    const again = this.#sinks.filter((_, i) => results[i]?.status === 'rejected')
    const failed = await Promise.allSettled(again.map((sink) => sink.write(batch)))
    this.#lost += failed.filter(({ status }) => status === 'rejected').length
  }

  #record(event: CacheEvent): void {
    count(this.#tally(event.namespace), event)
    this.#operations++
    const now = this.#platform.now()
    const isUrgent = event.outcome.kind === 'circuit'
    const isDue = now - this.#flushedAt >= this.#intervalMs
    if (isUrgent || isDue || this.#operations >= this.#maxOperations) {
      this.#platform.defer(this.flush())
    }
  }

  #tally(cache: string): Tally {
    const isKnown = this.#tallies.has(cache) || this.#tallies.size < this.#maxCaches
    const name = isKnown ? cache : OTHER_CACHES
    let tally = this.#tallies.get(name)
    if (tally === undefined) {
      tally = { counters: new Map(), histograms: new Map() }
      this.#tallies.set(name, tally)
    }
    return tally
  }

  /** What was counted since the last call. */
  #take(): Figures {
    this.#countNearHits()
    this.#countRequests()
    const figures = new Map<string, CacheFigures>()
    for (const [cache, { counters, histograms }] of this.#tallies) {
      const data = takeAll(histograms)
      if (counters.size > 0 || data.size > 0) figures.set(cache, { counters, histograms: data })
    }
    this.#tallies = new Map()
    this.#operations = 0
    this.#flushedAt = this.#platform.now()
    // Copied, so that what a sink still reads is not counted on.
    return mergeFigures([figures])
  }

  #countNearHits(): void {
    const hits = this.#cache.nearHits()
    for (const [cache, count] of hits) {
      const more = count - (this.#nearHits.get(cache) ?? 0)
      if (more > 0) add(this.#tally(cache || OTHER_CACHES).counters, 'hn', more)
    }
    this.#nearHits = hits
  }

  #countRequests(): void {
    const counts: Readonly<Record<string, number>> = { ...this.#cache.redis.counts }
    for (const [name, code] of REQUEST_CODES) {
      const more = (counts[name] ?? 0) - (this.#counts[name] ?? 0)
      if (more > 0) add(this.#tally(WHOLE_CACHE).counters, code, more)
    }
    this.#counts = counts
  }
}

const REQUEST_CODES: readonly (readonly [name: string, code: string])[] = [
  ['requests', 'rr'],
  ['commands', 'rc'],
  ['retries', 'rt'],
  ['timeouts', 'rd'],
]

function count(tally: Tally, event: CacheEvent): void {
  const { outcome, durationMs, operation } = event
  const { counters } = tally
  switch (outcome.kind) {
    case 'hit':
      if (outcome.tier === 'near') return
      add(counters, HIT_CODES[outcome.freshness], 1)
      time(tally, 'g.hit', durationMs)
      break
    case 'miss':
      add(counters, `m.${outcome.reason}`, 1)
      time(tally, 'g.miss', durationMs)
      countError(counters, operation, outcome)
      break
    case 'loaded':
      countLoad(tally, event)
      break
    case 'stored':
    case 'superseded':
      add(counters, outcome.kind === 'stored' ? 's' : 'ss', 1)
      time(tally, 'w', durationMs)
      break
    case 'deleted':
      add(counters, 'd', 1)
      break
    case 'invalidated':
      add(counters, outcome.mode === 'hard' ? 'ih' : 'is', 1)
      break
    case 'evicted':
      add(counters, 'ev', 1)
      break
    case 'circuit':
      if (outcome.state === 'open') add(counters, 'bo', 1)
      break
    case 'failed':
      countFailure(counters, operation, outcome.error)
      break
    case 'touched':
      break
  }
}

const HIT_CODES = { fresh: 'hr', stale: 'hs', 'stale-if-error': 'he' } as const

function countLoad(tally: Tally, { outcome, durationMs, operation }: CacheEvent): void {
  if (outcome.kind !== 'loaded') return
  const { counters } = tally
  // Behind a stale answer the look-up was a hit.
  if (outcome.reason !== 'stale') {
    add(counters, `m.${outcome.reason}`, 1)
    time(tally, 'g.miss', durationMs)
  }
  add(counters, outcome.shared ? 'lc' : 'l', 1)
  if (!outcome.shared) time(tally, 'ld', outcome.loadMs)
  countError(counters, operation, outcome)
}

/** A read that had to do without Redis, or could not store what it loaded. */
function countError(
  counters: Map<string, number>,
  operation: string,
  { error }: { readonly error?: unknown },
): void {
  if (error !== undefined) add(counters, `e.${opOf(operation)}.${errorKind(error)}`, 1)
}

function countFailure(counters: Map<string, number>, operation: string, error: unknown): void {
  const kind = errorKind(error)
  add(counters, `e.${opOf(operation)}.${kind}`, 1)
  if (kind === 'loader') add(counters, 'lf', 1)
}

const READS: ReadonlySet<string> = new Set(['get', 'getOrSet', 'has', 'refresh'])

function opOf(operation: string): 'read' | 'write' {
  return READS.has(operation) ? 'read' : 'write'
}

function add(counters: Map<string, number>, code: string, by: number): void {
  counters.set(code, (counters.get(code) ?? 0) + by)
}

function time({ histograms }: Tally, code: string, ms: number): void {
  let histogram = histograms.get(code)
  if (histogram === undefined) {
    histogram = new Histogram()
    histograms.set(code, histogram)
  }
  histogram.record(ms)
}

function takeAll(histograms: ReadonlyMap<string, Histogram>): Map<string, HistogramData> {
  const taken = new Map<string, HistogramData>()
  for (const [code, histogram] of histograms) {
    const data = histogram.take()
    if (data) taken.set(code, data)
  }
  return taken
}

function wholeNumber(value: number, option: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidOptionError(option, 'a whole number of at least 1')
}
