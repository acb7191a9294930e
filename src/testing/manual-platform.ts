/**
 * A platform whose time, random numbers and deferred work are controlled by the test.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

/** Options for {@link ManualPlatform}. */
export interface ManualPlatformOptions {
  /** The initial time, in epoch milliseconds. @default 1_767_225_600_000 (2026-01-01) */
  readonly startAt?: number
  /** What `random` returns: a constant of [0, 1), or a function. @default 0.5 */
  readonly random?: number | (() => number)
}

/**
 * A {@link Platform} on which nothing happens by itself: {@link advance} moves time, the test provides the
 * random numbers, and {@link settle} waits for deferred work.
 */
export class ManualPlatform implements Platform {
  #now: number
  #order = 0
  #timers: Timer[] = []
  readonly #random: () => number
  readonly #deferred = new Set<Promise<unknown>>()

  constructor({ startAt = 1_767_225_600_000, random = 0.5 }: ManualPlatformOptions = {}) {
    this.#now = startAt
    this.#random = typeof random === 'function' ? random : () => random
  }

  now(): number {
    return this.#now
  }

  random(): number {
    return this.#random()
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = this.alarm(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  alarm(ms: number, ring: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, order: this.#order++, fire: ring }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  defer(work: Promise<unknown>): void {
    const forget = (): void => {
      this.#deferred.delete(kept)
    }
    const kept: Promise<void> = work.then(forget, forget)
    this.#deferred.add(kept)
  }

  /** How many delays are pending. */
  get pendingTimers(): number {
    return this.#timers.length
  }

  /**
   * Moves time forward by `ms` milliseconds. Delays that become due fire in order, each at its own time; the
   * promises that a delay settles run before the next delay fires. They may advance time themselves, such as a
   * loader that is to be slow.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#leave(ms)
    await flushMicrotasks()
    while (this.#fireNext(until)) await flushMicrotasks()
    this.#now = Math.max(this.#now, until)
  }

  /**
   * Like {@link advance}, but within the current task: promises that the delays settle run when the caller
   * next awaits. For tests that run very many short schedules.
   */
  jump(ms: number): void {
    const until = this.#leave(ms)
    while (this.#fireNext(until));
    this.#now = Math.max(this.#now, until)
  }

  /**
   * Resolves when all work passed to `defer`, and work that it defers in turn, has settled. This includes
   * loads. To let work go only as far as it can without time passing, use `advance(0)`.
   */
  async settle(): Promise<void> {
    while (this.#deferred.size > 0) await Promise.all(this.#deferred)
  }

  /** The time in `ms` milliseconds. Sets the clock back at once if `ms` is negative. */
  #leave(ms: number): number {
    const until = this.#now + ms
    this.#now = Math.min(this.#now, until)
    return until
  }

  /** Fires the earliest delay that is due by then, if any. */
  #fireNext(until: number): boolean {
    const [next] = this.#timers
      .filter((timer) => timer.at <= until)
      .sort((a, b) => a.at - b.at || a.order - b.order)
    if (next === undefined) return false
    this.#now = Math.max(this.#now, next.at)
    this.#timers = this.#timers.filter((other) => other !== next)
    next.fire()
    return true
  }
}

/** Runs every promise chain up to its next real wait, including those of WebCrypto. */
async function flushMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve))
}
