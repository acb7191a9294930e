/**
 * Finds the frequent items of a stream that has too many to count each (Misra and Gries, "Finding repeated
 * elements", 1982).
 *
 * @module
 */

/**
 * Counts in bounded memory. A count is too low by at most the number of arrivals divided by `capacity + 1`:
 * an item that is more frequent than that is always present.
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

  /** Returns the most frequent items since the last call, and starts again. */
  take(most: number): (readonly [item: string, count: number])[] {
    const counts = this.#counts
    this.#counts = new Map()
    return [...counts].sort(([, a], [, b]) => b - a).slice(0, most)
  }

  /**
   * Subtracts the lowest count from all, the newcomer included, and drops those that reach 0. On average this
   * takes one step per arrival, because each arrival has raised the counts before.
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
