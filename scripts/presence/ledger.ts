/**
 * Checks conditions, waits for them, and counts the results.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'

/** Long enough for a slow machine. Successful checks end earlier. */
const WAIT_MS = 20_000
const POLL_MS = 20

/** Prints and counts passed and failed checks. */
export class Ledger {
  held = 0
  failed = 0

  /** Checks a condition. */
  check(what: string, holds: boolean): void {
    console.log(`${holds ? 'ok' : 'NOT OK'}  ${what}`)
    if (holds) this.held += 1
    else this.failed += 1
  }

  /** Waits until a condition holds, and fails if it does not in time. */
  async becomes(what: string, condition: () => unknown, withinMs = WAIT_MS): Promise<void> {
    const giveUpAt = Date.now() + withinMs
    while (!condition() && Date.now() < giveUpAt) await delay(POLL_MS)
    this.check(what, Boolean(condition()))
  }

  /** Checks that a condition holds for the whole time. */
  async staysFor(ms: number, what: string, condition: () => unknown): Promise<void> {
    const until = Date.now() + ms
    while (condition() && Date.now() < until) await delay(POLL_MS)
    this.check(what, Boolean(condition()))
  }
}

/** Resolves as soon as a condition holds, or after the time limit: later checks then fail. */
export async function until(condition: () => unknown): Promise<void> {
  const giveUpAt = Date.now() + WAIT_MS
  while (!condition() && Date.now() < giveUpAt) await delay(POLL_MS)
}
