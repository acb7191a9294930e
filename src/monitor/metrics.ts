/**
 * Counts the outcomes of a cache's operations, and passes the counts to sinks at intervals.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { CacheEvent } from '../cache/outcome.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { randomId } from '../entry/id.ts'
import { checkCache, checkFields, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { type CacheFigures, type Figures, WHOLE_CACHE } from './figures.ts'
import type { HealthReport } from './health.ts'
import { Tally } from './tally.ts'

/** Figures of one isolate over one period. No event is in two batches. */
export interface Batch {
  /** The id of the isolate, for its whole life. */
  readonly source: string
  /** Grows with every batch of the source; a batch that is sent again has the same number. */
  readonly sequence: number
  /** End of the period, in epoch milliseconds. */
  readonly at: number
  readonly figures: Figures
}

/** Receives figures. */
export interface MetricsSink {
  /** Short name for messages. */
  readonly name: string
  /** Takes a batch. If it rejects, the batch is sent once more, with the same sequence. */
  write(batch: Batch): Promise<void>
  /** Takes the gauges of a health check, if the sink supports them. */
  health?(report: HealthReport): void
}

/** Options for {@link Metrics}. */
export interface MetricsOptions {
  /** The cache whose events are counted, those of its namespaces included. */
  readonly cache: RedisCacheManager
  /** Where the figures go. */
  readonly sinks: readonly MetricsSink[]
  /**
   * How long figures wait at most while there are operations. When an isolate dies, the figures that it has
   * not passed on are lost. @default '10s'
   */
  readonly interval?: Duration
  /** After this many operations figures are passed on at once; at least 1. @default 5_000 */
  readonly maxOperations?: number
  /** How many namespaces are counted by name; further ones are counted together. @default 100 */
  readonly maxCaches?: number
  /** @default the cache's */
  readonly platform?: Platform
}

const FIELDS = ['cache', 'sinks', 'interval', 'maxOperations', 'maxCaches', 'platform']
/** How long sinks may take, in milliseconds. */
const PATIENCE_MS = 10_000

/** Stands for all namespaces beyond `maxCaches`. No path contains a space. */
export const OTHER_CACHES = '(other caches)'

