/**
 * How an operation ended: one union, built once where the operation ends, from which events and
 * statistics are derived.
 *
 * @module
 */

import type { CircuitState } from '../flight/breaker.ts'

/** Why a read found nothing to serve. */
export type MissReason =
  /** There was no entry. */
  | 'absent'
  /** The entry was too old to serve. */
  | 'expired'
  /** A tag, prefix or namespace of the entry was invalidated, a marker was lost, or `reconcile` refused the value. */
  | 'invalidated'
  /** The entry lacks a tag that the call declares. */
  | 'undeclared-tag'
  /** The entry could not be read: written by something else, tampered with, or refused by the schema. */
  | 'corrupt'
  /** Redis could not be reached, or did not answer in time. */
  | 'unavailable'

/** How an operation ended. */
export type Outcome =
  | {
      readonly kind: 'hit'
      readonly tier: 'near' | 'remote'
      readonly freshness: 'fresh' | 'stale' | 'stale-if-error'
    }
  | { readonly kind: 'miss'; readonly reason: MissReason; readonly error?: unknown }
  | {
      readonly kind: 'loaded'
      readonly reason: MissReason | 'stale'
      /** Whether the value came from another caller's load: this call did not run its own loader. */
      readonly shared: boolean
      readonly stored: boolean
      readonly loadMs: number
      /** The failure, if any, because of which the value was not stored or the existing entry not read. */
      readonly error?: unknown
    }
  | { readonly kind: 'stored' | 'superseded' | 'touched' | 'deleted' }
  | { readonly kind: 'invalidated'; readonly mode: 'hard' | 'soft' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'evicted' }
  | { readonly kind: 'circuit'; readonly state: CircuitState }

/** The kind of operation. `refresh` is a load in the background, after a stale or early-refreshed hit. */
export type Operation =
  | 'get'
  | 'getOrSet'
  | 'refresh'
  | 'has'
  | 'set'
  | 'touch'
  | 'delete'
  | 'invalidateTags'
  | 'invalidatePattern'
  | 'clear'
  | 'near'
  | 'remote'

/** One ended operation. */
export interface CacheEvent {
  readonly operation: Operation
  readonly namespace: string
  /** The caller's key, if there is one. Keys may hold personal data: redact before logging. */
  readonly key?: string
  readonly outcome: Outcome
  /** Wall-clock milliseconds; 0 for near hits, and where the runtime's clock stands still. */
  readonly durationMs: number
}
