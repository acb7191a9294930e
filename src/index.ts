/**
 * A cache on Redis that is never stale after an invalidation.
 *
 * @module
 */

export { type CachedFunction, type CachedOptions, cached } from './cache/cached.ts'
export {
  type Appended,
  type AppendOptions,
  type ChangeLog,
  type ChangeLogOptions,
  changeLog,
  type LogMark,
  type LogView,
  type TagChanges,
} from './cache/change-log.ts'
export type { Listener, Totals } from './cache/events.ts'
export type { InvalidateOptions, InvalidationMode } from './cache/invalidate.ts'
export type { LoadContext, Loader } from './cache/loader.ts'
export type { LogEntry } from './cache/log-mirror.ts'
export { RedisCacheManager } from './cache/manager.ts'
export type { ManyLoadContext, ManyLoader } from './cache/many.ts'
export { CacheNamespace } from './cache/namespace.ts'
export type {
  CacheOptions,
  EncryptionOptions,
  EntryOptions,
  LoaderTimeouts,
  NamespaceOptions,
  NearOptions,
  NearTierOptions,
} from './cache/options.ts'
export type { CacheEvent, MissReason, Operation, Outcome } from './cache/outcome.ts'
export type { SchemaResult, StandardSchema } from './cache/standard-schema.ts'
export type { CacheStats } from './cache/stats.ts'
export type { SetResult, Ticket } from './cache/write.ts'
export type { EncryptionKey } from './entry/cipher.ts'
export type { Duration, TtlClass } from './entry/duration.ts'
export * from './errors.ts'
export type { BreakerOptions, CircuitState } from './flight/breaker.ts'
export type { Platform } from './platform/platform.ts'
export { webPlatform } from './platform/web.ts'
export type { RequestCounts } from './redis/guard.ts'
export type {
  Command,
  RedisRequest,
  RedisResponse,
  Reply,
  Requester,
  Transport,
} from './redis/requester.ts'
export {
  type RestFetch,
  type RestOptions,
  type RestRequestInit,
  type RestResponse,
  restTransport,
} from './redis/rest.ts'
