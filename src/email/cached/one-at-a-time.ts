/**
 * Work that is not begun while it is under way.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { isWithin } from './looks.ts'

/** A Worker's request is carried on for as long at most: what has not ended by then never will. */
const CARRIED_ON_MS = 30_000

/** Work of which one is done at a time; one that was cut off with its request keeps nobody from it. */
export class OneAtATime {
  readonly #platform: Platform
  #since = Number.NEGATIVE_INFINITY

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Does it, or does nothing where it is being done. */
  async run(task: () => Promise<void>): Promise<void> {
    const now = this.#platform.now()
    if (isWithin(this.#since, now, CARRIED_ON_MS)) return
    this.#since = now
    try {
      await task()
    } finally {
      this.#since = Number.NEGATIVE_INFINITY
    }
  }
}
