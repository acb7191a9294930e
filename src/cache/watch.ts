/**
 * Waits for a load that runs in another isolate, by looking at Redis repeatedly.
 *
 * @module
 */

import { backoffMs } from '../flight/backoff.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Sight } from './sight.ts'

const ROUND = { baseMs: 10, capMs: 250 }

/** What is looked at, and how it is read. */
export interface Watched {
  readonly id: string
  /** Compared by identity: looks with the same id and reading decode and check the entry alike. */
  readonly reading: unknown
}

interface Round {
  readonly reading: unknown
  readonly sight: Promise<Sight>
}

/** The next look at each entry that is waited for. Waiters share it, so that a thousand of them look once. */
export class Watches {
  readonly #platform: Platform
  readonly #rounds = new Map<string, Round>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /**
   * Resolves to a look that is taken after a backoff, and never before this call. Waiters with the same id and reading
   * share it.
   *
   * @param attempt How often the caller has waited already.
   */
  async next(watched: Watched, attempt: number, look: () => Promise<Sight>): Promise<Sight> {
    const waitMs = backoffMs(ROUND, attempt, this.#platform.random())
    const known = this.#rounds.get(watched.id)
    const isShared = known !== undefined && known.reading === watched.reading
    const round = isShared ? known : this.#begin(watched, waitMs, look)
    // The round's timer may belong to a Worker's request that has ended. Then this caller looks itself.
    const sight = await settledWithin(this.#platform, 4 * ROUND.capMs, round.sight)
    if (sight !== TIMED_OUT) return sight
    this.#end(watched.id, round)
    return look()
  }

  #begin({ id, reading }: Watched, waitMs: number, look: () => Promise<Sight>): Round {
    const sight = this.#platform.delay(waitMs).then(() => {
      // Removed before the look: later callers must not get a look that is already under way.
      this.#end(id, round)
      return look()
    })
    const round: Round = { reading, sight }
    this.#rounds.set(id, round)
    return round
  }

  #end(id: string, round: Round): void {
    if (this.#rounds.get(id) === round) this.#rounds.delete(id)
  }
}
