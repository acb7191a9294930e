/**
 * The real platform, with a count of pending work and a clock that can be advanced.
 *
 * @module
 */

import type { Platform } from '../../src/platform/platform.ts'
import { webPlatform } from '../../src/platform/web.ts'

/** Real timers and random numbers; time passes by itself, and a test can advance the clock. */
export class WatchedPlatform implements Platform {
  readonly #web: Platform = webPlatform()
  readonly #deferred = new Set<Promise<unknown>>()
  readonly #pauses = new Set<() => void>()
  #changed = Promise.withResolvers<void>()
  #aheadMs: number
  #timers = 0

  /** @param aheadMs How far this clock is ahead of the host's; negative for behind. */
  constructor(aheadMs = 0) {
    this.#aheadMs = aheadMs
  }

  /** Delays that have neither ended nor been aborted. */
  get timers(): number {
    return this.#timers
  }

  /** How many tasks wait in a pause. */
  get pauses(): number {
    return this.#pauses.size
  }

  now(): number {
    return this.#web.now() + this.#aheadMs
  }

  random(): number {
    return this.#web.random()
  }

  async delay(ms: number, signal?: AbortSignal): Promise<void> {
    this.#timers++
    try {
      await this.#web.delay(ms, signal)
    } finally {
      this.#timers--
    }
  }

  /** A pause that lasts until {@link wake}, so that the work after it runs when the fault is over. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#pauses.add(resolve)
      this.#tellOfChange()
    })
  }

  /** Ends all pauses. */
  wake(): void {
    for (const end of this.#pauses) end()
    this.#pauses.clear()
  }

  defer(work: Promise<unknown>): void {
    const forget = (): void => {
      this.#deferred.delete(kept)
      this.#tellOfChange()
    }
    const kept: Promise<unknown> = work.then(forget, forget)
    this.#deferred.add(kept)
  }

  /** Advances the clock; timers are not affected. */
  skip(ms: number): void {
    this.#aheadMs += ms
  }

  /** Resolves when all deferred work has settled, except for work that is in a pause. */
  async settle(): Promise<void> {
    while (this.#deferred.size > this.#pauses.size) await this.#changed.promise
  }

  #tellOfChange(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
