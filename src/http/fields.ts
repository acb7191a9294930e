/**
 * Header fields, and which of them the cache answers itself.
 *
 * @module
 */

/** Fields of a request that make it conditional or partial: the cache answers these itself. */
export const CONDITIONAL: readonly string[] = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]

/** All fields but cookies, as pairs with names in lower case. */
export function pairsOf(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => name !== 'set-cookie')
}
