/**
 * Writes to Redis that runs have ended, and tries again while Redis is down: otherwise the slot would run a
 * second time.
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

/** `refused`: another isolate has claimed the job since. `owed`: Redis could not be reached. */
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

  /** Whether the end of a run here has not been written to Redis yet. */
  isOwed(id: string): boolean {
    return this.#owed.has(id)
  }

  /** Tries again to write the ends that are owed. */
  async writeAgain(): Promise<void> {
    await Promise.all([...this.#owed].map(([id, end]) => this.#try(id, end)))
  }

  /**
   * @param isGivenBack Whether others may claim the job at once, or only when the lease ends.
   * @param stop Once aborted, the process is about to end: the attempts follow each other at once.
   */
  async write(id: string, end: RunEnd, isGivenBack: boolean, stop: AbortSignal): Promise<Note> {
    if (!isGivenBack) return noteOf(this.#ledger.hold(id, end.token, end.fields))
    this.#owed.set(id, end)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const note = await this.#try(id, end)
      if (note !== 'owed') return note
      if (attempt < ATTEMPTS) await this.#pause(stop)
    }
    return 'owed'
  }

  async #pause(stop: AbortSignal): Promise<void> {
    await this.#platform.delay(Math.floor(this.#leaseMs / 6), stop).catch(() => undefined)
  }

  async #try(id: string, end: RunEnd): Promise<Note> {
    const note = await noteOf(this.#ledger.release(id, end.token, end.fields))
    if (note !== 'owed' && this.#owed.get(id) === end) this.#owed.delete(id)
    return note
  }
}

async function noteOf(writing: Promise<boolean>): Promise<Note> {
  try {
    return (await writing) ? 'written' : 'refused'
  } catch (error) {
    rethrowOthers(error)
    return 'owed'
  }
}

/** Rethrows errors that are mistakes, and not failures of Redis. */
export function rethrowOthers(error: unknown): void {
  if (!isNearcacheError(error)) throw error
}