/**
 * The counts of one isolate.
 *
 * Near hits cause no events here, as an event would cost more than the hit. They are read from the counters
 * of the cache, so that a near hit costs the same with metrics and without.
 *
 * @example
 * ```ts
 * const metrics = new Metrics({ cache, sinks: [new RedisFigures({ cache })] })
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
  /** Generated when first needed: Workers forbid randomness while a module is evaluated. */
  #source: string | undefined
  readonly #end: () => void
  /** Namespaces that are counted by name, the same in every batch: some sinks keep names for ever. */
  readonly #named = new Set([WHOLE_CACHE])
  #tallies = new Map<string, Tally>()
  /** The tally used last: most operations are of the same namespace as the one before. */
  #latest: { readonly cache: string; readonly tally: Tally } | undefined
  #nearHits: ReadonlyMap<string, number> = new Map()
  #counts: Readonly<Record<string, number>>
  #sequence = 0
  #operations = 0
  #flushedAt: number
  #flushing: Promise<void> = Promise.resolve()
  #lost = 0
  #isStopped = false

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: MetricsOptions) {
    checkFields(options, 'options', FIELDS)
    checkCache(options.cache)
    const { cache, sinks, platform = cache.platform } = options
    if (!Array.isArray(sinks) || !sinks.every((sink) => typeof sink?.write === 'function')) {
      throw new InvalidOptionError('sinks', 'a list of sinks, each with a method write')
    }
    this.#cache = cache
    this.#sinks = sinks
    this.#platform = platform
    this.#intervalMs = toMilliseconds(options.interval ?? '10s', 'interval', { min: 1 })
    this.#maxOperations = wholeNumber(options.maxOperations ?? 5_000, 'maxOperations', 1)
    this.#maxCaches = wholeNumber(options.maxCaches ?? 100, 'maxCaches', 1)
    this.#flushedAt = platform.now()
    this.#nearHits = cache.nearHits()
    this.#counts = { ...cache.redis.counts }
    this.#end = cache.subscribe((event) => this.#record(event), { nearHits: false })
  }

  /** How often a sink has rejected a batch twice, or the sinks have not finished with one in time. */
  get lostBatches(): number {
    return this.#lost
  }

  /** Counts something that is not an operation of the cache: `code` is one of `SERIES`. */
  count(cache: string, code: string, by = 1): void {
    this.#tally(cache).add(code, by)
  }

  /**
   * Passes on what was counted. Resolves when every sink has taken it or has failed twice, or after ten
   * seconds, and ten more if the batch before is not through yet. Never rejects.
   */
  flush(): Promise<void> {
    if (this.#isStopped) return this.#flushing
    const figures = this.#take()
    if (figures.size === 0) return this.#flushing
    this.#source ??= randomId()
    const batch: Batch = {
      source: this.#source,
      sequence: ++this.#sequence,
      at: this.#platform.now(),
      figures,
    }
    // Batches go one after the other, so that a sink gets those of a source in order. The wait is bounded:
    // on Workers, a promise of a request that has ended may never settle.
    const before = settledWithin(this.#platform, PATIENCE_MS, this.#flushing)
    this.#flushing = before.then(() => this.#handOn(batch))
    return this.#flushing
  }

  /** Stops counting, and passes on what is left. */
  async stop(): Promise<void> {
    this.#end()
    const flushed = this.flush()
    this.#isStopped = true
    await flushed
  }

  async #handOn(batch: Batch): Promise<void> {
    const ended = await settledWithin(this.#platform, PATIENCE_MS, this.#offer(batch))
    if (ended === TIMED_OUT) this.#lost++
  }

  async #offer(batch: Batch): Promise<void> {
    // `async`: a sink that throws counts as one that rejects, and does not affect the others.
    const hand = async (sink: MetricsSink): Promise<void> => sink.write(batch)
    const results = await Promise.allSettled(this.#sinks.map(hand))
    const again = this.#sinks.filter((_, i) => results[i]?.status === 'rejected')
    const failed = await Promise.allSettled(again.map(hand))
    this.#lost += failed.filter(({ status }) => status === 'rejected').length
  }

  #record(event: CacheEvent): void {
    this.#tally(event.namespace).record(event)
    this.#operations++
    const now = this.#platform.now()
    const isUrgent = event.outcome.kind === 'circuit'
    // `abs`: after the clock was set back, the next batch must not wait until it has caught up.
    const isDue = Math.abs(now - this.#flushedAt) >= this.#intervalMs
    if (isUrgent || isDue || this.#operations >= this.#maxOperations) {
      this.#platform.defer(this.flush())
    }
  }

  #tally(cache: string): Tally {
    if (this.#latest?.cache === cache) return this.#latest.tally
    if (this.#named.size <= this.#maxCaches) this.#named.add(cache)
    const name = this.#named.has(cache) ? cache : OTHER_CACHES
    let tally = this.#tallies.get(name)
    if (tally === undefined) {
      tally = new Tally()
      this.#tallies.set(name, tally)
    }
    this.#latest = { cache, tally }
    return tally
  }

  /** What was counted since the last call. */
  #take(): Figures {
    this.#countNearHits()
    this.#countRequests()
    const figures = new Map<string, CacheFigures>()
    for (const [cache, tally] of this.#tallies) {
      const taken = tally.take()
      if (taken) figures.set(cache, taken)
    }
    this.#tallies = new Map()
    this.#latest = undefined
    this.#operations = 0
    this.#flushedAt = this.#platform.now()
    return figures
  }

  #countNearHits(): void {
    const hits = this.#cache.nearHits()
    for (const [cache, count] of hits) {
      const more = count - (this.#nearHits.get(cache) ?? 0)
      if (more > 0) this.#tally(cache || OTHER_CACHES).add('hn', more)
    }
    this.#nearHits = hits
  }

  #countRequests(): void {
    const counts: Readonly<Record<string, number>> = { ...this.#cache.redis.counts }
    for (const [name, code] of REQUEST_CODES) {
      const more = (counts[name] ?? 0) - (this.#counts[name] ?? 0)
      if (more > 0) this.#tally(WHOLE_CACHE).add(code, more)
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
