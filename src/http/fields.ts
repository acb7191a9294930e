/**
 * Lists of header fields.
 *
 * @module
 */

/** Request fields for conditions and ranges, which the cache evaluates itself. */
export const CONDITIONAL: readonly string[] = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]

/** All fields except `Set-Cookie`, as pairs with names in lower case. */
export function pairsOf(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => name !== 'set-cookie')
}
