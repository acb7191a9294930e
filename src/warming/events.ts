/**
 * The events of warming jobs, with the figures of their runs.
 *
 * @module
 */

import { callListener } from '../platform/listener.ts'
import type { Ending } from './state.ts'

/** Something that happened. Instants are epoch milliseconds. */
export type WarmingEvent =
  | {
      readonly kind: 'started'
      readonly id: string
      readonly slot: number
      /** How long after it was due. */
      readonly lagMs: number
      /** Whether an earlier invocation has begun the slot. */
      readonly isResumed: boolean
    }
  | {
      readonly kind: 'progress'
      readonly id: string
      readonly slot: number
      /** Done for the slot so far. */
      readonly items: number
      /** Skipped as still fresh, in this invocation. */
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
      /** What the handler threw, unchanged; a `JobInterruptedError` if it did not end in time. */
      readonly error?: unknown
    }
  /** Redis could not be reached, so no run began. */
  | { readonly kind: 'unavailable'; readonly error: unknown }

/** The listeners of warming jobs. */
export class Listeners {
  readonly #listeners = new Set<(event: WarmingEvent) => void>()

  /** @returns A function that removes the listener. */
  add(listener: (event: WarmingEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  tell(event: WarmingEvent): void {
    for (const listener of this.#listeners) callListener(listener, [event])
  }
}
