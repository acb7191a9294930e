/**
 * Decides for all chaos wrappers which faults are injected into which calls, and records them.
 *
 * The terms are those of Polly's Simmy (rate, enabled, latency, fault) and of FusionCache's chaos package.
 *
 * @module
 */

import { checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { draw } from './draw.ts'

/** How often a fault is injected, and into which calls. */
export interface FaultRule<Call> {
  /** The share of the chosen calls, from [0, 1]. @default 1 */
  readonly rate?: number
  /** Chooses calls. @default all */
  readonly when?: (call: Call) => boolean
}

/** One injected fault. Contains no key and no value. */
export interface Injection<Kind extends string = string> {
  /** Which call of the wrapper, from 1. */
  readonly call: number
  readonly kind: Kind
  /** From [0, 1): determines the details of the fault, such as the length of a delay. */
  readonly draw: number
}

/** Options of every chaos wrapper. */
export interface ChaosOptions<Kind extends string, Call> {
  /**
   * A rate from [0, 1] or a rule for each kind. A call gets at most one fault, in addition to latency and the
   * faults of a clock. If the rates for a call add up to more than 1, the kinds listed last in the wrapper
   * get the remainder. @default none
   */
  readonly faults?: { readonly [Name in Kind]?: number | FaultRule<Call> }
  /** Chooses the calls that faults may be injected into. @default all */
  readonly when?: (call: Call) => boolean
  /** An integer. The same seed injects the same faults into the same calls. @default 1 */
  readonly seed?: number
  /** Whether faults are injected from the start; `chaos.enabled` changes this later. @default true */
  readonly enabled?: boolean
  /** The range of latencies, in milliseconds. @default [10, 100] */
  readonly latencyMs?: readonly [min: number, max: number]
  /** The clock that latency waits on. @default webPlatform() */
  readonly platform?: Platform
  /** Injects exactly these faults: the log of an earlier run. Excludes `faults`. @default none */
  readonly replay?: readonly Injection<Kind>[]
}

/** The state of a chaos wrapper. */
export interface Chaos<Kind extends string = string> {
  /** Can be set at any time. While false, nothing is injected, but calls are counted. */
  enabled: boolean
  /** Calls so far. */
  readonly calls: number
  /** How often each kind was injected. */
  readonly counts: Readonly<Record<Kind, number>>
  /** The injected faults in order, for `replay` in another run. The first 100,000 are kept. */
  readonly injected: readonly Injection<Kind>[]
}

/** What a wrapper adds to the wrapped object. */
export interface Chaotic<Kind extends string> {
  readonly chaos: Chaos<Kind>
}

/** The faults of one call: each kind with the draw for its details. */
export interface Fate<Kind extends string> {
  has(kind: Kind): boolean
  get(kind: Kind): number | undefined
}

/** The kinds of faults of a wrapper, in the order in which they share the chance of a call. */
export interface Kinds<Kind extends string, Call = never> {
  /** A call gets at most one of these. */
  readonly exclusive: readonly Kind[]
  /** A call may get each of these in addition. */
  readonly besides: readonly Kind[]
  /** Whether a kind is possible for a call. @default always */
  scope?(kind: Kind, call: Call): boolean
}

const FIELDS = ['faults', 'when', 'seed', 'enabled', 'latencyMs', 'platform', 'replay']
const UNHARMED: Fate<never> = new Map<never, number>()
const MAX_LOGGED = 100_000

/** The random choices and the log of one wrapper. */
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

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(kinds: Kinds<Kind, Call>, options: ChaosOptions<Kind, Call>) {
    checkFields(options, 'options', FIELDS)
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

  /** Counts a call, and chooses its faults. */
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

  /** Each kind has a part of [0, 1) as long as its rate, so that every rate is exact. */
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

/** @throws {InvalidOptionError} When it is not a pair of numbers in order, or starts below `least`. */
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
    const rule: FaultRule<Call> = typeof given === 'number' ? { rate: given } : given
    checkFields(rule, `faults.${name}`, ['rate', 'when'])
    const { rate = 1, when = () => true } = rule
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
