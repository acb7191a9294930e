/**
 * The data that a look at an entry returns, on which a read decides.
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
  /** The texts of the markers that were asked for. */
  readonly markers: FoundMarkers
}

/** Makes a look from the texts that were read. */
export function lookOf(
  markers: FoundMarkers,
  entry: string | null = null,
  lease: string | null = null,
): Look {
  return { entry, lease: leaseIn(lease), markers }
}

/** Ignores a text that is not a lease: nobody holds it, so readers would wait in vain. */
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

/** What was found in an entry's text. */
export type Weighed = Found | Nothing

/** The moment before a request was sent, on the two clocks that date a near copy. */
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
  /** Identifies the entry that was there: see `prefixOf`. */
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

/** What a reader has seen if Redis cannot be reached. It matches no load that has begun. */
export const UNSEEN: Sighting & Pick<Sight, 'prefix'> = Object.freeze({
  lease: null,
  markers: new Map(),
  prefix: '?',
})
