/**
 * The time and the commands that one invocation of a handler may use.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import type { JobBudget } from './job.ts'

/** A budget that begins now. */
export class Budget implements JobBudget {
  readonly #platform: Platform
  readonly #until: number
  #commands: number
  #spent = 0

  constructor(platform: Platform, timeMs: number, commands: number) {
    this.#platform = platform
    this.#until = platform.now() + timeMs
    this.#commands = commands
  }

  get remainingMs(): number {
    return Math.max(0, this.#until - this.#platform.now())
  }

  get remainingCommands(): number {
    return Math.max(0, this.#commands)
  }

  /** Commands counted so far. */
  get spent(): number {
    return this.#spent
  }

  get isSpent(): boolean {
    return this.#commands <= 0 || this.remainingMs === 0
  }

  spend(commands: number): boolean {
    if (commands > 0) {
      this.#commands -= commands
      this.#spent += commands
    }
    return !this.isSpent
  }
}
