/**
 * Caching middleware for the AI SDK: `nearcache/llm/ai`.
 *
 * @module
 */

export {
  type AiSpecification,
  type CacheMiddleware,
  type CacheMiddlewareOptions,
  cacheMiddleware,
} from './middleware.ts'
