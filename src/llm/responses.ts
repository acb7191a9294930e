/**
 * What the cache of answers takes and gives.
 *
 * @module
 */

import type { Tier } from './accounting.ts'
import type { TokenUsage, Unstorable } from './answer.ts'
import type { LLMRequestOptions } from './request.ts'

/** An answer from the cache. */
export interface CachedLLMResponse<T = unknown> {
  /** The prompt that was asked now. */
  readonly prompt: string
  readonly response: T
  readonly model: string
  /** When the answer was complete, in epoch milliseconds. */
  readonly timestamp: number
  /** How long it took to generate, in milliseconds. */
  readonly processingTime: number
  readonly usage: TokenUsage | undefined
  readonly tier: Tier
  /** Of the two prompts, for the tier `semantic`. */
  readonly similarity: number | undefined
}

/** What {@link LLMResponseCache.cacheLLMResponse} may be told of an answer. */
export interface CacheResponseOptions extends LLMRequestOptions {
  /** How long the answer took to generate, in milliseconds. @default 0 */
  readonly processingTime?: number
  /** Tokens that it took, for the figures of what was saved. @default not known */
  readonly usage?: TokenUsage
}

/** What became of an answer that was to be stored. */
export type StoreResult =
  | { readonly stored: true }
  /** `superseded`: a later call for the same question came first. */
  | { readonly stored: false; readonly reason: Unstorable | 'superseded' }

/** An answer, with how it was come by. */
export interface GeneratedResponse<T> {
  readonly response: T
  readonly via: Tier | 'miss' | 'joined' | 'bypass'
  readonly usage: TokenUsage | undefined
}

/** Produces an answer. The signal tells that nobody waits for it any more. */
export type Generate<T> = (context: { readonly signal: AbortSignal }) => Promise<T> | T
