/**
 * What the processes of a soak are told, and what they tell.
 *
 * @module
 */

import type { NearOptions } from '../../../src/cache/options.ts'
import type { Way } from './protocol.ts'

/** A call that covers what was read before. */
export const CALLS = [
  ...(['delete', 'row tag', 'group tag', 'late tag', 'soft', 'clear'] as const),
  ...(['declared pattern', 'scanned pattern', 'ticket', 'late ticket', 'set', 'setMany'] as const),
] as const
export type CallName = (typeof CALLS)[number]

/** `drops DEL`: the transport answers every DEL and sends none. `naive`: GET, load, SET. */
export type Mutant = 'drops DEL' | 'naive'

/** One process. */
export interface SoakPlan {
  readonly way: Way
  /** Where the source of truth is: another Redis. */
  readonly source: string
  /** This process among the others, from 0, and how many there are. */
  readonly index: number
  readonly processes: number
  /** What its clock is ahead of the machine's, in milliseconds. */
  readonly clockOffsetMs: number
  readonly near: NearOptions | false
  readonly mutant: Mutant | undefined
}

/** A read that was served less than it was promised. */
export interface Violation {
  readonly process: number
  readonly read: string
  readonly row: number
  readonly version: number
  readonly floor: number
}

/** Sums since the start of the process. */
export interface Tally {
  reads: number
  hits: number
  nearHits: number
  loads: number
  /** Reads and calls that rejected, as they may: what these promised does not count. */
  failed: number
  readonly calls: Partial<Record<CallName, number>>
}

export type SoakReport =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'tally'
      readonly tally: Tally
      /** How many reads were served too little, and the first of them. */
      readonly violated: number
      readonly violations: readonly Violation[]
    }
