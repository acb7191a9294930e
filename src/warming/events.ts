/**
 * What warming tells those who listen: the figures of its runs.
 *
 * @module
 */

import type { Ending } from './state.ts'

/** Something that happened. Instants are epoch milliseconds. */
export type WarmingEvent =
  | {
      readonly kind: 'started'
      readonly id: string
      readonly slot: number
      /** How long after it was due. */
      readonly lagMs: number
      /** Whether an invocation before has begun it. */
      readonly isResumed: boolean
    }
  | {
      readonly kind: 'progress'
      readonly id: string
      readonly slot: number
      /** Done for the slot so far. */
      readonly items: number
      /** Fresh already, in this invocation. */
      readonly skipped: number
    }
  | {
      readonly kind: 'ended'
      readonly id: string
      readonly slot: number
      readonly ending: Ending
      readonly items: number
      readonly skipped: number
      /** How often the slot has failed so far. */
      readonly errors: number
      readonly lagMs: number
      readonly durationMs: number
      /** What the handler threw, as the same object. */
      readonly error?: unknown
    }
  /** Redis could not be asked, so that nothing was begun. */
  | { readonly kind: 'unavailable'; readonly error: unknown }

/** Those who listen. */
export class Listeners {
  readonly #listeners = new Set<(event: WarmingEvent) => void>()

  /** @returns A function that ends it. */
  add(listener: (event: WarmingEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  tell(event: WarmingEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch {
        // A listener's fault must not become the job's.
      }
    }
  }
}
