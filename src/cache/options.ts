/**
 * The options of a cache and its calls, and the checked form in which the operations use them.
 *
 * @module
 */

import type { EncryptionKey } from '../entry/cipher.ts'
import type { Duration } from '../entry/duration.ts'
import type { BreakerOptions } from '../flight/breaker.ts'
import type { Platform } from '../platform/platform.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import type { StandardSchema } from './standard-schema.ts'

/** Time limits for a loader. */
export interface LoaderTimeouts {
  /** After this time a stale entry, if there is one, is served while the load continues. @default none */
  readonly soft?: Duration
  /** After this time the load fails with `LoaderTimeoutError`; from 1 ms to 1 hour. @default '10s' */
  readonly hard?: Duration
}

/** When a copy inside this isolate may be served. Set `ttl` or `verify`. */
export interface NearOptions {
  /** How long a copy is served without a check, and so how far it may lag; from 1 ms. @default none */
  readonly ttl?: Duration
  /** Checks each copy in Redis before it is served: two commands, no value sent, no lag. @default false */
  readonly verify?: boolean
  /**
   * `shared`: all callers get the same object, frozen outside production. `copy`: each gets a
   * `structuredClone`; values that cannot be cloned, such as a `URL`, are not kept. @default 'shared'
   */
  readonly values?: 'shared' | 'copy'
}

