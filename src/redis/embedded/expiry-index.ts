/**
 * The entries that have an expiry, so that those nobody asks for are found without a timer.
 *
 * @module
 */

import type { Entry } from './entry.ts'

/** Entries that are looked at in one round of a sweep. */
const SAMPLE = 4
/** Rounds in a row while most of a round turns out to be expired, so that a sweep is bounded. */
const ROUNDS = 16

/** Entries with an expiry, in no order. */
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
   * Looks at a few entries in turn, at more while most of them have expired, and hands those to
   * `expire`, which must delete them here. Done on each write, this keeps pace with any rate of
   * writes, since a write adds at most a few entries and a sweep sees as many.
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

  /** From the last position to the first, over and over; removals then skip no entry. */
  #next(): Entry | undefined {
    const isAtEnd = this.#sweepPosition <= 0 || this.#sweepPosition > this.#entries.length
    this.#sweepPosition = (isAtEnd ? this.#entries.length : this.#sweepPosition) - 1
    return this.#entries[this.#sweepPosition]
  }
}
