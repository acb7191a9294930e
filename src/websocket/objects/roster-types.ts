/**
 * The words in which a roster speaks.
 *
 * @module
 */

import type { LeaveReason } from './reports.ts'

/** A user as others see it: `info` is JSON, or `undefined` where there is none. */
export interface RosterUser {
  readonly id: string
  readonly info: string | undefined
}

/** What has changed since the batch before. Leaves are to be told before joins. */
export interface RosterDiff {
  readonly joins: readonly RosterUser[]
  readonly leaves: readonly string[]
  /** Users that stayed, with other information. */
  readonly updates: readonly RosterUser[]
  /** All users that are present, named or not. */
  readonly count: number
}

/** What a user is told who has come. */
export interface RosterSnapshot {
  /** Users that are present, named or not. */
  readonly count: number
  /** All that others were told of; the same object until that changes. */
  readonly told: readonly RosterUser[]
  /** The user itself, unless it is among them. */
  readonly own: RosterUser | undefined
}

/** Somebody came, left at once, or did not come back within the grace. */
export interface Passage {
  readonly id: string
  readonly kind: 'came' | 'left' | 'graced'
}

/** One user as stored. */
export interface RosterRow {
  /** What is present; `undefined` where the user is gone and the others do not know yet. */
  readonly present: Present | undefined
  /** What the others were told; `undefined` where nothing was. */
  readonly told: Told | undefined
}

/** A user that is present. */
export interface Present {
  readonly info: string | undefined
  /** Tells a stay from an earlier one of the same user. */
  readonly stay: number
  /** Epoch milliseconds at which the user is gone, unless it comes back; `undefined` while connected. */
  readonly leavesAt: number | undefined
}

/** What the others were told of a user. */
export interface Told {
  readonly info: string | undefined
  readonly stay: number
}

/** What a {@link Roster} goes by. */
export interface RosterRules {
  /** Milliseconds for which a user stays present after the last connection went that way. */
  readonly grace: Readonly<Record<LeaveReason, number>>
  /** How many users are told by name. At least 1. */
  readonly namedLimit: number
}
