/**
 * The loads under way in this isolate, and who may share them (step 12 of the protocol).
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import { settledWithin, TIMED_OUT } from './deadline.ts'

/** What a load has been granted: the right to store, and the markers it stamps its entry with. */
export interface Grant {
  /** `undefined` for a load that gave up waiting and stores nothing. */
  readonly token: string | undefined
  /** Tag segment to marker text, the epoch included where late tags are allowed. */
  readonly stamps: ReadonlyMap<string, string>
}

/** What a reader has just seen in Redis. */
export interface Sighting {
  readonly lease: string | null
  readonly markers: ReadonlyMap<string, string | null>
}

type Phase = { readonly kind: 'asking' } | { readonly kind: 'loading'; readonly grant: Grant }

/** How a load ended, for those who joined it. `refused`: it never began, ask for yourself. */
export type Ending<T> =
  | { readonly kind: 'loaded'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'refused' }
  | { readonly kind: 'overdue' }

/** One load, from asking for the lease to its answer. */
export class Flight<T = unknown> {
  #phase: Phase = { kind: 'asking' }
  readonly #ending = Promise.withResolvers<Ending<T>>()

  /** The loader is about to be called. From here on only readers who saw the same may join. */
  depart(grant: Grant): void {
    this.#phase = { kind: 'loading', grant }
  }

  /** Whether its lease has neither been granted nor refused yet. */
  get isAsking(): boolean {
    return this.#phase.kind === 'asking'
  }

  land(ending: Ending<T>): void {
    this.#ending.resolve(ending)
  }

  /**
   * Whether a reader may have this load's value: if the loader has not been called yet, or if the
   * reader still saw the lease and the very markers that the load stamps. A missing marker equals
   * nothing.
   */
  admits(seen: Sighting): boolean {
    if (this.#phase.kind === 'asking') return true
    const { token, stamps } = this.#phase.grant
    if (token === undefined || seen.lease !== token) return false
    if (seen.markers.size !== stamps.size) return false
    for (const [segment, marker] of seen.markers) {
      if (marker === null || stamps.get(segment) !== marker) return false
    }
    return true
  }

  /**
   * Waits for the ending. A promise born in another request of a Worker may never resolve, so every
   * joiner has a time of its own after which it goes on alone (`overdue`).
   */
  async join(platform: Platform, withinMs: number): Promise<Ending<T>> {
    const ending = await settledWithin(platform, withinMs, this.#ending.promise)
    return ending === TIMED_OUT ? { kind: 'overdue' } : ending
  }
}

/** The latest flight of each entry. An older one goes on, but nobody new finds it. */
export class Flights {
  readonly #byName = new Map<string, Flight>()

  get size(): number {
    return this.#byName.size
  }

  get(name: string): Flight | undefined {
    return this.#byName.get(name)
  }

  begin(name: string): Flight {
    const flight = new Flight()
    this.#byName.set(name, flight)
    return flight
  }

  end(name: string, flight: Flight): void {
    if (this.#byName.get(name) === flight) this.#byName.delete(name)
  }
}
