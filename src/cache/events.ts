/**
 * Tells listeners how operations ended, and counts the outcomes.
 *
 * @module
 */

import { callListener } from '../platform/listener.ts'
import type { CacheEvent, Outcome } from './outcome.ts'

/** Called synchronously for each operation that has ended. Errors and rejections are ignored, but counted. */
export type Listener = (event: CacheEvent) => void

/** Options of a subscription. */
export interface SubscribeOptions {
  /**
   * Whether the listener is called for near hits. If no listener is, near hits build no event and are cheaper; the
   * cache's `nearHits()` counts them anyway. @default true
   */
  readonly nearHits?: boolean
}

/** Counts since the start, for one cache with all its namespaces. */
export interface Totals {
  /** Reads answered by an entry or a near copy, fresh or stale. */
  hits: number
  /** Hits answered by a near copy. */
  nearHits: number
  /** Hits that were served stale. */
  staleHits: number
  /** Reads that found nothing to serve, whether or not they loaded. */
  misses: number
  /** Loads of this cache that returned a value, including refreshes in the background. */
  loads: number
  /** Reads answered by the load of another caller, in this isolate or another. */
  sharedLoads: number
  /** Loads that failed and were replaced by a stale entry. */
  loadErrors: number
  /** Values given to `set`, `setMany` or `amend`, superseded ones included; without those of tickets. */
  sets: number
  /** Calls of `delete`, whatever their number of keys. */
  deletes: number
  /** Calls that invalidated tags, a pattern or a namespace. */
  invalidations: number
  /** Near copies dropped to make room. */
  evictions: number
  /** Operations that failed, reads answered without Redis, and loads whose entry could not be read or stored. */
  errors: number
  /** Calls of listeners that threw or rejected. */
  listenerErrors: number
}

/** Receives the outcome of every operation. */
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
  /** Each listener, and whether it is called for near hits. */
  readonly #listeners = new Map<Listener, boolean>()
  #hearNearHits = false
  readonly #failed = (): void => {
    this.totals.listenerErrors++
  }

  /** Whether there is a listener; without one, no event is built. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  /** Whether a listener wants near hits; without one, they build no event. */
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
      callListener(listener, [event], this.#failed)
    }
  }

  /** Counts a near hit without building an event. */
  countNearHit(): void {
    this.totals.hits++
    this.totals.nearHits++
  }

  /** Counts a failed load for which a stale entry is served. */
  countLoadError(): void {
    this.totals.loadErrors++
  }

  /** Counts an ended operation without telling listeners. */
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
