/**
 * Instants as text, and days of the calendar as instants.
 *
 * @module
 */

/** ISO 8601 in UTC: `2026-11-25T14:05:09.000Z`. @param ms Epoch milliseconds. */
export function isoTime(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: writes an instant that is given, reads no clock
  return new Date(ms).toISOString()
}

/** The instant that a date says, in epoch milliseconds; NaN for a text that is none. */
export function instantOf(date: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: reads a text, and no clock
  return Date.parse(date)
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). @param ms Epoch milliseconds. */
export function imfFixdate(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: writes an instant that is given, reads no clock
  return new Date(ms).toUTCString()
}

/**
 * The midnight, in UTC, that a day of the Gregorian calendar begins with, in epoch milliseconds.
 *
 * @param month 1 to 12.
 * @returns `undefined` for a day that there is not, such as 30 February.
 */
export function midnightOf(year: number, month: number, day: number): number | undefined {
  // biome-ignore lint/style/noRestrictedGlobals: counts days, reads no clock
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isReal ? date.getTime() : undefined
}