/** Limits of the near tier, for all namespaces of a cache together. */
export interface NearTierOptions extends NearOptions {
  /** Copies held at most; a whole number of at least 1. @default 10_000 */
  readonly maxEntries?: number
  /**
   * Sum of the stored sizes, in bytes; a whole number of at least 1. A compressed value counts four times.
   * Well compressed lists of mail took three times their count in the heap, so choose less than the default
   * on Workers, which have 128 MB in all. @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number
}

/** Typed as a method, because parameters of methods are bivariant: options for any type of value fit a call's. */
type FreshnessOf<Value> = { of(value: Value): 'fresh' | 'stale' | 'stale-if-error' }['of']

/** Options of a single call, and defaults of a namespace or a whole cache. */
export interface EntryOptions<Value = unknown> {
  /** How long an entry is fresh: milliseconds (from 1), `'15m'`, or a class. @default 'medium' (1 hour) */
  readonly ttl?: Duration
  /** Varies `ttl` at random by up to this ratio either way, from [0, 0.5]. @default 0.1 */
  readonly jitter?: number
  /** How long after `ttl` an entry may be served while it is refreshed (RFC 5861). @default 0 */
  readonly staleWhileRevalidate?: Duration
  /** How long after `ttl` an entry may be served when the loader fails (RFC 5861). @default 0 */
  readonly staleIfError?: Duration
  /**
   * Refreshes an often-read entry before it expires, at random. From 0 to 100 (the beta of XFetch): 1 is usual,
   * more is earlier, 0 is off. @default 0
   */
  readonly earlyRefresh?: number
  /** How long the loader may take. @default `{ hard: '10s' }` */
  readonly loaderTimeout?: LoaderTimeouts
  /**
   * Tags for `invalidateTags`. All callers of a key must name the same ones. A function gets the loaded
   * value and returns its tags; this needs `lateTags`. An entry has at most 64, late ones included.
   * @default none
   */
  readonly tags?: readonly string[] | ((value: Value) => readonly string[])
  /**
   * Allows tags that are known only after loading (`setTags`, or `tags` as a function). Such a load is
   * not stored if anything in the namespace was invalidated while it ran. @default false
   */
  readonly lateTags?: boolean
  /**
   * How long `null` and `undefined` are fresh, at most `ttl`. With 0, loaded ones are not stored, and
   * `set` uses its `ttl`. @default '1m'
   */
  readonly negativeTtl?: Duration
  /** Settings of the near tier for this call; `false` bypasses it. @default off, unless the cache has one */
  readonly near?: NearOptions | false
  /** Values of more bytes than this are compressed; `false` for never. @default 1_024 */
  readonly compression?: false | { readonly thresholdBytes?: number }
  /**
   * Can declare a stored value less fresh than its age and tags say. It is called with each value that
   * may be served, near copies included, but not with values loaded for this call; an answer that is
   * fresher has no effect. It must not throw. @default none
   */
  readonly freshness?: FreshnessOf<Value>
  /**
   * Checks what is read from Redis; a value that fails is a miss. Loaded values are not checked.
   * @default none
   */
  readonly schema?: StandardSchema<Value>
  /**
   * Called with a stored value that is valid by its tags and age: returns the value to serve instead, or
   * `undefined` to load it again. What it throws reaches the caller. It is not called for near copies.
   * @default none
   */
  readonly reconcile?: (value: Value) => Value | undefined | Promise<Value | undefined>
  /**
   * `relaxed`: `set` takes one request instead of two, but is only safe if no request is applied twice
   * or late. With encryption it is the same as `strict`. @default 'strict'
   */
  readonly consistency?: 'strict' | 'relaxed'
  /**
   * A `consistencyToken` of another client: this read sees the calls of that client, even if a lagging
   * replica answers. No near copy is used. If this client has a token of its own, the read takes two
   * commands. Without effect if Redis has no tokens; `''` is none. @default none
   */
  readonly after?: string
  /**
   * Makes this call reject with the signal's reason; a load or write that has begun continues.
   * @default none
   */
  readonly signal?: AbortSignal
}

/** Defaults for the calls of a namespace, and `prefixes`. */
export interface NamespaceOptions<Value = unknown>
  extends Omit<EntryOptions<Value>, 'signal' | 'after' | 'reconcile'> {
  /**
   * Key prefixes that `invalidatePattern('prefix*')` can invalidate with one command. At most 8. An entry carries
   * the marker of each prefix that its key begins with. @default none
   */
  readonly prefixes?: readonly string[]
}

/** Encryption of what is stored. Keys and tags must then be hashed. */
export interface EncryptionOptions {
  /** One is `primary` and encrypts; all of them decrypt. */
  readonly keys: readonly EncryptionKey[]
}

/** Options of a cache. */
export interface CacheOptions<Value = unknown> extends Omit<NamespaceOptions<Value>, 'near'> {
  /**
   * The connection to Redis: `restTransport(…)`, `tcpTransport(…)`, `embeddedTransport()`, or any `Requester` of
   * `@upstash/redis`.
   */
  readonly redis: Requester | Transport
  /** @default webPlatform() */
  readonly platform?: Platform
  /** First part of every name in Redis: 1 to 64 bytes, no control characters. @default 'nc' */
  readonly prefix?: string
  /** Name of the outermost namespace: 1 to 64 bytes, no control characters. @default 'default' */
  readonly namespace?: string
  /** Keeps copies inside this isolate. @default false */
  readonly near?: NearTierOptions | false
  /** Deadline of each operation on Redis, retries included; from 1 ms. @default '500ms' */
  readonly deadline?: Duration
  /** How often a request that is safe to repeat is sent again, from 0 to 10. @default 2 */
  readonly retries?: number
  /** Circuit breaker: after how many failures in a row Redis is not asked, and how long. @default 5, 1 s */
  readonly breaker?: Pick<BreakerOptions, 'threshold' | 'cooldownMs'>
  /** The largest value as text before compression, in bytes, from 1 to 512 MiB. @default 4_194_304 (4 MiB) */
  readonly maxValueBytes?: number
  /**
   * Replaces keys and tags by HMAC-SHA-256 with this secret: 32 random bytes as hex, base64 or base64url.
   * @default off: names are readable
   */
  readonly hashKeys?: { readonly secret: string }
  /** @default off: values are readable */
  readonly encryption?: EncryptionOptions
}

/** Checked near tier settings of a call. */
export interface NearPolicy {
  /** How long a copy is served without a check; 0 if only `verify` is set. */
  readonly ttlMs: number
  readonly verify: boolean
  readonly values: 'shared' | 'copy'
}

/** Every setting of an operation, checked, in milliseconds. */
export interface Policy {
  readonly ttlMs: number
  readonly jitter: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly earlyRefresh: number
  readonly softTimeoutMs: number
  readonly hardTimeoutMs: number
  readonly tags: readonly string[]
  readonly tagsOf: ((value: unknown) => readonly string[]) | undefined
  readonly lateTags: boolean
  readonly negativeTtlMs: number
  readonly near: NearPolicy | undefined
  readonly compression: false | { readonly thresholdBytes: number }
  readonly freshness: ((value: unknown) => 'fresh' | 'stale' | 'stale-if-error') | undefined
  readonly schema: StandardSchema | undefined
  readonly reconcile: ((value: unknown) => unknown) | undefined
  readonly consistency: 'strict' | 'relaxed'
  readonly after: string | undefined
  readonly signal: AbortSignal | undefined
}

/** The defaults of a cache. */
export const DEFAULTS: Policy = Object.freeze({
  ttlMs: 3_600_000,
  jitter: 0.1,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  earlyRefresh: 0,
  softTimeoutMs: Infinity,
  hardTimeoutMs: 10_000,
  tags: Object.freeze([]),
  tagsOf: undefined,
  lateTags: false,
  negativeTtlMs: 60_000,
  near: undefined,
  compression: Object.freeze({ thresholdBytes: 1_024 }),
  freshness: undefined,
  schema: undefined,
  reconcile: undefined,
  consistency: 'strict',
  after: undefined,
  signal: undefined,
}) satisfies Policy
