/**
 * The cache of answers of this isolate.
 *
 * @module
 */

import { LLMResponseCache } from './llm-cache.ts'

/**
 * A cache of answers on the default cache of this isolate: the one that start-up has made, and before
 * it one on an engine in this process. A live binding: start-up may put one with options in its place.
 */
export let llmCache: LLMResponseCache = new LLMResponseCache()

/** Puts another one in its place. */
export function setDefaultLLMCache(cache: LLMResponseCache): void {
  llmCache = cache
}
