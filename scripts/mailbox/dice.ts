/**
 * Reproducible random numbers: the same seed gives the same draws on every machine.
 *
 * @module
 */

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018), its
 * state filled by SplitMix32 as the authors advise. Not for secrets.
 */
export class Dice {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed Any integer; its low 32 bits count. */
  constructor(seed: number) {
    let state = seed | 0
    const split = (): number => {
      state = (state + 0x9e3779b9) | 0
      let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.#a = split()
    this.#b = split()
    this.#c = split()
    this.#d = split()
  }

  /** A uniform integer from 0 to 2^32 - 1. */
  bits(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return result
  }

  /** A uniform draw from [0, 1). */
  next(): number {
    return this.bits() / 0x1_0000_0000
  }

  /** A uniform integer from [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** A uniform member of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** A draw from the exponential distribution of the given mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  /** Hexadecimal digits. */
  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.bits().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }

  /** A text in the form of a version 4 UUID (RFC 9562). */
  uuid(): string {
    const hex = this.hex(31)
    const variant = '89ab'[this.below(4)]
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18, 30)}`
  }
}

/** Draws the members of a list by weight. */
export class Weighted<T> {
  readonly #members: readonly T[]
  readonly #cumulative: readonly number[]

  /** @param weights One positive number per member, in any unit. */
  constructor(members: readonly T[], weights: readonly number[]) {
    let sum = 0
    this.#members = members
    this.#cumulative = weights.map((weight) => {
      sum += weight
      return sum
    })
  }

  draw(dice: Dice): T {
    const total = this.#cumulative.at(-1) ?? 0
    const target = dice.next() * total
    let low = 0
    let high = this.#cumulative.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#cumulative[middle] ?? 0) > target) high = middle
      else low = middle + 1
    }
    return this.#members[low] as T
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}
