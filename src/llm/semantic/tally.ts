/**
 * Counts what a matcher has done.
 *
 * @module
 */

import type { Match, MatcherStats, MatchMiss } from './matcher.ts'
import type { VetoReason } from './veto.ts'

/** The counts of one matcher. */
export class MatchTally {
  #matches = 0
  #hits = 0
  #explored = 0
  #judged = 0
  #wrong = 0
  #unjudged = 0
  #remembered = 0
  #expectedWrong = 0
  readonly #misses: Record<MatchMiss, number> = { empty: 0, below: 0, unsuitable: 0, failed: 0 }
  readonly #vetoes: Partial<Record<VetoReason, number>> = {}

  /** @returns The match itself. */
  matched(match: Match): Match {
    this.#matches++
    switch (match.kind) {
      case 'hit':
        this.#hits++
        this.#expectedWrong += match.confidence === undefined ? 0 : 1 - match.confidence
        break
      case 'miss':
        this.#misses[match.reason]++
        break
      case 'veto':
        this.#vetoes[match.reason] = (this.#vetoes[match.reason] ?? 0) + 1
        break
      case 'explore':
        this.#explored++
    }
    return match
  }

  remembered(): void {
    this.#remembered++
  }

  judged(same: boolean): void {
    this.#judged++
    if (!same) this.#wrong++
  }

  unjudged(): void {
    this.#unjudged++
  }

  stats(): MatcherStats {
    return {
      matches: this.#matches,
      hits: this.#hits,
      misses: { ...this.#misses },
      vetoes: { ...this.#vetoes },
      explored: this.#explored,
      judged: this.#judged,
      wrong: this.#wrong,
      unjudged: this.#unjudged,
      remembered: this.#remembered,
      expectedWrong: this.#expectedWrong,
      errorOverAll: this.#expectedWrong / Math.max(this.#matches, 1),
      errorPerHit: this.#expectedWrong / Math.max(this.#hits, 1),
    }
  }
}
