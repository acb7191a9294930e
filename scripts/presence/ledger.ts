/**
 * What is checked, and what is waited for.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'

/** Long enough for a slow machine; nothing waits for it where all is well. */
const WAIT_MS = 20_000
const POLL_MS = 20

/** Prints what holds and what does not, and counts both. */
export class Ledger {
  held = 0
  failed = 0

  /** Notes one thing that must hold. */
  check(what: string, holds: boolean): void {
    console.log(`${holds ? 'ok' : 'NOT OK'}  ${what}`)
    if (holds) this.held += 1
    else this.failed += 1
  }

  /** Notes something that must come to hold, and goes on as soon as it does. */
  async becomes(what: string, condition: () => unknown, withinMs = WAIT_MS): Promise<void> {
    const giveUpAt = Date.now() + withinMs
    while (!condition() && Date.now() < giveUpAt) await delay(POLL_MS)
    this.check(what, Boolean(condition()))
  }

  /** Notes something that must not happen for a while: a wait that cannot be cut short. */
  async staysFor(ms: number, what: string, condition: () => unknown): Promise<void> {
    const until = Date.now() + ms
    while (condition() && Date.now() < until) await delay(POLL_MS)
    this.check(what, Boolean(condition()))
  }
}

/** Resolves as soon as a condition holds; what follows fails by itself if it never does. */
export async function until(condition: () => unknown): Promise<void> {
  const giveUpAt = Date.now() + WAIT_MS
  while (!condition() && Date.now() < giveUpAt) await delay(POLL_MS)
}
