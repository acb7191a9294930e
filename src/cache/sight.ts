/**
 * What a look at an entry shows, and what is found in it, for a read to decide on.
 *
 * @module
 */

import type { EntryHeader } from '../entry/header.ts'
import type { Sighting } from '../flight/single-flight.ts'
import type { Texts } from '../redis/gather.ts'
import type { FoundMarkers } from './marker-texts.ts'
import type { MissReason } from './outcome.ts'

/** What Redis held when it was looked at. */
export interface Look {
  /** The entry's text. */
  readonly entry: string | null
  readonly lease: string | null
  /** Of the markers that were asked for. */
  readonly markers: FoundMarkers
}

/** What Redis held of many entries, in their order. */
export interface ManyLook {
  readonly entries: Texts
  /** Empty if they were not asked for. */
  readonly leases: Texts
  readonly markers: Look['markers']
}

/** An entry that may be served in some way. */
export interface Found {
  readonly kind: 'fresh' | 'stale' | 'stale-if-error'
  readonly header: EntryHeader
  readonly value: unknown
  readonly sizeBytes: number
}

/** Nothing to serve. */
export interface Nothing {
  readonly kind: 'none'
  readonly reason: MissReason
  readonly error?: unknown
}

/** What an entry's text turned out to be. */
export type Weighed = Found | Nothing

/** When something was asked, by both clocks that date a near copy: before the request was sent. */
export interface Moment {
  readonly provedAt: number
  readonly instant: number
}

/** What a read saw at its last look. */
export interface Sight extends Sighting, Moment {
  readonly found: Found | Nothing
  /** Which entry was there: see `prefixOf`. */
  readonly prefix: string
}

/** What is seen when Redis cannot be asked: nothing that any load could be compared with. */
export const UNSEEN: Sighting & Pick<Sight, 'prefix'> = Object.freeze({
  lease: null,
  markers: new Map(),
  prefix: '?',
})
