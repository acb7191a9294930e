/**
 * Stops calling a failing remote tier for a while, then lets one probe through.
 *
 * @module
 */

import { positiveMs, wholeNumber } from '../entry/option-checks.ts'
import { CircuitOpenError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'

/** Options for {@link CircuitBreaker}. */
export interface BreakerOptions {
  /** Consecutive failures that open the circuit. A whole number of at least 1. @default 5 */
  readonly threshold?: number
  /** How long the circuit stays open, in milliseconds; above 0, and finite. @default 1_000 */
  readonly cooldownMs?: number
  /**
   * How long a probe may take, in milliseconds. After that the probe counts as lost, as when the Worker's request
   * that sent it was cancelled, and another probe may be sent. @default `cooldownMs`
   */
  readonly probeMs?: number
  /**
   * The pause that a failure demands, in milliseconds, such as that of `Retry-After`. Such a failure opens the
   * circuit at once, for the longer of the pause and the cooldown. `undefined` for a failure that is only
   * counted; `null` for one that says nothing about the remote tier and changes nothing. @default all are counted
   */
  readonly pauseMs?: (error: unknown) => number | null | undefined
  /** Called with the new state after each change; must not throw. @default none */
  readonly onChange?: (state: CircuitState) => void
}

/** `closed`: calls pass. `open`: calls are refused. `half-open`: a probe is under way. */
export type CircuitState = 'closed' | 'open' | 'half-open'

type State =
  | { readonly kind: 'closed'; readonly failures: number }
  | {
      readonly kind: 'open' | 'half-open'
      /** When a probe may be sent, in epoch milliseconds. */
      readonly until: number
      readonly openMs: number
      readonly cause: unknown
    }

const CLOSED: State = { kind: 'closed', failures: 0 }

/**
 * A consecutive-failure circuit breaker (Nygard, "Release It!", 2nd ed., ch. 5).
 *
 * Counts only rejections. Give each task a deadline: a task that never settles is not counted. State is per
 * instance, hence per isolate; it is not shared.
 *
 * @example
 * ```ts
 * const breaker = new CircuitBreaker(platform, { threshold: 3 })
 * const raw = await breaker.run(() => redis.get(key))
 * ```
 */
export class CircuitBreaker {
  readonly #platform: Platform
  readonly #threshold: number
  readonly #cooldownMs: number
  readonly #probeMs: number
  readonly #pauseMs: BreakerOptions['pauseMs']
  readonly #onChange: ((state: CircuitState) => void) | undefined
  #state: State = CLOSED

  /** @throws {InvalidOptionError} When an option is out of its documented range. */
  constructor(platform: Platform, options: BreakerOptions = {}) {
    const { threshold = 5, cooldownMs = 1_000, probeMs = cooldownMs, pauseMs, onChange } = options
    this.#platform = platform
    this.#threshold = wholeNumber(threshold, 'breaker.threshold', 1)
    this.#cooldownMs = positiveMs(cooldownMs, 'breaker.cooldownMs')
    this.#probeMs = probeMs
    this.#pauseMs = pauseMs
    this.#onChange = onChange
  }

  /** The state as of the last call; an open circuit whose cooldown is over still reads `open`. */
  get state(): CircuitState {
    return this.#state.kind
  }

  /**
   * Runs `task` unless the circuit is open.
   *
   * @returns What `task` resolved to.
   * @throws {CircuitOpenError} When the circuit is open, or a probe is already under way.
   * @throws Whatever `task` rejected with, unchanged.
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const probing = this.#admit()
    try {
      const result = await task()
      // A call admitted before the circuit opened must not close it; only the probe may.
      if (probing || this.#state.kind === 'closed') this.#move(CLOSED)
      return result
    } catch (error) {
      this.#recordFailure(probing, error)
      throw error
    }
  }

  /** Returns whether the admitted call is the probe. */
  #admit(): boolean {
    const state = this.#state
    if (state.kind === 'closed') return false
    const now = this.#platform.now()
    const leftMs = state.until - now
    // If more time is left than the whole wait, the clock was set back: then the next call is a probe.
    if (leftMs > 0 && leftMs <= state.openMs) {
      throw new CircuitOpenError(state.kind === 'open' ? leftMs : 0, state.cause)
    }
    const openMs = this.#probeMs
    this.#move({ kind: 'half-open', until: now + openMs, openMs, cause: state.cause })
    return true
  }

  #recordFailure(probing: boolean, error: unknown): void {
    const pauseMs = this.#pauseMs?.(error)
    if (pauseMs === null) return
    const failures = this.#state.kind === 'closed' ? this.#state.failures + 1 : 0
    const atOnce = failures > 0 && pauseMs !== undefined
    if (probing || atOnce || failures >= this.#threshold) {
      const openMs = Math.max(this.#cooldownMs, pauseMs ?? 0)
      this.#move({ kind: 'open', until: this.#platform.now() + openMs, openMs, cause: error })
    } else if (this.#state.kind === 'closed') {
      this.#move({ kind: 'closed', failures })
    }
  }

  #move(next: State): void {
    const changed = next.kind !== this.#state.kind
    this.#state = next
    if (changed) this.#onChange?.(next.kind)
  }
}
