/**
 * A cache of what language models answer: exact, normalised and, with a matcher, by meaning.
 *
 * Exported as `'nearcache/llm'`.
 *
 * @module
 */

export type { Amount, LLMCacheStats, LLMEvent, Price, Tier } from './accounting.ts'
export {
  type AnalysisOrigin,
  type CachedEmailAnalysis,
  type CachedWorkflowAnalysis,
  EMAIL_PHASES,
  type EmailAnalysisOptions,
  type EmailPhase,
} from './analyses.ts'
export type { StoredAnswer, TokenUsage, Unstorable, Verdict } from './answer.ts'
export type { Obtained, Source } from './answers.ts'
export { type ContentClass, isTimeDependent } from './content-class.ts'
export { llmCache } from './default-llm-cache.ts'
export type {
  Embed,
  Embedded,
  EmbeddingInput,
  EmbeddingRequest,
  EmbeddingResult,
} from './embeddings.ts'
export { LLMResponseCache } from './llm-cache.ts'
export type { LLMResponseCacheOptions, LLMTimeouts } from './options.ts'
export type { Opened, Reader } from './recording.ts'
export type { LLMRequest, LLMRequestOptions, Question, Resolved } from './request.ts'
export type {
  CachedLLMResponse,
  CacheResponseOptions,
  Generate,
  GeneratedResponse,
  StoreResult,
} from './responses.ts'
export type { Matcher } from './semantic/matcher.ts'
export type { StreamedAnswer } from './sources.ts'
