/**
 * Decides which calls are harmed and how, for all the chaos wrappers, and writes down what was done.
 *
 * The words are those of Polly's Simmy (rate, enabled, latency, fault) and of FusionCache's chaos
 * package.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { draw } from './draw.ts'

/** How often a fault is injected into calls that are chosen. */
export interface FaultRule<Call> {
  /** The share of the chosen calls, from [0, 1]. @default 1 */
  readonly rate?: number
  /** Chooses calls. @default all */
  readonly when?: (call: Call) => boolean
}

/** One fault that was injected. Holds no key and no value. */
export interface Injection<Kind extends string = string> {
  /** Which call of the wrapper, from 1. */
  readonly call: number
  readonly kind: Kind
  /** From [0, 1): what the fault's details follow from, such as how long a delay is. */
  readonly draw: number
}

/** What every chaos wrapper is told. */
export interface ChaosOptions<Kind extends string, Call> {
  /**
   * Each kind with its rate from [0, 1], or with a rule. A call suffers one fault at most, apart from
   * latency and the faults of a clock, which come on top. Where the rates of the kinds that may befall
   * a call add up to more than 1, those named last in the wrapper's list get what is left. @default none
   */
  readonly faults?: { readonly [Name in Kind]?: number | FaultRule<Call> }
  /** Chooses the calls that anything may be injected into. @default all */
  readonly when?: (call: Call) => boolean
  /** An integer. The same seed harms the same calls in the same way. @default 1 */
  readonly seed?: number
  /** Whether it begins at once; `chaos.enabled` turns it off and on later. @default true */
  readonly enabled?: boolean
  /** The range of latencies, in milliseconds. @default [10, 100] */
  readonly latencyMs?: readonly [min: number, max: number]
  /** Where latency passes. @default webPlatform() */
  readonly platform?: Platform
  /** Injects exactly this, a log of an earlier run; given in place of `faults`. @default none */
  readonly replay?: readonly Injection<Kind>[]
}

/** What a chaos wrapper does, and has done. */
export interface Chaos<Kind extends string = string> {
  /** May be set at any time; while false nothing is injected, and calls are counted still. */
  enabled: boolean
  /** Calls so far. */
  readonly calls: number
  /** How often each kind was injected. */
  readonly counts: Readonly<Record<Kind, number>>
  /** What was injected, in order: the `replay` of another run. The first 100,000 are kept. */
  readonly injected: readonly Injection<Kind>[]
}

/** What a wrapper adds to the thing it wraps. */
export interface Chaotic<Kind extends string> {
  readonly chaos: Chaos<Kind>
}

/** What befalls one call: each kind with the draw for its details. */
export interface Fate<Kind extends string> {
  has(kind: Kind): boolean
  get(kind: Kind): number | undefined
}

/** The kinds of a wrapper, in the order in which they share a call's chances. */
export interface Kinds<Kind extends string, Call = never> {
  /** At most one of these befalls a call. */
  readonly exclusive: readonly Kind[]
  /** Each of these may come on top. */
  readonly besides: readonly Kind[]
  /** Whether a kind can befall a call at all. @default always */
  scope?(kind: Kind, call: Call): boolean
}

const UNHARMED: Fate<never> = new Map<never, number>()
const MAX_LOGGED = 100_000

/** The dice and the log of one wrapper. */
export class ChaosPlan<Kind extends string, Call> implements Chaos<Kind> {
  enabled: boolean
  readonly platform: Platform
  readonly latencyMs: readonly [min: number, max: number]
  readonly seed: number
  readonly counts: Record<Kind, number>
  readonly injected: Injection<Kind>[] = []
  readonly #kinds: Kinds<Kind, Call>
  readonly #rules: ReadonlyMap<Kind, Required<FaultRule<Call>>>
  readonly #when: (call: Call) => boolean
  readonly #replay: ReadonlyMap<number, readonly Injection<Kind>[]> | undefined
  #calls = 0

