/**
 * Makes untrusted text safe to normalise.
 *
 * @module
 */

/** 30 marks before another one. Counts the two letters that are marks in compatibility forms, but not the joiner. */
const CROWD = /(?:(?!\u034f)[\p{M}\uff9e\uff9f]){30}(?=(?!\u034f)[\p{M}\uff9e\uff9f])/gu

/**
 * Inserts an invisible joiner after each 30 combining marks in a row (UAX #15, section 13).
 *
 * Normalising sorts the marks of a letter in quadratic time: seconds for a hundred thousand marks, and a hundred
 * times as long for ten times as many. No language uses more than 30.
 */
export function streamSafe(text: string): string {
  return text.replace(CROWD, '$&\u034f')
}
