/**
 * Instants as text.
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
