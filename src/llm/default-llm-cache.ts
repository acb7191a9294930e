/**
 * The default answer cache of this isolate.
 *
 * @module
 */

import { LLMResponseCache } from './llm-cache.ts'

/**
 * The answer cache on the default cache of this isolate: on the cache that start-up has created, or before
 * that on an engine in this process. A live binding: start-up may replace it by one with options.
 */
export let llmCache: LLMResponseCache = new LLMResponseCache()

/** Replaces {@link llmCache}. */
export function setDefaultLLMCache(cache: LLMResponseCache): void {
  llmCache = cache
}
