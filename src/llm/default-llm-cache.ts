/**
 * The cache of answers of this isolate.
 *
 * @module
 */

import { LLMResponseCache } from './llm-cache.ts'

/**
 * A cache of answers on the default cache of this isolate: the one that start-up has made, and before
 * it one on an engine in this process.
 */
export const llmCache: LLMResponseCache = new LLMResponseCache()
