/**
 * The real host, watched: what still waits, and a clock that can be put forward.
 *
 * @module
 */

import type { Platform } from '../../src/platform/platform.ts'
import { webPlatform } from '../../src/platform/web.ts'

/** Real timers and dice; time passes by itself, and faster where the test says so. */
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

  /** Delays that are neither over nor aborted. */
  get timers(): number {
    return this.#timers
  }

  /** What waits to be done behind a pause. */
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

  /** A pause that lasts until {@link wake}: what comes behind it is done when the fault is over. */
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

  /** Puts the clock forward; timers do not notice. */
  skip(ms: number): void {
    this.#aheadMs += ms
  }

  /** Resolves when all deferred work has settled, but for what pauses. */
  async settle(): Promise<void> {
    while (this.#deferred.size > this.#pauses.size) await this.#changed.promise
  }

  #tellOfChange(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
