/**
 * Tells listeners how operations ended, and keeps the sums.
 *
 * @module
 */

import type { CacheEvent, Outcome } from './outcome.ts'

/** Called with each ended operation, at once. What it throws is swallowed and counted. */
export type Listener = (event: CacheEvent) => void

/** Sums since the start, for one cache with all its namespaces. */
export interface Totals {
  hits: number
  nearHits: number
  staleHits: number
  misses: number
  loads: number
  /** Loads taken from another caller in the same isolate. */
  sharedLoads: number
  loadErrors: number
  sets: number
  deletes: number
  invalidations: number
  evictions: number
  /** Operations that failed, or were answered without Redis because it failed. */
  errors: number
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
  readonly #listeners = new Set<Listener>()

  /** Whether anybody listens: a near hit does not build an event for nobody. */
  get hasListeners(): boolean {
    return this.#listeners.size > 0
  }

  /** @returns A function that ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  emit(event: CacheEvent): void {
    this.#count(event.outcome)
    for (const listener of this.#listeners) {
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

  /** A load that failed behind a stale answer. */
  countLoadError(): void {
    this.totals.loadErrors++
  }

  #count(outcome: Outcome): void {
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
