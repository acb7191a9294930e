/**
 * The vectors of one scope in memory, searched first by sign bits, then by bytes.
 *
 * @module
 */

import { dot, hamming, lengthOf, packSigns, wordsFor } from './quantize.ts'

/** A vector that a search found. */
export interface Found {
  readonly id: string
  /** Cosine of the codes, from [-1, 1]. */
  readonly similarity: number
}

/** Up to this many vectors are all compared by their bytes. */
const SMALL = 256
/** How many of the nearest by sign bits are compared by bytes: at least, and for each wanted result. */
const RESCORED = 128
const RESCORED_EACH = 16
const FIRST_CAPACITY = 64

/**
 * Vectors by id. A search compares the sign bits of all, 32 numbers at a time, then the bytes of the few
 * whose bits differ least from the query's.
 */
export class Shelf {
  readonly #dimensions: number
  readonly #words: number
  readonly #slots = new Map<string, number>()
  #ids: string[] = []
  #codes: Int8Array
  #signs: Uint32Array
  #lengths: Float32Array
  #distances = new Uint16Array(0)

  constructor(dimensions: number) {
    this.#dimensions = dimensions
    this.#words = wordsFor(dimensions)
    this.#codes = new Int8Array(FIRST_CAPACITY * dimensions)
    this.#signs = new Uint32Array(FIRST_CAPACITY * this.#words)
    this.#lengths = new Float32Array(FIRST_CAPACITY)
  }

  get size(): number {
    return this.#ids.length
  }

  /** Size of the arrays in bytes, without the ids. */
  get bytes(): number {
    return this.#codes.byteLength + this.#signs.byteLength + this.#lengths.byteLength
  }

  has(id: string): boolean {
    return this.#slots.has(id)
  }

  /** Adds a vector, or replaces the one of this id. */
  put(id: string, code: Int8Array): void {
    const slot = this.#slots.get(id) ?? this.#ids.length
    if (slot === this.#ids.length) {
      this.#reserve(slot + 1)
      this.#ids.push(id)
      this.#slots.set(id, slot)
    }
    this.#codes.set(code, slot * this.#dimensions)
    packSigns(code, this.#signs, slot * this.#words)
    this.#lengths[slot] = lengthOf(code)
  }

  /** Moves the last vector into the slot of the deleted one. */
  delete(id: string): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    const last = this.#ids.length - 1
    const moved = this.#ids[last] as string
    this.#ids[slot] = moved
    this.#slots.set(moved, slot)
    this.#codes.copyWithin(
      slot * this.#dimensions,
      last * this.#dimensions,
      (last + 1) * this.#dimensions,
    )
    this.#signs.copyWithin(slot * this.#words, last * this.#words, (last + 1) * this.#words)
    this.#lengths[slot] = this.#lengths[last] as number
    this.#ids.pop()
    this.#slots.delete(id)
  }

  /**
   * The nearest, best first; of equals, the one in the lower slot first.
   *
   * @param limit How many, at least 1.
   */
  search(query: Int8Array, limit: number): readonly Found[] {
    const own = lengthOf(query)
    return this.#worthRescoring(query, Math.max(RESCORED, limit * RESCORED_EACH))
      .map((slot) => ({
        slot,
        similarity:
          dot(query, this.#codes, slot * this.#dimensions) /
          (own * (this.#lengths[slot] as number)),
      }))
      .toSorted((a, b) => b.similarity - a.similarity || a.slot - b.slot)
      .slice(0, limit)
      .map(({ slot, similarity }) => ({ id: this.#ids[slot] as string, similarity }))
  }

  /** About `wanted` slots whose sign bits differ least; at the largest distance, lower slots first. */
  #worthRescoring(query: Int8Array, wanted: number): number[] {
    const { size } = this
    if (size <= Math.max(SMALL, wanted)) return Array.from({ length: size }, (_, slot) => slot)
    const signs = new Uint32Array(this.#words)
    packSigns(query, signs)
    if (this.#distances.length < size) this.#distances = new Uint16Array(this.#lengths.length)
    const counts = new Uint32Array(this.#dimensions + 1)
    for (let slot = 0; slot < size; slot++) {
      const distance = hamming(signs, this.#signs, this.#words, slot * this.#words)
      this.#distances[slot] = distance
      counts[distance] = (counts[distance] as number) + 1
    }
    const { farthest, ofFarthest } = cutOff(counts, wanted)
    const slots: number[] = []
    let room = ofFarthest
    for (let slot = 0; slot < size; slot++) {
      const distance = this.#distances[slot] as number
      if (distance < farthest || (distance === farthest && room-- > 0)) slots.push(slot)
    }
    return slots
  }

  #reserve(size: number): void {
    const capacity = this.#lengths.length
    if (size <= capacity) return
    // Grows by half: doubling could leave half of 20 MB unused.
    const grown = Math.ceil(capacity * 1.5)
    this.#codes = copied(this.#codes, new Int8Array(grown * this.#dimensions))
    this.#signs = copied(this.#signs, new Uint32Array(grown * this.#words))
    this.#lengths = copied(this.#lengths, new Float32Array(grown))
  }
}

function copied<T extends Int8Array | Uint32Array | Float32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** The distance within which `wanted` slots lie, and how many at exactly this distance are needed. */
function cutOff(
  counts: Uint32Array,
  wanted: number,
): { readonly farthest: number; readonly ofFarthest: number } {
  let nearer = 0
  let farthest = 0
  while (nearer + (counts[farthest] ?? wanted) < wanted) {
    nearer += counts[farthest] as number
    farthest++
  }
  return { farthest, ofFarthest: wanted - nearer }
}
