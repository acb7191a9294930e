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
  /** There was one, too old to serve. */
  | 'expired'
  /** A tag, prefix or namespace of it was invalidated, or its marker was lost. */
  | 'invalidated'
  /** It lacks a tag that the call declares. */
  | 'undeclared-tag'
  /** It could not be read: not ours, tampered with, or refused by the schema. */
  | 'corrupt'
  /** Redis could not be asked. */
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
      /** Why it was not stored, or what was there could not be read, if something failed. */
      readonly error?: unknown
    }
  | { readonly kind: 'stored' | 'superseded' | 'touched' | 'deleted' }
  | { readonly kind: 'invalidated'; readonly mode: 'hard' | 'soft' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'evicted' }
  | { readonly kind: 'circuit'; readonly state: CircuitState }

/** What was asked for. `refresh` is the load behind a stale or early-refreshed read. */
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
  /** The caller's key, where there is one. Keys may hold personal data: redact before logging. */
  readonly key?: string
  readonly outcome: Outcome
  /** Wall-clock milliseconds; 0 where the runtime's clock stands still, and for near hits. */
  readonly durationMs: number
}
