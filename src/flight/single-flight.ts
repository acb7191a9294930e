/**
 * The loads under way in this isolate, and which readers may share them (step 12 of the protocol).
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import { settledWithin, TIMED_OUT } from './deadline.ts'

/** The result of acquiring a lease: the right to store, and the markers to stamp the entry with. */
export interface Grant {
  /** The lease; `undefined` for a load that stopped waiting for one and stores nothing. */
  readonly token: string | undefined
  /** Tag segment to marker text; includes the epoch if late tags are allowed. */
  readonly stamps: ReadonlyMap<string, string>
}

/** What a reader has just seen in Redis. */
export interface Sighting {
  readonly lease: string | null
  readonly markers: ReadonlyMap<string, string | null>
}

type Phase = { readonly kind: 'asking' } | { readonly kind: 'loading'; readonly grant: Grant }

/**
 * How a load ended, for the readers that joined it. `refused`: it never began, so each reader looks at Redis again.
 * `overdue`: it did not end within the reader's time limit.
 */
export type Ending<T> =
  | { readonly kind: 'loaded'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'refused' }
  | { readonly kind: 'overdue' }

/** One load, from the request for its lease to its result. */
export class Flight<T = unknown> {
  #phase: Phase = { kind: 'asking' }
  readonly #ending = Promise.withResolvers<Ending<T>>()

  /** Called just before the loader. After that only readers that saw the same lease and markers may join. */
  depart(grant: Grant): void {
    this.#phase = { kind: 'loading', grant }
  }

  /** Whether the lease has been neither granted nor refused yet. */
  get isAsking(): boolean {
    return this.#phase.kind === 'asking'
  }

  land(ending: Ending<T>): void {
    this.#ending.resolve(ending)
  }

  /**
   * Whether a reader may share this load's value: if the loader has not been called yet, or if the reader saw this
   * load's lease and exactly the markers that its entry is stamped with. A missing marker never matches.
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
   * Waits for the load to end. On Workers a promise created in another request may never resolve, so each joiner
   * has its own time limit, after which it continues alone (`overdue`).
   */
  async join(platform: Platform, withinMs: number): Promise<Ending<T>> {
    const ending = await settledWithin(platform, withinMs, this.#ending.promise)
    return ending === TIMED_OUT ? { kind: 'overdue' } : ending
  }
}

/** The latest flight of each entry. An older flight continues, but no new reader finds it. */
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