  /** @throws {InvalidOptionError} When an option is out of its documented range. */
  constructor(kinds: Kinds<Kind, Call>, options: ChaosOptions<Kind, Call>) {
    const { faults = {}, seed = 1, enabled = true, latencyMs = [10, 100], replay } = options
    const all = [...kinds.exclusive, ...kinds.besides]
    if (!Number.isInteger(seed)) throw new InvalidOptionError('seed', 'an integer')
    if (replay !== undefined && options.faults !== undefined) {
      throw new InvalidOptionError('replay', 'given without faults')
    }
    this.#kinds = kinds
    this.#rules = rulesOf(faults, all)
    this.#when = options.when ?? (() => true)
    this.#replay = replay && byCall(replay, all)
    this.seed = seed
    this.enabled = enabled
    this.latencyMs = checkRange(latencyMs, 'latencyMs', 0)
    this.platform = options.platform ?? webPlatform()
    this.counts = Object.fromEntries(all.map((kind) => [kind, 0])) as Record<Kind, number>
  }

  get calls(): number {
    return this.#calls
  }

  /** Begins a call, and decides what befalls it. */
  next(call: Call): Fate<Kind> {
    const nth = ++this.#calls
    if (!this.enabled) return UNHARMED
    const fate = this.#replay ? (this.#replay.get(nth) ?? []) : this.#decide(call, nth)
    if (fate.length === 0) return UNHARMED
    for (const injection of fate) {
      this.counts[injection.kind]++
      if (this.injected.length < MAX_LOGGED) this.injected.push(injection)
    }
    return new Map(fate.map((injection) => [injection.kind, injection.draw]))
  }

  #decide(call: Call, nth: number): Injection<Kind>[] {
    if (this.#rules.size === 0 || !this.#when(call)) return []
    const kinds = this.#kinds.besides.filter(
      (kind) => draw(this.seed, kind, nth) < this.#rateOf(kind, call),
    )
    const one = this.#pick(call, draw(this.seed, 'fault', nth))
    if (one !== undefined) kinds.push(one)
    return kinds.map((kind) => ({ call: nth, kind, draw: draw(this.seed, `${kind}, how`, nth) }))
  }

  /** Each kind owns a stretch of [0, 1) as long as its rate, so that every rate is kept exactly. */
  #pick(call: Call, drawn: number): Kind | undefined {
    let end = 0
    return this.#kinds.exclusive.find((kind) => {
      end += this.#rateOf(kind, call)
      return drawn < end
    })
  }

  #rateOf(kind: Kind, call: Call): number {
    const rule = this.#rules.get(kind)
    if (rule === undefined || this.#kinds.scope?.(kind, call) === false) return 0
    return rule.when(call) ? rule.rate : 0
  }
}

/** @throws {InvalidOptionError} When it is no pair of numbers in order, or begins below `least`. */
export function checkRange(
  range: readonly [min: number, max: number],
  option: string,
  least: number = Number.NEGATIVE_INFINITY,
): readonly [min: number, max: number] {
  const [min, max] = Array.isArray(range) ? range : [Number.NaN, Number.NaN]
  if (Number.isFinite(min) && Number.isFinite(max) && min >= least && min <= max) return range
  throw new InvalidOptionError(option, 'two numbers of milliseconds, the lower one first')
}

function rulesOf<Kind extends string, Call>(
  faults: { readonly [Name in Kind]?: number | FaultRule<Call> },
  kinds: readonly Kind[],
): ReadonlyMap<Kind, Required<FaultRule<Call>>> {
  const rules = new Map<Kind, Required<FaultRule<Call>>>()
  for (const name of Object.keys(faults) as Kind[]) {
    checkKind(name, kinds, 'faults')
    const given = faults[name]
    if (given === undefined) continue
    const { rate = 1, when = () => true } = typeof given === 'number' ? { rate: given } : given
    if (!(rate >= 0 && rate <= 1)) {
      throw new InvalidOptionError(`faults.${name}`, 'a rate from 0 to 1')
    }
    if (rate > 0) rules.set(name, { rate, when })
  }
  return rules
}

function byCall<Kind extends string>(
  replay: readonly Injection<Kind>[],
  kinds: readonly Kind[],
): ReadonlyMap<number, readonly Injection<Kind>[]> {
  for (const { kind } of replay) checkKind(kind, kinds, 'replay')
  return Map.groupBy(replay, ({ call }) => call)
}

function checkKind(kind: string, kinds: readonly string[], option: string): void {
  if (kinds.includes(kind)) return
  throw new InvalidOptionError(option, `made of the kinds ${kinds.join(', ')}`)
}
