/**
 * Sets of words, written as one text.
 *
 * @module
 */

/** The words of a text, separated by white space. */
export function wordsIn(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
