/**
 * Repeatable random numbers: a draw is a pure function of a seed, a name and a number, so that one decision
 * does not change the next.
 *
 * @module
 */

/** Runs a 32-bit integer through Chris Wellons' `triple32` (hash-prospector): bias of 0.02. */
function mix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 17), 0xed5ad4bb)
  x = Math.imul(x ^ (x >>> 11), 0xac4c1b51)
  x = Math.imul(x ^ (x >>> 15), 0x31848bab)
  return x ^ (x >>> 14)
}

/** FNV-1a, 32 bits, over the UTF-16 units of a text. */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  return sum
}

/**
 * A uniform draw from [0, 1), the same for the same arguments on every machine. Not for secrets.
 *
 * @param seed Any integer; only its low 32 bits are used.
 * @param stream Draws of different names are independent.
 * @param nth Number of the draw in its stream; only its low 32 bits are used.
 */
export function draw(seed: number, stream: string, nth: number): number {
  return (mix(mix(seed ^ hash(stream)) ^ nth) >>> 0) / 0x1_0000_0000
}

/** A draw scaled to `[min, max]`. */
export function between([min, max]: readonly [min: number, max: number], drawn: number): number {
  return min + (max - min) * drawn
}
