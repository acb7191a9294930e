/**
 * What the cache has spared: calls of the model, tokens, money and time.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import type { TokenUsage, Unstorable } from './answer.ts'
import type { Matcher, MatcherStats } from './semantic/matcher.ts'

/** How an answer was found: by the prompt as it was, by the prompt folded, or by its meaning. */
export type Tier = 'exact' | 'normalised' | 'semantic'

/** What a model takes for a million tokens, in a currency of the user's. */
export interface Price {
  readonly prompt: number
  readonly completion: number
}

/** One thing that happened. It names the model, and holds no prompt, answer or tenant. */
export type LLMEvent =
  | {
      readonly kind: 'hit'
      readonly tier: Tier
      readonly model: string
      readonly usage: TokenUsage | undefined
      /** How long the answer took when it was generated, in milliseconds. */
      readonly savedMs: number
      readonly ageMs: number
      readonly similarity: number | undefined
    }
  /** Nothing was found. `joined`: another call was already generating the answer. */
  | { readonly kind: 'miss' | 'joined' | 'bypass' | 'absent'; readonly model: string }
  | {
      readonly kind: 'generated'
      readonly model: string
      readonly usage: TokenUsage | undefined
      readonly tookMs: number
      /** Until the first part, in milliseconds. */
      readonly firstMs: number
      /** Calls that got this answer too. */
      readonly followers: number
      readonly unstored: Unstorable | undefined
    }
  /** The model failed; or all who waited for it have left. */
  | { readonly kind: 'failed' | 'abandoned'; readonly model: string; readonly error?: unknown }

/** Tokens and what they cost, in the currency of the prices; models without a price cost nothing. */
export interface Amount {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly money: number
}

/** Counts since the cache was made, in this isolate. */
export interface LLMCacheStats {
  readonly hits: Readonly<Record<Tier, number>>
  /** Calls that were given an answer which another call was generating. */
  readonly coalesced: number
  readonly misses: number
  /** Calls that asked not to be cached. */
  readonly bypassed: number
  /** Calls that asked for a stored answer alone, when there was none. */
  readonly absent: number
  /** Hits and coalesced calls, of all that were not bypassed; 0 before the first. */
  readonly hitRate: number
  readonly generated: number
  readonly failed: number
  /** Answers that nobody waited for any more. */
  readonly abandoned: number
  readonly unstored: Readonly<Partial<Record<Unstorable, number>>>
  readonly saved: Amount & { readonly timeMs: number }
  readonly spent: Amount & { readonly timeMs: number }
  /** Of semantic matching, where there is a matcher: vetoes, explored, judged, wrong, error bounds. */
  readonly matching: MatcherStats | undefined
}

const MILLION = 1_000_000

/** A sum that grows. */
class Ledger {
  #promptTokens = 0
  #completionTokens = 0
  #money = 0
  #timeMs = 0

  add(
    usage: TokenUsage | undefined,
    price: Price | undefined,
    timeMs: number,
    times: number,
  ): void {
    this.#timeMs += timeMs * times
    if (!usage) return
    const { promptTokens, completionTokens } = usage
    this.#promptTokens += promptTokens * times
    this.#completionTokens += completionTokens * times
    if (!price) return
    const cost = promptTokens * price.prompt + completionTokens * price.completion
    this.#money += (cost / MILLION) * times
  }

  get total(): LLMCacheStats['saved'] {
    return {
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
      money: this.#money,
      timeMs: this.#timeMs,
    }
  }
}

/** Tells what happens to whoever listens, and keeps the counts. */
export class Accounts {
  readonly #prices: ReadonlyMap<string, Price>
  readonly #matcher: Matcher | undefined
  readonly #listeners = new Set<(event: LLMEvent) => void>()
  readonly #hits: Record<Tier, number> = { exact: 0, normalised: 0, semantic: 0 }
  readonly #counts: Record<Exclude<LLMEvent['kind'], 'hit'>, number> = {
    miss: 0,
    joined: 0,
    bypass: 0,
    absent: 0,
    generated: 0,
    failed: 0,
    abandoned: 0,
  }
  readonly #unstored: Partial<Record<Unstorable, number>> = {}
  readonly #saved = new Ledger()
  readonly #spent = new Ledger()

  constructor(prices: Readonly<Record<string, Price>>, matcher: Matcher | undefined) {
    for (const [model, { prompt, completion }] of Object.entries(prices)) {
      if (!(prompt >= 0 && completion >= 0)) {
        throw new InvalidOptionError(`prices.${model}`, '{ prompt, completion } of 0 or more')
      }
    }
    this.#prices = new Map(Object.entries(prices))
    this.#matcher = matcher
  }

  subscribe(listener: (event: LLMEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(event: LLMEvent): void {
    const { model } = event
    const price = this.#prices.get(model) ?? this.#prices.get(model.split(':', 1)[0] ?? '')
    if (event.kind === 'hit') {
      this.#hits[event.tier]++
      this.#saved.add(event.usage, price, event.savedMs, 1)
    } else {
      this.#counts[event.kind]++
    }
    if (event.kind === 'generated') this.#countGenerated(event, price)
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch {
        // Whatever a listener throws must not cost a caller its answer.
      }
    }
  }

  #countGenerated(event: LLMEvent & { kind: 'generated' }, price: Price | undefined): void {
    const { usage, tookMs, followers, unstored } = event
    this.#spent.add(usage, price, tookMs, 1)
    // Who joined waited nearly as long: tokens are saved, time is not.
    this.#saved.add(usage, price, 0, followers)
    if (unstored) this.#unstored[unstored] = (this.#unstored[unstored] ?? 0) + 1
  }

  stats(): LLMCacheStats {
    const { joined, miss, bypass, absent, generated, failed, abandoned } = this.#counts
    const { exact, normalised, semantic } = this.#hits
    const hits = exact + normalised + semantic + joined
    return {
      hits: { ...this.#hits },
      coalesced: joined,
      misses: miss,
      bypassed: bypass,
      absent,
      hitRate: hits === 0 ? 0 : hits / (hits + miss + absent),
      generated,
      failed,
      abandoned,
      unstored: { ...this.#unstored },
      saved: this.#saved.total,
      spent: this.#spent.total,
      matching: this.#matcher?.stats(),
    }
  }
}
