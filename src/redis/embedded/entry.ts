/**
 * A key of the engine, with what is kept for its end and its place.
 *
 * @module
 */

import type { Value } from './values.ts'

/** A key and what it holds. */
export interface Entry {
  readonly key: string
  value: Value
  /** First instant at which the key is absent, in epoch milliseconds; Infinity for never. */
  expiresAt: number
  bytes: number
  /** Ordinal of the latest use, for LRU. */
  lastUse: number
  /** Epoch milliseconds of the latest use. */
  usedAt: number
  frequency: number
  /** Where the entry stands among all, so that it is removed without a search. */
  position: number
  /** Where it stands among those with an expiry; -1 when it has none. */
  volatilePosition: number
}
