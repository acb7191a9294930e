/**
 * Keeps the list of occupied channels true, and tells the app when a channel fills and empties.
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

/** After how long a directory that did not answer is told again. */
const RETRY_MS = 5_000

/** Whether anybody is subscribed, and whether that has been told. */
export class Occupancy {
  readonly #parts: OccupancyParts
  readonly #isListed: boolean
  /** What the app was told. */
  #isOccupied: boolean
  /** What the directory has acknowledged. */
  #acknowledged: boolean
  #version: number
  #directory: DirectoryStub | undefined

  constructor(parts: OccupancyParts) {
    const { store, name } = parts
    this.#parts = parts
    this.#isListed = !traitsOf(name).isInternal
    this.#isOccupied = store.meta('occupied') === 1
    // What the object that was here before could not tell is told by this one.
    this.#acknowledged = (store.meta('unlisted') === 1) !== this.#isOccupied
    this.#version = Number(store.meta('version') ?? 0)
  }

  /** Notes a change. */
  tell(): void {
    const { membership, store, outbox, name, platform } = this.#parts
    const { isOccupied } = membership
    if (!this.#isListed || isOccupied === this.#isOccupied) return
    this.#isOccupied = isOccupied
    // The time, so that a channel that has forgotten everything goes on where it was.
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

  /** When the directory has to be told again. */
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
      return false
    }
  }
}
