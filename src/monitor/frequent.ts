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

  add(item: string): void {
    const count = this.#counts.get(item)
    if (count !== undefined) this.#counts.set(item, count + 1)
    else if (this.#counts.size < this.#capacity) this.#counts.set(item, 1)
    else this.#lowerAll()
  }

  /** The most frequent of what came since the last call, and starts anew. */
  take(most: number): (readonly [item: string, count: number])[] {
    const counts = this.#counts
    this.#counts = new Map()
    return [...counts].sort(([, a], [, b]) => b - a).slice(0, most)
  }

  /** Paid for by the arrivals that raised the counts: a step each, on average. */
  #lowerAll(): void {
    for (const [item, count] of this.#counts) {
      if (count === 1) this.#counts.delete(item)
      else this.#counts.set(item, count - 1)
    }
  }
}
