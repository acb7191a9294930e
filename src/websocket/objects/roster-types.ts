/**
 * The types of a roster.
 *
 * @module
 */

import type { LeaveReason } from './reports.ts'

/** A user as others see it: `info` is JSON, or `undefined` where there is none. */
export interface RosterUser {
  readonly id: string
  readonly info: string | undefined
}

/** The changes since the previous batch. Leaves must be sent before joins. */
export interface RosterDiff {
  readonly joins: readonly RosterUser[]
  readonly leaves: readonly string[]
  /** Users that stayed and have other information. */
  readonly updates: readonly RosterUser[]
  /** All users that are present, named or not. */
  readonly count: number
}

/** The snapshot for a user who has joined. */
export interface RosterSnapshot {
  /** Users that are present, named or not. */
  readonly count: number
  /** All users that subscribers were told of; the same array until that changes. */
  readonly told: readonly RosterUser[]
  /** The user itself, unless `told` contains it. */
  readonly own: RosterUser | undefined
}

/** A user joined, left without a grace, or did not come back within the grace. */
export interface Passage {
  readonly id: string
  readonly kind: 'came' | 'left' | 'graced'
}

/** One user as stored. */
export interface RosterRow {
  /** `undefined` if the user is gone and subscribers were not told yet. */
  readonly present: Present | undefined
  /** What subscribers were told; `undefined` if nothing. */
  readonly told: Told | undefined
}

/** A user that is present. */
export interface Present {
  readonly info: string | undefined
  /** Distinguishes a stay from earlier stays of the same user. */
  readonly stay: number
  /** When the grace is over, in epoch milliseconds; `undefined` while connected. */
  readonly leavesAt: number | undefined
}

/** What subscribers were told of a user. */
export interface Told {
  readonly info: string | undefined
  readonly stay: number
}

/** Rules of a {@link Roster}. */
export interface RosterRules {
  /** How long a user stays present after the last connection ended, by reason, in milliseconds. */
  readonly grace: Readonly<Record<LeaveReason, number>>
  /** How many users are named to subscribers. At least 1. */
  readonly namedLimit: number
}
