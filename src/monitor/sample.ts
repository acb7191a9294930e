/**
 * Takes a part of a stream: all of it at first, and less and less the longer it gets.
 *
 * The rate falls as in sticky sampling (Manku and Motwani, "Approximate frequency counts over data
 * streams", 2002). How many arrivals are passed over is drawn once for all of them, by inversion of the
 * geometric distribution (Devroye, "Non-uniform random variate generation", 1986, X.2): each of them costs
 * a step down, and none a draw of its own.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

/** Arrivals that are taken before the rate is halved. */
const TAKEN_AT_A_RATE = 1_024
/** No fewer than one in so many, so that the next one taken is never far. */
const MAX_WEIGHT = 64

/** Says of each arrival whether it counts, and for how many. */
export class Sample {
  readonly #platform: Pick<Platform, 'random'>
  #weight = 1
  #taken = 0
  #passedOver = 0

  constructor(platform: Pick<Platform, 'random'>) {
    this.#platform = platform
  }

  /** How many arrivals this one stands for: 1 to 64, or 0 for one that is passed over. */
  weigh(): number {
    if (this.#passedOver > 0) {
      this.#passedOver--
      return 0
    }
    const weight = this.#weight
    if (++this.#taken === TAKEN_AT_A_RATE) this.#thin()
    if (this.#weight > 1) {
      // From (0, 1], as the logarithm of 0 is no number of arrivals.
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
