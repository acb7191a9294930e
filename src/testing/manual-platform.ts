/**
 * A host whose time, dice and deferred work belong to the test.
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
  /** The first instant, in epoch milliseconds. @default 1_767_225_600_000 (2026-01-01) */
  readonly startAt?: number
  /** What `random` returns: a constant of [0, 1), or a function. @default 0.5 */
  readonly random?: number | (() => number)
}

/**
 * A {@link Platform} on which nothing happens by itself: time passes by {@link advance}, chance is a
 * function the test gives, and deferred work is awaited by {@link settle}.
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
   * Moves time forward by `ms` milliseconds, firing the delays that come due in order, each at its
   * own instant, and letting the promises they settle run before the next one.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await flushMicrotasks()
    while (this.#fireNext(until)) await flushMicrotasks()
    this.#now = until
  }

  /**
   * Moves time forward as {@link advance} does, but within the present task: what the delays settle
   * runs when the caller next awaits. For tests that run very many short stories.
   */
  jump(ms: number): void {
    const until = this.#now + ms
    while (this.#fireNext(until));
    this.#now = until
  }

  /**
   * Resolves when all work handed to `defer`, and what that work deferred in turn, has settled: loads are
   * among it. To let them get as far as they can, and no further, `advance(0)`.
   */
  async settle(): Promise<void> {
    while (this.#deferred.size > 0) await Promise.all(this.#deferred)
  }

  /** Fires the earliest delay, if one is due by then. */
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

/** Lets every promise chain that is ready run to its next real wait, WebCrypto's included. */
async function flushMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve))
}
