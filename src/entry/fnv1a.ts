/**
 * A fast hash that distributes texts evenly. It is not cryptographic.
 *
 * @module
 */

const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/**
 * FNV-1a (Fowler, Noll, Vo) over UTF-16 units, as a whole number of 32 bits.
 *
 * @param seed The hash of a text before this one, to hash both together. @default the hash of the empty text
 */
export function fnv1a(text: string, seed: number = OFFSET): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME)
  return hash >>> 0
}
