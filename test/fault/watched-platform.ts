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

  defer(work: Promise<unknown>): void {
    const forget = (): boolean => this.#deferred.delete(kept)
    const kept: Promise<unknown> = work.then(forget, forget)
    this.#deferred.add(kept)
  }

  /** Puts the clock forward; timers do not notice. */
  skip(ms: number): void {
    this.#aheadMs += ms
  }

  /** Resolves when all deferred work has settled. */
  async settle(): Promise<void> {
    while (this.#deferred.size > 0) await Promise.all(this.#deferred)
  }
}
