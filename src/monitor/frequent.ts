/**
 * Finds what comes often in a stream that is too long to be counted (Misra and Gries, "Finding repeated
 * elements", 1982).
 *
 * @module
 */

/**
 * Counts in bounded room. A count is too low by at most the number of all that came, divided by the
 * capacity and one: whatever comes more often than that is there.
 */
export class Frequent {
  readonly #capacity: number
  #counts = new Map<string, number>()

  /** @param capacity How many are counted at once; at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** @param weight How many arrivals this one stands for. */
  add(item: string, weight: number): void {
    const count = this.#counts.get(item)
    if (count !== undefined) this.#counts.set(item, count + weight)
    else if (this.#counts.size < this.#capacity) this.#counts.set(item, weight)
    else this.#makeRoom(item, weight)
  }

  /** The most frequent of what came since the last call, and starts anew. */
  take(most: number): (readonly [item: string, count: number])[] {
    const counts = this.#counts
    this.#counts = new Map()
    return [...counts].sort(([, a], [, b]) => b - a).slice(0, most)
  }

  /**
   * Takes as much from all of them, the newcomer included, as it takes until one is down to nothing. Paid
   * for by the arrivals that raised the counts: a step each, on average.
   */
  #makeRoom(item: string, weight: number): void {
    let least = weight
    for (const count of this.#counts.values()) if (count < least) least = count
    for (const [other, count] of this.#counts) {
      if (count === least) this.#counts.delete(other)
      else this.#counts.set(other, count - least)
    }
    if (weight > least) this.#counts.set(item, weight - least)
  }
}
