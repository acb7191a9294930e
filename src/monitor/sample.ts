/**
 * Samples a stream: takes every arrival at first, and fewer the longer the stream gets.
 *
 * The rate falls as in sticky sampling (Manku and Motwani, "Approximate frequency counts over data
 * streams", 2002). How many arrivals are skipped is drawn once for all of them, by inversion of the
 * geometric distribution (Devroye, "Non-uniform random variate generation", 1986, X.2): each of them costs
 * a decrement instead of a draw.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

/** Arrivals that are taken before the rate is halved. */
const TAKEN_AT_A_RATE = 1_024
/** At least one in this many is taken, so that the next one is never far. */
const MAX_WEIGHT = 64

/** Decides for each arrival whether it counts, and for how many. */
export class Sample {
  readonly #platform: Pick<Platform, 'random'>
  #weight = 1
  #taken = 0
  #passedOver = 0

  constructor(platform: Pick<Platform, 'random'>) {
    this.#platform = platform
  }

  /** How many arrivals this one stands for: 1 to 64, or 0 for one that is skipped. */
  weigh(): number {
    if (this.#passedOver > 0) {
      this.#passedOver--
      return 0
    }
    const weight = this.#weight
    if (++this.#taken === TAKEN_AT_A_RATE) this.#thin()
    if (this.#weight > 1) {
      // From (0, 1], because the logarithm of 0 is not finite.
      const chance = 1 - this.#platform.random()
      this.#passedOver = Math.floor(Math.log(chance) / Math.log(1 - 1 / this.#weight))
    }
    return weight
  }

  /** Begins a new stream. */
  restart(): void {
    this.#weight = 1
    this.#taken = 0
    this.#passedOver = 0
  }

  #thin(): void {
    this.#taken = 0
    this.#weight = Math.min(2 * this.#weight, MAX_WEIGHT)
  }
}
