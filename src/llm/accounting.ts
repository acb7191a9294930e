/**
 * Counts what the cache saves and spends: model calls, tokens, money and time.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import { callListener } from '../platform/listener.ts'
import type { TokenUsage, Unstorable } from './answer.ts'
import type { Matcher, MatcherStats } from './semantic/matcher.ts'

/** How a stored answer was found: by the exact prompt, by the folded prompt, or by similarity. */
export type Tier = 'exact' | 'normalised' | 'semantic'

/** Price of a million tokens, in any one currency. */
export interface Price {
  readonly prompt: number
  readonly completion: number
}

/** An event of the cache. It names the model, but contains no prompt, answer or tenant. */
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
  /** No stored answer was served. `joined`: another call was already generating the answer. */
  | { readonly kind: 'miss' | 'joined' | 'bypass' | 'absent'; readonly model: string }
  | {
      readonly kind: 'generated'
      readonly model: string
      readonly usage: TokenUsage | undefined
      readonly tookMs: number
      /** Time until the first part, in milliseconds. */
      readonly firstMs: number
      /** How many other calls received this answer while it was generated. */
      readonly followers: number
      readonly unstored: Unstorable | undefined
    }
  /** The model failed, or the last reader left before the answer was complete. */
  | { readonly kind: 'failed' | 'abandoned'; readonly model: string; readonly error?: unknown }

/** Tokens and their cost, in the currency of the prices. A model without a price costs nothing. */
export interface Amount {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly money: number
}

/** Counts of this instance since it was created. */
export interface LLMCacheStats {
  readonly hits: Readonly<Record<Tier, number>>
  /** Calls that received an answer which another call was already generating. */
  readonly coalesced: number
  readonly misses: number
  /** Calls that were not cached, because of their `cacheControl` or a lifetime of 0. */
  readonly bypassed: number
  /** Calls that accepted only a stored answer, when there was none. */
  readonly absent: number
  /** Share of hits and coalesced calls in all calls that were not bypassed, from [0, 1]; 0 before the first. */
  readonly hitRate: number
  readonly generated: number
  readonly failed: number
  /** Answers whose generation was stopped because the last reader had left. */
  readonly abandoned: number
  readonly unstored: Readonly<Partial<Record<Unstorable, number>>>
  readonly saved: Amount & { readonly timeMs: number }
  readonly spent: Amount & { readonly timeMs: number }
  /** Counts of semantic matching, if there is a matcher: vetoes, explored, judged, wrong, error bounds. */
  readonly matching: MatcherStats | undefined
}

const MILLION = 1_000_000

/** A running total of tokens, money and time. */
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

/** Sends events to the listeners and keeps the counts. */
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
    for (const listener of this.#listeners) callListener(listener, [event])
  }

  #countGenerated(event: LLMEvent & { kind: 'generated' }, price: Price | undefined): void {
    const { usage, tookMs, followers, unstored } = event
    this.#spent.add(usage, price, tookMs, 1)
    // A call that joined waited nearly as long as the first one: it saved tokens, but no time.
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
