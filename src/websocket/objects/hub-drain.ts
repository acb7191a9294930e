/**
 * Drains a hub: closes its connections, spread over a time. Standard clients reconnect at once, so closing
 * all of them together would cause a stampede.
 *
 * @module
 */

import type { HubStore } from './hub-store.ts'

/** How often connections are closed. */
const STEP_MS = 500

/** The state of a drain. */
export class HubDrain {
  readonly #store: HubStore
  /** When all connections must be closed, in epoch milliseconds; `undefined` while the hub is open. */
  #until: number | undefined
  #stepAt: number | undefined

  constructor(store: HubStore, now: number) {
    this.#store = store
    const until = store.meta('drainUntil') ?? 0
    this.#until = until === 0 ? undefined : until
    this.#stepAt = this.#until === undefined ? undefined : now
  }

  /** Begins the drain; 0 opens the hub again. */
  begin(withinMs: number, now: number): void {
    this.#until = withinMs === 0 ? undefined : now + withinMs
    this.#stepAt = this.#until === undefined ? undefined : now
    this.#store.setMeta('drainUntil', this.#until ?? 0)
  }

  /** Whether the hub refuses connections: from the start of the drain until it is opened again. */
  get isOn(): boolean {
    return this.#until !== undefined
  }

  /** How many of the remaining connections to close now. */
  step(left: number, now: number): number {
    if (this.#until === undefined || this.#stepAt === undefined || now < this.#stepAt) return 0
    const leftMs = this.#until - now
    const share = leftMs <= STEP_MS ? 1 : STEP_MS / leftMs
    this.#stepAt = left === 0 ? undefined : now + STEP_MS
    return Math.ceil(left * share)
  }

  /** When to close the next connections, in epoch milliseconds. */
  nextAt(): number | undefined {
    return this.#stepAt
  }
}
