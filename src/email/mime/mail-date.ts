/**
 * Parses the dates of mail headers, obsolete forms included (RFC 5322, sections 3.3 and 4.3).
 *
 * @module
 */

import { instantOf } from '../../entry/iso-time.ts'

/** The longest line (RFC 5322, section 2.1.1). A header field has no limit, so only its start is parsed. */
const MAX_CHARS = 998

/** A time zone at the end: an offset, a name that defines an offset, or an offset followed by the year. */
const HAS_ZONE = /(?:[+-]\d{2}:?\d{2}|[zZ]|[A-Z]{1,4}T|UTC)$|[+-]\d{4}\s+\d{4}$/

/** Other zone names, such as `A` to `Y`, `CET` or `JST`, define no offset (RFC 5322, section 4.3). */
const OTHER_ZONE = /(:\d\d)\s*[A-Za-z]{1,5}\b/

/**
 * @returns Epoch milliseconds, or undefined if the text is not a date. A date without a zone, or with a zone
 *   name that RFC 5322 does not define, is read as UTC, so that the result does not depend on the host.
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
