/**
 * A cache of answers of language models, found by exact prompt, folded prompt or, with a matcher, meaning.
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
export type { Obtained } from './answers.ts'
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
export type { StreamedAnswer } from './obtained.ts'
export type { LLMResponseCacheOptions, LLMTimeouts } from './options.ts'
export type { Reader } from './reader.ts'
export type { Opened } from './recording.ts'
export type { LLMRequest, LLMRequestOptions, Question, Resolved } from './request.ts'
export type {
  CachedLLMResponse,
  CacheResponseOptions,
  Generate,
  GeneratedResponse,
  StoreResult,
} from './responses.ts'
export { cachedEmbedder } from './semantic/cached-embedder.ts'
export { createSemanticMatcher, type SemanticMatcherOptions } from './semantic/create-matcher.ts'
export type { Embedder, Vector } from './semantic/embedder.ts'
export { embeddingJudge, type Judge, type Judged, modelJudge, textJudge } from './semantic/judge.ts'
export { lexicalEmbedder } from './semantic/lexical-embedder.ts'
export type * from './semantic/matcher.ts'
export { type OllamaEmbedderOptions, ollamaEmbedder } from './semantic/ollama-embedder.ts'
export { type OpenAIEmbedderOptions, openaiEmbedder } from './semantic/openai-embedder.ts'
export type {
  PolicyOptions,
  StaticPolicyOptions,
  VerifiedPolicyOptions,
} from './semantic/policy.ts'
export type { RemoteEmbedderOptions } from './semantic/remote-embedder.ts'
export {
  type UpstashVectorStoreOptions,
  upstashVectorStore,
} from './semantic/upstash-vector-store.ts'
export type { Neighbour, StoredVector, VectorStore } from './semantic/vector-store.ts'
export {
  type VectorizeIndex,
  type VectorizeStoreOptions,
  vectorizeStore,
} from './semantic/vectorize-store.ts'
export type { VetoReason } from './semantic/veto.ts'
export {
  type WorkersAI,
  type WorkersAIEmbedderOptions,
  workersAIEmbedder,
} from './semantic/workers-ai-embedder.ts'
export type { Source } from './source.ts'
