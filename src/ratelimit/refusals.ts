/**
 * Remembers refusals for a second, so that a refused client which keeps sending costs Redis at most one
 * command per second and isolate.
 *
 * @module
 */

/** How long a refusal is repeated without asking Redis; a unit given back is noticed that late at most. */
const MEMORY_MS = 1_000
const MAX_REMEMBERED = 10_000

interface Refusal {
  /** Epoch milliseconds. The refusal is repeated from `since` until `until`. */
  readonly since: number
  readonly until: number
  /** Epoch milliseconds at which the limit has room again. */
  readonly resetAt: number
}

/** Recent refusals in this isolate. Bounded: the oldest are forgotten first. */
export class RecentRefusals {
  readonly #refusals = new Map<string, Refusal>()

  /** @returns When the limit has room again, in epoch milliseconds, if a refusal is remembered. */
  resetAt(id: string, now: number): number | undefined {
    const refusal = this.#refusals.get(id)
    if (refusal === undefined) return undefined
    if (now >= refusal.since && now < refusal.until) return refusal.resetAt
    this.#refusals.delete(id)
    return undefined
  }

  remember(id: string, resetAt: number, now: number): void {
    this.#refusals.delete(id)
    const until = Math.min(resetAt, now + MEMORY_MS)
    this.#refusals.set(id, { since: now, until, resetAt })
    const [oldest] = this.#refusals.keys()
    if (this.#refusals.size > MAX_REMEMBERED && oldest !== undefined) this.#refusals.delete(oldest)
  }
}
