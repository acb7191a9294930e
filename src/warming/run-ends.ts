/**
 * Says in Redis that runs have ended, again and again where Redis is away just then: what was run must not
 * be run a second time for want of a note.
 *
 * @module
 */

import { isNearcacheError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Ledger } from './ledger.ts'
import type { Fields } from './state.ts'

/** The end of a run. */
export interface RunEnd {
  readonly token: string
  readonly fields: Fields
}

/** `refused`: another has taken the job since. `owed`: Redis could not be asked. */
export type Note = 'written' | 'refused' | 'owed'

const ATTEMPTS = 3

/** The ends of the runs of this isolate. */
export class RunEnds {
  readonly #ledger: Ledger
  readonly #platform: Platform
  readonly #leaseMs: number
  readonly #owed = new Map<string, RunEnd>()

  constructor(ledger: Ledger, platform: Platform, leaseMs: number) {
    this.#ledger = ledger
    this.#platform = platform
    this.#leaseMs = leaseMs
  }

  /** Whether a job has run here without Redis knowing. */
  isOwed(id: string): boolean {
    return this.#owed.has(id)
  }

  /** Tries again what is owed. */
  async writeAgain(): Promise<void> {
    await Promise.all([...this.#owed].map(([id, end]) => this.#try(id, end)))
  }

  /** @param isGivenBack Whether others may have the job at once, or when the lease is over. */
  async write(id: string, end: RunEnd, isGivenBack: boolean): Promise<Note> {
    if (!isGivenBack) {
      return (await this.#ledger.hold(id, end.token, end.fields)) ? 'written' : 'refused'
    }
    this.#owed.set(id, end)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const note = await this.#try(id, end)
      if (note !== 'owed') return note
      if (attempt < ATTEMPTS) await this.#platform.delay(Math.floor(this.#leaseMs / 6))
    }
    return 'owed'
  }

  async #try(id: string, end: RunEnd): Promise<Note> {
    try {
      const isKept = await this.#ledger.release(id, end.token, end.fields)
      if (this.#owed.get(id) === end) this.#owed.delete(id)
      return isKept ? 'written' : 'refused'
    } catch (error) {
      rethrowOthers(error)
      return 'owed'
    }
  }
}

/** Lets pass what is a mistake and not a failure of Redis. */
export function rethrowOthers(error: unknown): void {
  if (!isNearcacheError(error)) throw error
}
