/**
 * What can be said of caching: once for a middleware, and by each procedure in its `.meta()`.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import type { EntryOptions } from '../cache/options.ts'
import type { Duration } from '../entry/duration.ts'
import type { UserId } from './user.ts'

// biome-ignore lint/suspicious/noExplicitAny: inputs and contexts are typed by the caller's router
export type Any = any

/** What tags may depend on. */
export interface CallInfo {
  /** As the validators before the middleware left it; as the client sent it where there are none. */
  readonly input: Any
  readonly ctx: Any
  readonly path: string
}

/** The same with what the resolver returned; undefined if it failed. */
export interface AnswerInfo extends CallInfo {
  readonly data: Any
}

/** How long caches between the server and its users may hold an answer. No invalidation reaches them. */
export interface HttpLifetimes {
  /** In the client. @default 0 */
  readonly maxAge?: Duration
  /** In shared caches, such as a CDN. @default 0 */
  readonly sharedMaxAge?: Duration
  /** How long after that they may serve it while they ask anew (RFC 5861). @default 0 */
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
   * What {@link CacheMiddleware.responseMeta} tells caches on the way. Needs `scope: 'public'`.
   * @default nothing
   */
  readonly http?: HttpLifetimes
  /** For a mutation: the tags to invalidate after success. @default nothing */
  readonly invalidates?: readonly string[] | ((answer: AnswerInfo) => readonly string[])
}

/** What `initTRPC.meta<CacheMeta>()` lets procedures say. `cache: false` keeps one out of the cache. */
export interface CacheMeta {
  readonly cache?: false | ProcedureCacheOptions
}

/** Why a query was not cached. */
export type BypassReason =
  /** Its `.meta()` says so. */
  | 'disabled'
  /** `shouldCache` said so. */
  | 'declined'
  /** Its user is not known, and it is not public. */
  | 'no-user'
  /** Its input, or what a function of the options made of it, cannot be part of a key or a tag. */
  | 'no-key'
  /** The answer cannot be stored: a stream, an async iterable, a promise or a class instance in it. */
  | 'unstorable'
  /** A function of the options threw. */
  | 'failed-option'

/** Options for {@link createCacheMiddleware}; those of procedures are the defaults of all. */
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
  /** Told of each call that was answered from the cache. @default none */
  readonly onCacheHit?: (key: string, data: Any) => void
  /** The resolver of the call is run, or was. @default none */
  readonly onCacheMiss?: (key: string) => void
  /**
   * Told of each call that went past the cache, and why; `error` is what a function of the options threw.
   * @default none
   */
  readonly onCacheBypass?: (reason: BypassReason, path: string, error?: unknown) => void
  /**
   * Told of an invalidation that failed after its mutation had succeeded. What this throws fails the
   * call; if it returns, the call succeeds. @default the call fails with the cache's error
   */
  readonly onInvalidationError?: (error: unknown, tags: readonly string[]) => void | Promise<void>
}

/** Turns answers into values that can be stored, and back. The transformers of tRPC have this shape. */
export interface AnswerTransformer {
  serialize(data: Any): Any
  deserialize(stored: Any): Any
}
