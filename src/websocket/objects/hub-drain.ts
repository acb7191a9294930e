/**
 * Sends the connections of a hub elsewhere, spread over a time: stock clients come back at once, so all
 * of them together would be a stampede.
 *
 * @module
 */

import type { HubStore } from './hub-store.ts'

/** How often connections are closed. */
const STEP_MS = 500

/** Whether a hub is being emptied, and how far it is. */
export class HubDrain {
  readonly #store: HubStore
  /** When nobody may be left, in epoch milliseconds; `undefined` while the hub is open. */
  #until: number | undefined
  #stepAt: number | undefined

  constructor(store: HubStore, now: number) {
    this.#store = store
    const until = store.meta('drainUntil') ?? 0
    this.#until = until === 0 ? undefined : until
    this.#stepAt = this.#until === undefined ? undefined : now
  }

  /** Begins, or with 0 opens the hub again. */
  begin(withinMs: number, now: number): void {
    this.#until = withinMs === 0 ? undefined : now + withinMs
    this.#stepAt = this.#until === undefined ? undefined : now
    this.#store.setMeta('drainUntil', this.#until ?? 0)
  }

  /** A hub that was emptied takes nobody in until it is opened again. */
  get isOn(): boolean {
    return this.#until !== undefined
  }

  /** How many connections are to be closed now, of those that are left. */
  step(left: number, now: number): number {
    if (this.#until === undefined || this.#stepAt === undefined || now < this.#stepAt) return 0
    const leftMs = this.#until - now
    const share = leftMs <= STEP_MS ? 1 : STEP_MS / leftMs
    this.#stepAt = left === 0 ? undefined : now + STEP_MS
    return Math.ceil(left * share)
  }

  /** When the next are to be closed, in epoch milliseconds. */
  nextAt(): number | undefined {
    return this.#stepAt
  }
}
