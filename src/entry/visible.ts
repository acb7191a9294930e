/**
 * Makes untrusted names safe to show. Escapes control characters that a terminal would obey, and characters that
 * reverse the direction of text and make one name look like another (Unicode Standard Annex 9, section 2).
 *
 * @module
 */

const HIDDEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const RAW_IN_LITERALS = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const ESCAPED = /(?:%[\dA-F]{2})+/gi
/** Stay escaped: `/`, which a segment cannot contain, `%`, which begins an escape, and the characters above. */
const KEPT = /[/%\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** The text with such characters escaped, as `\x1b` or `\u202e`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
  })
}

/**
 * JSON, or the output of Node's `inspect`, with the characters escaped (as `\u202e`) that both leave raw in strings.
 * The meaning stays the same, no terminal obeys them, and none is taken for the end of a line.
 */
export function visibleLiteral(text: string): string {
  return text.replace(
    RAW_IN_LITERALS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * The path of a namespace with its escapes decoded, except those of `/`, `%` and such characters. Different paths
 * look different, and the text can be entered where a path is expected.
 */
export function readablePath(path: string): string {
  const plain = path.replace(ESCAPED, (escapes) => {
    try {
      return decodeURIComponent(escapes).replace(KEPT, encodeURIComponent)
    } catch {
      return escapes // not UTF-8, so not written by `Keyspace`
    }
  })
  return visible(plain)
}
