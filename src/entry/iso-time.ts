/**
 * Converts instants to text, and dates to instants.
 *
 * @module
 */

/** ISO 8601 in UTC: `2026-11-25T14:05:09.000Z`. @param ms Epoch milliseconds. */
export function isoTime(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: writes an instant that is given, reads no clock
  return new Date(ms).toISOString()
}

/** The instant of a date, in epoch milliseconds; NaN if the text is not a date. */
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
 * The start of a day of the Gregorian calendar in UTC, in epoch milliseconds.
 *
 * @param month 1 to 12.
 * @returns `undefined` for a day that does not exist, such as 30 February.
 */
export function midnightOf(year: number, month: number, day: number): number | undefined {
  // biome-ignore lint/style/noRestrictedGlobals: counts days, reads no clock
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isReal ? date.getTime() : undefined
}
