/**
 * Texts of strangers, before they are normalised.
 *
 * @module
 */

/** Marks in a row, with the two letters that are marks in compatibility forms, and without the joiner. */
const CROWD = /(?:(?!\u034f)[\p{M}\uff9e\uff9f]){30}(?=(?!\u034f)[\p{M}\uff9e\uff9f])/gu

/**
 * A text to be normalised: after each 30 marks in a row a joiner that has no looks (UAX #15, section 13).
 *
 * Marks are sorted one by one, each past all that belong behind it: of a hundred thousand on one letter
 * that takes seconds, and of ten times as many a hundred times as long. No language has more than 30.
 */
export function streamSafe(text: string): string {
  return text.replace(CROWD, '$&\u034f')
}
