/**
 * Reads lists from options.
 *
 * @module
 */

/** Splits a text at commas, and leaves out empty parts. No text gives an empty list. */
export function tagList(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').flatMap((tag) => tag.trim() || [])
}
