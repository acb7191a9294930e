/**
 * Keeps the list of occupied channels up to date, and tells the app when a channel becomes occupied or
 * vacated.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { ChannelStore } from './channel-store.ts'
import { traitsOf } from './channel-traits.ts'
import type { NewsParts } from './presence-news.ts'
import type { DirectoryStub, Network } from './stubs.ts'

/** Options for {@link Occupancy}. */
export interface OccupancyParts extends NewsParts {
  readonly store: ChannelStore
  readonly network: Network
  readonly platform: Platform
}

/** Delay before a directory that did not answer is called again. */
const RETRY_MS = 5_000

/** Whether a channel is occupied, and whether the app and the directory know it. */
export class Occupancy {
  readonly #parts: OccupancyParts
  readonly #isListed: boolean
  /** What the app was last told. */
  #isOccupied: boolean
  /** What the directory has last acknowledged; `undefined` if it may know something else by now. */
  #acknowledged: boolean | undefined
  #version: number
  #directory: DirectoryStub | undefined

  constructor(parts: OccupancyParts) {
    const { store, name } = parts
    this.#parts = parts
    this.#isListed = !traitsOf(name).isInternal
    this.#isOccupied = store.meta('occupied') === 1
    // A change that the directory did not acknowledge before an eviction is sent again.
    this.#acknowledged = (store.meta('unlisted') === 1) !== this.#isOccupied
    this.#version = Number(store.meta('version') ?? 0)
  }

  /** Notes a change. */
  tell(): void {
    const { membership, store, outbox, name, platform } = this.#parts
    const { isOccupied } = membership
    if (!this.#isListed || isOccupied === this.#isOccupied) return
    this.#isOccupied = isOccupied
    // Never below the current time, so that versions keep rising after the channel has cleared its storage.
    this.#version = Math.max(this.#version + 1, Math.floor(platform.now()))
    store.setMeta('occupied', isOccupied ? 1 : 0)
    store.setMeta('version', this.#version)
    store.setMeta('unlisted', 1)
    outbox.add({ name: isOccupied ? 'channel_occupied' : 'channel_vacated', channel: name })
  }

  /** Brings the directory up to date. */
  async settle(): Promise<void> {
    while (this.#acknowledged !== this.#isOccupied) {
      const isOccupied = this.#isOccupied
      if (!(await this.#note(isOccupied))) return
      this.#acknowledged = isOccupied
      if (isOccupied === this.#isOccupied) this.#parts.store.setMeta('unlisted', 0)
    }
  }

  /** When to call the directory again, in epoch milliseconds. */
  nextAt(now: number): number | undefined {
    return this.#acknowledged === this.#isOccupied ? undefined : now + RETRY_MS
  }

  async #note(isOccupied: boolean): Promise<boolean> {
    const { name, network } = this.#parts
    this.#directory ??= network.directory(name)
    try {
      await this.#directory.note(name, isOccupied, this.#version)
      return true
    } catch {
      // A stub that threw may stay broken; the alarm tries another.
      this.#directory = undefined
      // The answer may be what was lost.
      this.#acknowledged = undefined
      return false
    }
  }
}
