/**
 * What a look at an entry shows, and what is found in it, for a read to decide on.
 *
 * @module
 */

import { type EntryHeader, type ParsedEntry, prefixOf } from '../entry/header.ts'
import type { Sighting } from '../flight/single-flight.ts'
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

/** A look, of the texts that were read. */
export function lookOf(
  markers: FoundMarkers,
  entry: string | null = null,
  lease: string | null = null,
): Look {
  return { entry, lease: leaseIn(lease), markers }
}

/** A text that is no lease is held by nobody, and would be waited for in vain. */
function leaseIn(found: string | null): string | null {
  return found !== null && /^[\w-]+-\d+$/.test(found) ? found : null
}

/** An entry that may be served in some way. A class: see docs/decisions/0015. */
export class Found {
  declare readonly kind: 'fresh' | 'stale' | 'stale-if-error'
  declare readonly header: EntryHeader
  declare readonly value: unknown
  declare readonly sizeBytes: number

  constructor(kind: Found['kind'], { header, headerText, payload }: ParsedEntry, value: unknown) {
    this.kind = kind
    this.header = header
    this.value = value
    this.sizeBytes = headerText.length + 1 + payload.length
  }
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

/** What a read saw at its last look. A class: see docs/decisions/0015. */
export class Sight implements Sighting, Moment {
  declare readonly provedAt: number
  declare readonly instant: number
  declare readonly lease: Look['lease']
  declare readonly markers: FoundMarkers
  declare readonly found: Weighed
  /** Which entry was there: see `prefixOf`. */
  declare readonly prefix: string

  constructor({ provedAt, instant }: Moment, { entry, lease, markers }: Look, found: Weighed) {
    this.provedAt = provedAt
    this.instant = instant
    this.lease = lease
    this.markers = markers
    this.found = found
    this.prefix = prefixOf(entry)
  }
}

/** What is seen when Redis cannot be asked: nothing that any load could be compared with. */
export const UNSEEN: Sighting & Pick<Sight, 'prefix'> = Object.freeze({
  lease: null,
  markers: new Map(),
  prefix: '?',
})
