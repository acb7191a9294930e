/**
 * Compact vectors: with one byte, or one bit, per number.
 *
 * @module
 */

import { InvalidValueError } from '../../errors.ts'
import type { Vector } from './embedder.ts'

const LARGEST = 127

/**
 * Scales a vector so that its largest absolute number is 127, and rounds. The scale is lost: only the
 * direction matters.
 *
 * @throws {InvalidValueError} When the vector does not have `dimensions` finite numbers, or all are 0.
 */
export function quantize(vector: Vector, dimensions: number): Int8Array<ArrayBuffer> {
  if (vector.length !== dimensions) {
    throw new InvalidValueError(`an embedding has ${vector.length} dimensions, not ${dimensions}`)
  }
  let largest = 0
  for (const value of vector) {
    const size = Math.abs(value)
    // Negated to refuse NaN too: every comparison with NaN is false.
    if (!(size < Infinity)) {
      throw new InvalidValueError('an embedding has numbers that are not finite')
    }
    if (size > largest) largest = size
  }
  if (largest === 0) throw new InvalidValueError('an embedding is all zeros')
  return Int8Array.from(vector, (value) => Math.round((value / largest) * LARGEST))
}

/** The sum of products. 32-bit arithmetic is exact: 4,096 products of at most 127 by 127. */
export function dot(a: Int8Array, b: Int8Array, at = 0): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.imul(a[i] as number, b[at + i] as number)
  return sum
}

/** The Euclidean length. Never 0 for a result of {@link quantize}. */
export function lengthOf(code: Int8Array): number {
  return Math.sqrt(dot(code, code))
}

/** The cosine of two codes, from [-1, 1]. */
export function cosine(a: Int8Array, b: Int8Array): number {
  return dot(a, b) / (lengthOf(a) * lengthOf(b))
}

/** How many 32-bit words the signs of a vector take. */
export function wordsFor(dimensions: number): number {
  return (dimensions + 31) >>> 5
}

/** Writes one bit per number into `into`, from the word `at` on: 1 if the number is above 0. */
export function packSigns(code: Int8Array, into: Uint32Array, at = 0): void {
  const words = wordsFor(code.length)
  into.fill(0, at, at + words)
  for (let i = 0; i < code.length; i++) {
    if ((code[i] as number) > 0) {
      const word = at + (i >>> 5)
      into[word] = (into[word] as number) | (1 << (i & 31))
    }
  }
}

/** How many bits differ in `words` words of `a`, and of `b` from the word `at` on. */
export function hamming(a: Uint32Array, b: Uint32Array, words: number, at = 0): number {
  let count = 0
  for (let i = 0; i < words; i++) {
    let bits = (a[i] as number) ^ (b[at + i] as number)
    // Warren, "Hacker's Delight", 2nd ed., figure 5-2.
    bits -= (bits >>> 1) & 0x5555_5555
    bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333)
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
  }
  return count
}
