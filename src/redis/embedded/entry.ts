/**
 * A key of the engine with the data for its expiry and eviction.
 *
 * @module
 */

import type { Value } from './values.ts'

/** A key and its value. */
export interface Entry {
  readonly key: string
  value: Value
  /** First instant at which the key is absent, in epoch milliseconds; Infinity for never. */
  expiresAt: number
  bytes: number
  /** The length of a string in bytes, if APPEND has counted it since its last change. */
  length: number | undefined
  /** Ordinal of the latest use, for LRU. */
  lastUse: number
  /** Epoch milliseconds of the latest use. */
  usedAt: number
  frequency: number
  /** The position among all entries, so that the entry is removed without a search. */
  position: number
  /** The position among the entries with an expiry; -1 without an expiry. */
  volatilePosition: number
}
