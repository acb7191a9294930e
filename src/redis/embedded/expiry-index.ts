/**
 * The entries with an expiry, so that expired keys that nobody reads are removed without a timer.
 *
 * @module
 */

import type { Entry } from './entry.ts'

/** Entries checked in one round of a sweep. */
const SAMPLE = 4
/** The maximum number of rounds. A round follows only if at least half of the round before had expired. */
const ROUNDS = 16

/** Entries with an expiry, unordered. */
export class ExpiryIndex {
  #entries: Entry[] = []
  #sweepPosition = 0

  get entries(): readonly Entry[] {
    return this.#entries
  }

  add(entry: Entry): void {
    if (entry.volatilePosition < 0) entry.volatilePosition = this.#entries.push(entry) - 1
  }

  delete(entry: Entry): void {
    if (entry.volatilePosition < 0) return
    const last = this.#entries.pop()
    if (last && last !== entry) {
      last.volatilePosition = entry.volatilePosition
      this.#entries[entry.volatilePosition] = last
    }
    entry.volatilePosition = -1
  }

  clear(): void {
    this.#entries = []
  }

  /**
   * Checks a few entries in turn, and more while at least half of them have expired. Passes the expired ones
   * to `expire`, which must delete them here. A sweep on each write keeps up with any write rate, since a write
   * adds at most a few entries and a sweep checks as many.
   */
  sweep(now: number, expire: (entry: Entry) => void): void {
    for (let round = 0; round < ROUNDS; round++) {
      let expired = 0
      for (let sample = 0; sample < SAMPLE && this.#entries.length > 0; sample++) {
        const entry = this.#next()
        if (entry && entry.expiresAt <= now) {
          expire(entry)
          expired++
        }
      }
      if (expired * 2 < SAMPLE) return
    }
  }

  /** Walks from the last position to the first, repeatedly, so that removals skip no entry. */
  #next(): Entry | undefined {
    const isAtEnd = this.#sweepPosition <= 0 || this.#sweepPosition > this.#entries.length
    this.#sweepPosition = (isAtEnd ? this.#entries.length : this.#sweepPosition) - 1
    return this.#entries[this.#sweepPosition]
  }
}
