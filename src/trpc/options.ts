/**
 * The options of caching: for a middleware, and for each procedure in its `.meta()`.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import type { EntryOptions } from '../cache/options.ts'
import type { Duration } from '../entry/duration.ts'
import type { UserId } from './user.ts'

// biome-ignore lint/suspicious/noExplicitAny: inputs and contexts are typed by the caller's router
export type Any = any

/** The call that tags may depend on. */
export interface CallInfo {
  /** As validated before the middleware, or as the client sent it if there was no validator. */
  readonly input: Any
  readonly ctx: Any
  readonly path: string
}

/** The same with the resolver's answer; undefined if it failed. */
export interface AnswerInfo extends CallInfo {
  readonly data: Any
}

/** How long caches between the server and its users may store an answer. Invalidations do not reach them. */
export interface HttpLifetimes {
  /** In the client. @default 0 */
  readonly maxAge?: Duration
  /** In shared caches, such as a CDN. @default 0 */
  readonly sharedMaxAge?: Duration
  /** How long after that they may serve it while they revalidate (RFC 5861). @default 0 */
  readonly staleWhileRevalidate?: Duration
}

/** How the answers of a procedure are cached. */
export interface ProcedureCacheOptions
  extends Pick<
    EntryOptions,
    | 'ttl'
    | 'jitter'
    | 'staleWhileRevalidate'
    | 'staleIfError'
    | 'earlyRefresh'
    | 'negativeTtl'
    | 'near'
    | 'loaderTimeout'
  > {
  /**
   * `user`: each user has separate entries; a call without a known user is not cached. `public`: all
   * callers share entries, so the answer must not depend on the caller. @default 'user'
   */
  readonly scope?: 'user' | 'public'
  /** Tags for `invalidates`: at most 62, as a list or a function of the call. @default none */
  readonly tags?: readonly string[] | ((call: CallInfo) => readonly string[])
  /**
   * More tags, from the answer. Such an answer is not stored if anything in the namespace was
   * invalidated while the resolver ran. @default none
   */
  readonly dataTags?: (answer: AnswerInfo) => readonly string[]
  /**
   * The lifetimes that {@link CacheMiddleware.responseMeta} sends to HTTP caches. Needs `scope: 'public'`.
   * @default nothing
   */
  readonly http?: HttpLifetimes
  /** For a mutation: the tags to invalidate after success. @default nothing */
  readonly invalidates?: readonly string[] | ((answer: AnswerInfo) => readonly string[])
}

/**
 * The type of `.meta()`, for `initTRPC.meta<CacheMeta>()`. `cache: false` excludes a procedure from the
 * cache.
 */
export interface CacheMeta {
  readonly cache?: false | ProcedureCacheOptions
}

/** Why a query was not cached. */
export type BypassReason =
  /** Its `.meta()` has `cache: false`. */
  | 'disabled'
  /** `shouldCache` returned a falsy value. */
  | 'declined'
  /** Its user is not known, and it is not public. */
  | 'no-user'
  /** Its input, or the result of a function in the options, cannot be part of a key or a tag. */
  | 'no-key'
  /** The answer cannot be stored: a stream, an async iterable, a promise or a class instance in it. */
  | 'unstorable'
  /** A function in the options threw. */
  | 'failed-option'

/** Options for {@link createCacheMiddleware}. Those of procedures are defaults for all procedures. */
export interface CacheMiddlewareOptions extends ProcedureCacheOptions {
  /**
   * Where the entries are stored. @default the default cache at each call: that of `startupCacheSystem()`, or
   * one in memory
   */
  readonly cache?: CacheNamespace
  /** The namespace of `cache` that holds the entries; 1 to 64 bytes. @default 'trpc' */
  readonly namespace?: string
  /** How long an answer is fresh, in seconds; above 0. `ttl` replaces it. @default 900 */
  readonly defaultTTL?: number
  /** Whether answers of more than 1,024 bytes are compressed. @default as `cache` does */
  readonly enableCompression?: boolean
  /** Returns the user of a call. @default userOf: the first id at the usual places of a context */
  readonly user?: (ctx: Any) => UserId
  /**
   * What else the answers depend on, such as a language or a tenant: any value that can be part of a key.
   * @default nothing else
   */
  readonly varyBy?: (ctx: Any) => unknown
  /** Whether to cache a call; `input` is what the client sent, not validated. @default always */
  readonly shouldCache?: (input: Any, ctx: Any) => unknown
  /**
   * Returns the part of the key that comes from the input; `input` is what the client sent, not validated.
   * Path, user, `varyBy` and `version` are always added. @default the canonical text of the input
   */
  readonly keyGenerator?: (input: Any, ctx: Any) => string
  /** Part of every key: change it when the shape of stored answers changes. @default none */
  readonly version?: string
  /**
   * Your transformer, such as superjson, for values that only it can serialise, such as class instances.
   * @default none
   */
  readonly transformer?: AnswerTransformer
  /** Called for each call that was answered from the cache. @default none */
  readonly onCacheHit?: (key: string, data: Any) => void
  /** Called for each call whose resolver ran after the cache was asked. @default none */
  readonly onCacheMiss?: (key: string) => void
  /**
   * Called for each query that bypassed the cache, with the reason; `error` is what a function in the options
   * threw. @default none
   */
  readonly onCacheBypass?: (reason: BypassReason, path: string, error?: unknown) => void
  /**
   * Called when an invalidation failed after its mutation had succeeded. If it throws, the call fails with
   * that error; if it returns, the call succeeds. @default the call fails with the cache's error
   */
  readonly onInvalidationError?: (error: unknown, tags: readonly string[]) => void | Promise<void>
}

/** Turns answers into values that can be stored, and back. The transformers of tRPC have this shape. */
export interface AnswerTransformer {
  serialize(data: Any): Any
  deserialize(stored: Any): Any
}
