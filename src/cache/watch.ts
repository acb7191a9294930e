/**
 * Waits for a load that runs in another isolate, by looking again and again.
 *
 * @module
 */

import { backoffMs } from '../flight/backoff.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Sight } from './observe.ts'

const ROUND = { baseMs: 10, capMs: 250 }

/** The next look of each entry somebody waits for, so that a thousand waiters look once. */
export class Watches {
  readonly #platform: Platform
  readonly #rounds = new Map<string, Promise<Sight>>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /**
   * Resolves to a look that is taken after a back-off, and after this call in any case.
   *
   * @param id What is looked at: waiters with the same id share their looks.
   * @param attempt How often the caller has waited already.
   */
  async next(id: string, attempt: number, look: () => Promise<Sight>): Promise<Sight> {
    const waitMs = backoffMs(ROUND, attempt, this.#platform.random())
    const round = this.#rounds.get(id) ?? this.#begin(id, waitMs, look)
    // Its timer may belong to a request of a Worker that has ended: then this caller looks itself.
    const sight = await settledWithin(this.#platform, 4 * ROUND.capMs, round)
    if (sight !== TIMED_OUT) return sight
    if (this.#rounds.get(id) === round) this.#rounds.delete(id)
    return look()
  }

  #begin(id: string, waitMs: number, look: () => Promise<Sight>): Promise<Sight> {
    const round = this.#platform.delay(waitMs).then(() => {
      // Whoever comes from here on must not have a look that is already under way.
      this.#rounds.delete(id)
      return look()
    })
    this.#rounds.set(id, round)
    return round
  }
}
