/**
 * The description of one write: what it is about to change, and what it has changed.
 *
 * @module
 */

import type { TtlClass } from '../../entry/duration.ts'
import type { Email } from '../email.ts'
import type { Intent, RowChange } from './change.ts'
import type { ImageField } from './image.ts'

/** One write. */
export interface Write<T> {
  readonly intent: Intent
  /** Set if the write changes exactly one message: its entry in Redis gets the new state at once. */
  readonly row?: { readonly id: string; readonly ttl: TtlClass }
  run(): Promise<T>
  /** Derives the change from the result of the write; with a message to store if {@link row} is set. */
  told(result: T): Told
}

/** What a write has changed. */
export interface Told {
  readonly rows: readonly RowChange[]
  /** If set, any message may have changed in these fields, and `rows` is not used. */
  readonly fields?: readonly ImageField[]
  readonly stored?: Email | undefined
  /** The deleted message; its graph id may be reused by another message. */
  readonly gone?: Email | undefined
}
