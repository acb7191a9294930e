/**
 * A cache for the queries of a tRPC router.
 *
 * Exported as `'nearcache/trpc'`. It does not import tRPC: its middlewares are structural types.
 *
 * @module
 */

export type { ProcedureCall } from './call.ts'
export type { InvalidatedTags, InvalidatesOptions } from './invalidate.ts'
export {
  type CacheMiddleware,
  createCacheMiddleware,
  type EntryOf,
  type Middleware,
  type MiddlewareStats,
} from './middleware.ts'
export type {
  AnswerInfo,
  AnswerTransformer,
  BypassReason,
  CacheMeta,
  CacheMiddlewareOptions,
  CallInfo,
  HttpLifetimes,
  ProcedureCacheOptions,
} from './options.ts'
export type { ResponseMetaInput, ResponseMetaOutput } from './response-meta.ts'
export { type UserId, userOf } from './user.ts'
