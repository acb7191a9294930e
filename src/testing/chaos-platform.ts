/**
 * A platform whose clock is wrong, jumps back or is frozen, and whose timers are late.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import { type ChaosOptions, ChaosPlan, type Chaotic, checkRange, type Kinds } from './chaos-plan.ts'
import { between, draw } from './draw.ts'

/** Faults of a clock reading, or of a delay. */
export type PlatformFault =
  /** The clock is off by an amount drawn once from `offsetMs`. */
  | 'offset'
  /** The clock jumps back by an amount from `stepBackMs`, and stays back. */
  | 'stepBack'
  /** The clock shows the end of the last I/O, as it does on Workers. */
  | 'freeze'
  /** A delay takes longer, by a latency. */
  | 'lateTimer'

/** One call of the platform, by which a rule chooses. */
export type PlatformCall = 'now' | 'delay'

/** Options for {@link chaosPlatform}. Latency waits on the wrapped platform. */
export interface ChaosPlatformOptions
  extends Omit<ChaosOptions<PlatformFault, PlatformCall>, 'platform'> {
  /** In milliseconds; negative for a clock that is behind. @default [-5_000, 5_000] */
  readonly offsetMs?: readonly [min: number, max: number]
  /** In milliseconds. @default [1, 1_000] */
  readonly stepBackMs?: readonly [min: number, max: number]
}

/** A platform with faults. */
export interface ChaosPlatform extends Platform, Chaotic<PlatformFault> {
  /**
   * Notes that I/O has ended, so that a frozen clock advances. The ends of `delay` are noted automatically,
   * and so are replies of chaos wrappers that use this platform.
   */
  ioEnded(): void
}

const KINDS: Kinds<PlatformFault, PlatformCall> = {
  exclusive: [],
  besides: ['offset', 'stepBack', 'freeze', 'lateTimer'],
  scope: (kind, call) => (kind === 'lateTimer') === (call === 'delay'),
}

/**
 * Wraps a platform. While the faults are enabled, `random` draws from the seed.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function chaosPlatform(inner: Platform, options: ChaosPlatformOptions = {}): ChaosPlatform {
  return new FaultyPlatform(inner, options)
}

class FaultyPlatform implements ChaosPlatform {
  readonly chaos: ChaosPlan<PlatformFault, PlatformCall>
  readonly #inner: Platform
  readonly #offsetMs: number
  readonly #stepBackMs: readonly [min: number, max: number]
  #lostMs = 0
  #seenAt: number
  #draws = 0

  constructor(inner: Platform, options: ChaosPlatformOptions) {
    const { offsetMs = [-5_000, 5_000], stepBackMs = [1, 1_000], ...rest } = options
    this.chaos = new ChaosPlan(KINDS, { ...rest, platform: inner })
    this.#inner = inner
    const range = checkRange(offsetMs, 'offsetMs')
    this.#offsetMs = Math.round(between(range, draw(this.chaos.seed, 'the offset', 0)))
    this.#stepBackMs = checkRange(stepBackMs, 'stepBackMs', 0)
    this.#seenAt = inner.now()
  }

  now(): number {
    if (!this.chaos.enabled) return this.#inner.now()
    const fate = this.chaos.next('now')
    const step = fate.get('stepBack')
    if (step !== undefined) this.#lostMs += Math.round(between(this.#stepBackMs, step))
    const time = fate.has('freeze') ? this.#seenAt : this.#inner.now()
    return time - this.#lostMs + (fate.has('offset') ? this.#offsetMs : 0)
  }

  random(): number {
    return this.chaos.enabled
      ? draw(this.chaos.seed, 'random', this.#draws++)
      : this.#inner.random()
  }

  async delay(ms: number, signal?: AbortSignal): Promise<void> {
    const late = this.chaos.next('delay').get('lateTimer')
    const extraMs = late === undefined ? 0 : between(this.chaos.latencyMs, late)
    try {
      await this.#inner.delay(ms + extraMs, signal)
    } finally {
      this.ioEnded()
    }
  }

  defer(work: Promise<unknown>): void {
    this.#inner.defer(work)
  }

  ioEnded(): void {
    this.#seenAt = this.#inner.now()
  }
}
