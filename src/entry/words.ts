/**
 * Sets of words, written down as one text.
 *
 * @module
 */

/** The words of a text, which white space is between. */
export function wordsIn(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
