/**
 * Remembers resources whose responses to requests with credentials were not shareable, so that users do
 * not wait for each other in vain. Per isolate and bounded. Only a hint: an error costs or saves a wait.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

const REMEMBERED_MS = 60_000
const MAX_KEYS = 5_000

/** A set of keys, each remembered for a minute. */
export class Unshared {
  readonly #platform: Platform
  readonly #until = new Map<string, number>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  add(key: string): void {
    // A map iterates in the order of insertion, so the first key is the oldest.
    const [oldest] = this.#until.size >= MAX_KEYS ? this.#until.keys() : []
    if (oldest !== undefined) this.#until.delete(oldest)
    this.#until.delete(key)
    this.#until.set(key, this.#platform.now() + REMEMBERED_MS)
  }

  has(key: string): boolean {
    const until = this.#until.get(key)
    if (until === undefined) return false
    if (this.#platform.now() < until) return true
    this.#until.delete(key)
    return false
  }
}
