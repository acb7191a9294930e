/**
 * Types of the arguments and results of the answer cache.
 *
 * @module
 */

import type { Tier } from './accounting.ts'
import type { TokenUsage, Unstorable } from './answer.ts'
import type { LLMRequestOptions } from './request.ts'

/** An answer from the cache. */
export interface CachedLLMResponse<T = unknown> {
  /** The prompt of this call, which may differ from the prompt that was stored. */
  readonly prompt: string
  readonly response: T
  readonly model: string
  /** When the answer was complete, in epoch milliseconds. */
  readonly timestamp: number
  /** How long it took to generate, in milliseconds. */
  readonly processingTime: number
  readonly usage: TokenUsage | undefined
  readonly tier: Tier
  /** Similarity of the two prompts, for the tier `semantic`. */
  readonly similarity: number | undefined
}

/** Options for {@link LLMResponseCache.cacheLLMResponse}. */
export interface CacheResponseOptions extends LLMRequestOptions {
  /** How long the answer took to generate, in milliseconds. @default 0 */
  readonly processingTime?: number
  /** Tokens that the answer used, for the count of saved tokens. @default unknown */
  readonly usage?: TokenUsage
}

/** Whether an answer was stored, and if not, why. */
export type StoreResult =
  | { readonly stored: true }
  /** `superseded`: a later call for the same question was stored first. */
  | { readonly stored: false; readonly reason: Unstorable | 'superseded' }

/** An answer, and how it was obtained. */
export interface GeneratedResponse<T> {
  readonly response: T
  readonly via: Tier | 'miss' | 'joined' | 'bypass'
  readonly usage: TokenUsage | undefined
}

/** Produces an answer. The signal aborts when no caller waits for it any more, or it takes too long. */
export type Generate<T> = (context: { readonly signal: AbortSignal }) => Promise<T> | T
