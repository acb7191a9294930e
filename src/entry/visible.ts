/**
 * Shows names that others have made: what a terminal would obey is written out, and so is what would turn
 * the writing round and have one name look like another (Unicode Standard Annex 9, section 2).
 *
 * @module
 */

const HIDDEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const RAW_IN_LITERALS = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const ESCAPED = /(?:%[\dA-F]{2})+/gi
/** What a path cannot have in a segment, and what could not be told from an escape. */
const KEPT = /[/%\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** The text, with `\x1b` and `\u202e` in place of such characters. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
  })
}

/**
 * The text of JSON, or of a value as `inspect` of Node shows it, with `\u202e` in place of what both leave raw in
 * strings: it means the same, no terminal obeys it, and no reader of lines takes it for the end of one.
 */
export function visibleLiteral(text: string): string {
  return text.replace(
    RAW_IN_LITERALS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * The path of a namespace with its escapes read, but for those of `/`, `%` and such characters: two paths
 * look alike only if they are one, and what is shown may be typed where a path is asked for.
 */
export function readablePath(path: string): string {
  const plain = path.replace(ESCAPED, (escapes) => {
    try {
      return decodeURIComponent(escapes).replace(KEPT, encodeURIComponent)
    } catch {
      return escapes // none of ours
    }
  })
  return visible(plain)
}
