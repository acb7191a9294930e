/**
 * The arguments and the reports of the processes of a soak.
 *
 * @module
 */

import type { NearOptions } from '../../../src/cache/options.ts'
import type { Way } from './protocol.ts'

/** The calls after which older values must not be served. */
export const CALLS = [
  ...(['delete', 'row tag', 'group tag', 'late tag', 'soft', 'clear'] as const),
  ...(['declared pattern', 'scanned pattern', 'ticket', 'late ticket', 'set', 'setMany'] as const),
] as const
export type CallName = (typeof CALLS)[number]

/** `drops DEL`: the transport answers every DEL and sends none. `naive`: GET, load, SET. */
export type Mutant = 'drops DEL' | 'naive'

/** The arguments of one process. */
export interface SoakPlan {
  readonly way: Way
  /** The url of the source of truth, another Redis. */
  readonly source: string
  /** Index of this process, from 0, and the number of processes. */
  readonly index: number
  readonly processes: number
  /** How far its clock is ahead of the machine's, in milliseconds. */
  readonly clockOffsetMs: number
  readonly near: NearOptions | false
  readonly mutant: Mutant | undefined
}

/** A read that returned a version below its floor. */
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
  /** Reads and calls that rejected with an expected error. A rejected call gives no guarantee. */
  failed: number
  readonly calls: Partial<Record<CallName, number>>
}

export type SoakReport =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'tally'
      readonly tally: Tally
      /** The number of violations, and the first of them. */
      readonly violated: number
      readonly violations: readonly Violation[]
    }
