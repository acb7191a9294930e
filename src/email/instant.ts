/**
 * Converts instants, which callers may give in three forms, to whole epoch milliseconds.
 *
 * @module
 */

import { midnightOf } from '../entry/iso-time.ts'

/** A `Date`, also of another realm. */
export interface DateLike {
  getTime(): number
}

/**
 * A point in time in input: a `Date`, whole epoch milliseconds, or an ISO 8601 text in the profile of RFC 3339
 * (`2026-01-31T09:30:00Z`, `2026-01-31T09:30:00.250+02:00`). A date alone means midnight UTC. A time without
 * an offset is refused, because its meaning would depend on the host's time zone.
 */
export type Instant = DateLike | number | string

/** The values that {@link toInstant} accepts, for error messages. */
export const INSTANT_REQUIREMENT =
  'a valid Date, whole epoch milliseconds, or an ISO 8601 text with an offset'

/** The limit of ECMAScript time values. */
const MAX_INSTANT = 8.64e15

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d)))?$/

/** @returns Epoch milliseconds, or undefined if `value` is not an {@link Instant}. */
export function toInstant(value: unknown): number | undefined {
  if (typeof value === 'string') return parseIso(value)
  const ms = isDate(value) ? value.getTime() : value
  const valid = typeof ms === 'number' && Number.isInteger(ms) && Math.abs(ms) <= MAX_INSTANT
  // Adding 0 turns -0 into 0; JSON and SQL do not distinguish them.
  return valid ? ms + 0 : undefined
}

/** Tests for the method, because `instanceof` fails for a Date of another realm. */
function isDate(value: unknown): value is DateLike {
  return typeof value === 'object' && value !== null && 'getTime' in value
    ? typeof value.getTime === 'function'
    : false
}

function parseIso(text: string): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const part = (index: number): number => Number(match[index] ?? 0)
  const midnight = midnightOf(part(1), part(2), part(3))
  const [hour, minute, second] = [part(4), part(5), part(6)]
  if (midnight === undefined) return undefined
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return undefined
  const fraction = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const offset = (part(9) * 60 + part(10)) * (match[8] === '-' ? -1 : 1)
  return midnight + ((hour * 60 + minute - offset) * 60 + second) * 1_000 + fraction
}
