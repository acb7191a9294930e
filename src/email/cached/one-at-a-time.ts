/**
 * Runs a task only if no earlier run of it is under way.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { isWithin } from './looks.ts'

/** `waitUntil` keeps a Worker's request alive for at most 30 s. A task that has not ended by then never will. */
const CARRIED_ON_MS = 30_000

/** Allows one run at a time. A run that ended with its Worker request blocks later runs for at most 30 s. */
export class OneAtATime {
  readonly #platform: Platform
  #since = Number.NEGATIVE_INFINITY

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Runs the task, or does nothing if a run is under way. */
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
