/**
 * Remembers which resources had nothing to share for requests with credentials, so that their users do
 * not wait for each other in vain. Per isolate, bounded, and only a hint: it costs or saves a wait.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

const REMEMBERED_MS = 60_000
const MAX_KEYS = 5_000

/** Keys, each for a minute. */
export class Unshared {
  readonly #platform: Platform
  readonly #until = new Map<string, number>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  add(key: string): void {
    // The oldest are first in a map.
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
