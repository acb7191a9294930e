/**
 * Tells listeners how operations ended, and keeps the sums.
 *
 * @module
 */

import type { CacheEvent, Outcome } from './outcome.ts'

/** Called with each ended operation, at once. What it throws is swallowed and counted. */
export type Listener = (event: CacheEvent) => void

/** What a listener wants to hear. */
export interface SubscribeOptions {
  /**
   * Whether each near hit is an event. Without them a near hit costs what it costs with nobody
   * listening; how many there were is in `nearHits()` of the cache. @default true
   */
  readonly nearHits?: boolean
}

/** Sums since the start, for one cache with all its namespaces. */
export interface Totals {
  /** Reads answered by an entry or a copy, whether fresh or stale. */
  hits: number
  /** Those of them that a near copy answered. */
  nearHits: number
  /** Those of them that were served stale. */
  staleHits: number
  /** Reads that found nothing to serve, whether they loaded or not. */
  misses: number
  /** Loads that this cache ran itself, behind stale answers included. */
  loads: number
  /** Loads taken from another caller in the same isolate. */
  sharedLoads: number
  /** Loads that failed, and were answered by a stale entry. */
  loadErrors: number
  /** Values set or amended, but for those of tickets; also where a later call came first. */
  sets: number
  /** Calls of `delete`, of however many keys. */
  deletes: number
  /** Calls that invalidated tags, a pattern or a namespace. */
  invalidations: number
  /** Near copies dropped for room. */
  evictions: number
  /** Operations that failed, or were answered without Redis because it failed. */
  errors: number
  /** Events whose listener threw. */
  listenerErrors: number
}

/** The one place where outcomes arrive. */
export class Events {
  readonly totals: Totals = {
    hits: 0,
    nearHits: 0,
    staleHits: 0,
    misses: 0,
    loads: 0,
    sharedLoads: 0,
    loadErrors: 0,
    sets: 0,
    deletes: 0,
    invalidations: 0,
    evictions: 0,
    errors: 0,
    listenerErrors: 0,
  }
  /** Each listener, and whether near hits are events to it. */
  readonly #listeners = new Map<Listener, boolean>()
  #hearNearHits = false

  /** Whether anybody listens at all: no event is built for nobody. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  /** Whether anybody listens for near hits: none of them builds an event for nobody. */
  get hearNearHits(): boolean {
    return this.#hearNearHits
  }

  /** @returns A function that ends the subscription. */
  subscribe(listener: Listener, { nearHits = true }: SubscribeOptions = {}): () => void {
    this.#listeners.set(listener, nearHits)
    this.#settle()
    return () => {
      this.#listeners.delete(listener)
      this.#settle()
    }
  }

  #settle(): void {
    this.#hearNearHits = [...this.#listeners.values()].includes(true)
  }

  emit(event: CacheEvent): void {
    this.count(event.outcome)
    const { outcome } = event
    const isNearHit = outcome.kind === 'hit' && outcome.tier === 'near'
    for (const [listener, hearsNearHits] of this.#listeners) {
      if (isNearHit && !hearsNearHits) continue
      try {
        listener(event)
      } catch {
        // A listener's fault must not become the caller's.
        this.totals.listenerErrors++
      }
    }
  }

  /** A near hit that nobody listens for. */
  countNearHit(): void {
    this.totals.hits++
    this.totals.nearHits++
  }

  /** A load that failed, and in whose place a stale entry is served. */
  countLoadError(): void {
    this.totals.loadErrors++
  }

  /** An operation that ended, for the sums alone. */
  count(outcome: Outcome): void {
    const { totals } = this
    switch (outcome.kind) {
      case 'hit':
        totals.hits++
        if (outcome.tier === 'near') totals.nearHits++
        if (outcome.freshness !== 'fresh') totals.staleHits++
        break
      case 'miss':
        totals.misses++
        if (outcome.reason === 'unavailable') totals.errors++
        break
      case 'loaded':
        this.#countLoad(outcome)
        break
      case 'stored':
      case 'superseded':
        totals.sets++
        break
      case 'deleted':
        totals.deletes++
        break
      case 'invalidated':
        totals.invalidations++
        break
      case 'evicted':
        totals.evictions++
        break
      case 'failed':
        totals.errors++
        break
      case 'touched':
      case 'circuit':
        break
    }
  }

  #countLoad(outcome: Outcome & { kind: 'loaded' }): void {
    const { totals } = this
    if (outcome.reason !== 'stale') totals.misses++
    if (outcome.shared) totals.sharedLoads++
    else totals.loads++
    if (outcome.error !== undefined || outcome.reason === 'unavailable') totals.errors++
  }
}
