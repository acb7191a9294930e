/**
 * What a caller may choose, and the one resolved shape that everything below this folder sees.
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
  /** After this long a stale entry, if there is one, is served while the load goes on. @default none */
  readonly soft?: Duration
  /** After this long the load has failed; from 1 ms to 1 hour. @default '10s' */
  readonly hard?: Duration
}

/** When a copy inside this isolate may be served. One of the two must be given. */
export interface NearOptions {
  /**
   * A copy is served unseen for this long, so it lags calls of other isolates by as much; from 1 ms.
   * @default none
   */
  readonly ttl?: Duration
  /** Checks header and markers remotely before each use (two commands, no payload): no lag. @default false */
  readonly verify?: boolean
  /**
   * `shared`: all callers get the same object, frozen outside production. `copy`: each gets its
   * own, by `structuredClone`; what it refuses, such as a `URL`, is not kept. @default 'shared'
   */
  readonly values?: 'shared' | 'copy'
}

/** Bounds of the near tier of a cache, for all its namespaces together. */
export interface NearTierOptions extends NearOptions {
  /** Copies held at most; a whole number of at least 1. @default 10_000 */
  readonly maxEntries?: number
  /**
   * Sum of the stored sizes, in bytes; a whole number of at least 1. A compressed one counts four times. In the
   * heap, lists of mail that compress well took three times what they count for: on Workers, with 128 MB in
   * all, choose less than the default. @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number
}

/** How fresh a value is. A method's type: options for values of any kind have to fit a call's own. */
type FreshnessOf<Value> = { of(value: Value): 'fresh' | 'stale' | 'stale-if-error' }['of']

/** Options of a single call, and defaults of a namespace or a whole cache. */
export interface EntryOptions<Value = unknown> {
  /** How long an entry is fresh: milliseconds, `'15m'`, or a class; from 1 ms. @default 'medium' (1 hour) */
  readonly ttl?: Duration
  /** Spreads ttl by up to this ratio either way, from [0, 0.5]. @default 0.1 */
  readonly jitter?: number
  /** How long after `ttl` an entry may be served while it is refreshed (RFC 5861). @default 0 */
  readonly staleWhileRevalidate?: Duration
  /** How long after `ttl` an entry may be served when the loader fails (RFC 5861). @default 0 */
  readonly staleIfError?: Duration
  /** XFetch's beta, from 0 to 100: 1 refreshes a little before expiry, more is earlier, 0 never. @default 0 */
  readonly earlyRefresh?: number
  /** How long the loader may take. @default `{ hard: '10s' }` */
  readonly loaderTimeout?: LoaderTimeouts
  /**
   * Labels for joint invalidation. All callers of a key must name the same ones. A function
   * derives them from the loaded value; it needs `lateTags`. An entry has at most 64, late ones
   * included. @default none
   */
  readonly tags?: readonly string[] | ((value: Value) => readonly string[])
  /**
   * Allows tags that only the loader knows (`setTags`, or `tags` as a function). Such a load is not
   * stored if anything in the namespace was invalidated while it ran. @default false
   */
  readonly lateTags?: boolean
  /**
   * How long `null` and `undefined` are fresh, at most `ttl`; 0 does not store loaded ones, and leaves
   * `set` its ttl. @default '1m'
   */
  readonly negativeTtl?: Duration
  /** `false` keeps this call out of the near tier. @default off, unless the cache has one */
  readonly near?: NearOptions | false
  /** Values of more bytes than this are compressed; `false` for none. @default 1_024 */
  readonly compression?: false | { readonly thresholdBytes?: number }
  /**
   * Lowers what an entry's age says of it, for values that know better: asked of each value that may
   * be served, near copies included, and heeded if it answers less than age and tags allow. Values
   * that were loaded for this call are not asked. It must not throw. @default none
   */
  readonly freshness?: FreshnessOf<Value>
  /**
   * Checks what is read from Redis; a value that fails is a miss. Loaded values are not checked.
   * @default none
   */
  readonly schema?: StandardSchema<Value>
  /**
   * The last word on a stored value that is valid by its tags and its age: returns what is served in
   * its place, or `undefined` if it must not be served and has to be loaded anew. What it throws
   * reaches the caller. Near copies are served without asking. @default none
   */
  readonly reconcile?: (value: Value) => Value | undefined | Promise<Value | undefined>
  /**
   * `relaxed`: `set` is one request in place of two, and sound only while no request is applied
   * twice or late. With encryption it is as `strict`. @default 'strict'
   */
  readonly consistency?: 'strict' | 'relaxed'
  /**
   * A `consistencyToken` of another client: this read honours the calls that
   * client had made, though a replica that lags answers it. No near copy is used; with a token of its
   * own to honour as well, the read is two commands. Without effect where Redis has no tokens. `''` is
   * none. @default none
   */
  readonly after?: string
  /**
   * Ends the waiting of this call with the signal's reason; a load or a write that was begun goes on.
   * @default none
   */
  readonly signal?: AbortSignal
}

/** Defaults of a namespace, and what only a namespace can have. */
export interface NamespaceOptions<Value = unknown>
  extends Omit<EntryOptions<Value>, 'signal' | 'after' | 'reconcile'> {
  /**
   * Beginnings of keys that can be invalidated by `prefix*` at once, in one command. Each entry
   * whose key begins with one carries its marker. At most 8. @default none
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
  /** The way to Redis: a transport, or any `Requester` of `@upstash/redis`. */
  readonly redis: Requester | Transport
  /** @default webPlatform() */
  readonly platform?: Platform
  /** First part of every name in Redis: 1 to 64 bytes, none of a control character. @default 'nc' */
  readonly prefix?: string
  /** The outermost namespace; likewise. @default 'default' */
  readonly namespace?: string
  /** Keeps copies inside this isolate. @default false */
  readonly near?: NearTierOptions | false
  /** Deadline of each operation on Redis, retries included; from 1 ms. @default '500ms' */
  readonly deadline?: Duration
  /** How often a request that is safe to repeat is sent again, from 0 to 10. @default 2 */
  readonly retries?: number
  /** When Redis is not asked for a while. @default 5 failures in a row, and 1 s */
  readonly breaker?: Pick<BreakerOptions, 'threshold' | 'cooldownMs'>
  /** Bound on a value's text before compression, in bytes, from 1 to 512 MiB. @default 4_194_304 (4 MiB) */
  readonly maxValueBytes?: number
  /**
   * Replaces keys and tags by HMAC-SHA-256 with this secret: 32 random bytes as hex, base64 or base64url.
   * @default off: names are readable
   */
  readonly hashKeys?: { readonly secret: string }
  /** @default off: values are readable */
  readonly encryption?: EncryptionOptions
}

/** Near tier settings of a call, resolved. */
export interface NearPolicy {
  /** How long a copy is served unseen; 0 with `verify`. */
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

/** What a cache does unless told otherwise. */
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
