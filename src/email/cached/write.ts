/**
 * One write, as those who make it say it: what it is about to change, and what it has changed.
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
  /** The one message that the write is of, whose entry is to have its new state at once. */
  readonly row?: { readonly id: string; readonly ttl: TtlClass }
  run(): Promise<T>
  /** What was changed, as the answer says; a message to store where {@link row} is given. */
  told(result: T): Told
}

/** What a write has changed. */
export interface Told {
  readonly rows: readonly RowChange[]
  /** Fields in which any message may have changed, where no row says so. */
  readonly fields?: readonly ImageField[]
  readonly stored?: Email | undefined
  /** A message that was deleted: its graph id may be given to another. */
  readonly gone?: Email | undefined
}
