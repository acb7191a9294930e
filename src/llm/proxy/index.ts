/**
 * A caching proxy in front of language models, as a Hono app: `nearcache/llm/proxy`.
 *
 * @module
 */

export { llmProxy } from './app.ts'
export type { LimitDecision, LLMProxyOptions, UpstreamOptions } from './options.ts'
