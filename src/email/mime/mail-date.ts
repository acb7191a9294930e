/**
 * Dates as mail headers have them, obsolete forms included (RFC 5322, sections 3.3 and 4.3).
 *
 * @module
 */

import { instantOf } from '../../entry/iso-time.ts'

/** As long as a line may be (RFC 5322, section 2.1.1); a header field may be as long as its writer likes. */
const MAX_CHARS = 998

/** A zone at the end: an offset, a name that is one, or an offset before the year. */
const HAS_ZONE = /(?:[+-]\d{2}:?\d{2}|[zZ]|[A-Z]{1,4}T|UTC)$|[+-]\d{4}\s+\d{4}$/

/** Other names of zones say nothing of the time: `A` to `Y`, `CET`, `JST` (RFC 5322, section 4.3). */
const OTHER_ZONE = /(:\d\d)\s*[A-Za-z]{1,5}\b/

/**
 * @returns Epoch milliseconds, or undefined for what is no date. A date without a zone, or with
 *   one of a name that mail does not define, is read as UTC, so that it is the same on every machine.
 */
export function parseMailDate(text: string | undefined): number | undefined {
  const trimmed = (text ?? '')
    .slice(0, MAX_CHARS)
    .replaceAll(/\([^)]*\)/g, ' ')
    .trim()
  if (trimmed === '') return undefined
  const instants = [trimmed, trimmed.replace(OTHER_ZONE, '$1')].map(zonedInstant)
  return instants.find((instant) => !Number.isNaN(instant))
}

function zonedInstant(text: string): number {
  return instantOf(HAS_ZONE.test(text) ? text : `${text} UTC`)
}
