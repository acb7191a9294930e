/**
 * Options of the HTTP cache, and the validated settings that the rest of this folder uses.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import {
  checkFields,
  checkFunction,
  numberWithin,
  oneOf,
  wholeNumber,
} from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { type ColoOptions, ColoTier } from './colo.ts'
import { KEYED_HEADERS, type QueryRule } from './key.ts'
import type { Rules } from './rules.ts'

/** Options that every form of the HTTP cache has. */
export interface HttpCacheOptions {
  /**
   * Where responses are stored: a separate namespace, such as `cache.namespace('http')`. Its near tier and
   * encryption apply to responses too. Its `loaderTimeout.hard` limits how long other requests wait for a
   * response.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a namespace for any values can hold responses
  readonly cache: CacheNamespace<any>
  /** Its `defer` keeps the host alive while a response is stored after it was sent. @default the cache's */
  readonly platform?: Platform
  /**
   * How long a response is fresh that has no `Cache-Control` of any kind, no `Expires` and no `Pragma`.
   * @default none: the rules of RFC 9111
   */
  readonly ttl?: Duration
  /**
   * A response without a stated lifetime is fresh for this fraction of the time since `Last-Modified`, at
   * most a day (RFC 9111, section 4.2.2). From [0, 1]; 0 is off. @default 0.1
   */
  readonly heuristic?: number
  /** For responses without a `stale-while-revalidate` of their own. @default 0 */
  readonly staleWhileRevalidate?: Duration
  /** For responses without a `stale-if-error` of their own. @default 0 */
  readonly staleIfError?: Duration
  /** How long a stale response with a validator is kept for revalidation. @default '1d' */
  readonly keepStale?: Duration
  /** A longer body is passed on but not stored. From 1 byte. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number
  /**
   * Responses of more bytes than this are compressed in Redis; `false` for never. For small responses,
   * decompression would make a hit slower. @default 16_384
   */
  readonly compression?: false | { readonly thresholdBytes: number }
  /** How the query is part of the key. @default 'exact' */
  readonly query?: QueryRule
  /**
   * Request fields that every response is assumed to vary by. A private cache without `user` always adds
   * `authorization` and `cookie`, and a `host` that is not that of the URI is always added.
   * @default KEYED_HEADERS
   */
  readonly keyedHeaders?: readonly string[]
  /**
   * Returns the user of a request. Each user has a private cache, which also stores `private` responses
   * and those to requests with credentials. Use an id that cannot be forged, such as that of a verified
   * session; an empty one means no user. @default no user: the cache is shared
   */
  readonly user?: (request: Request) => string | undefined
  /** Tags by which a response can be invalidated: at most 64 with those of `tagHeader`. @default none */
  readonly tags?: (request: Request, response: Response) => readonly string[]
  /** A response field that lists tags, with commas; `false` for none. @default 'cache-tag' */
  readonly tagHeader?: string | false
  /**
   * Response fields that replace `Cache-Control` in this cache (RFC 9213). The first valid one counts.
   * @default ['nearcache-cache-control', 'cdn-cache-control'], or none for a private cache
   */
  readonly targets?: readonly string[]
  /** `generate` adds an `ETag` to stored responses without one. @default 'generate' */
  readonly etag?: 'generate' | 'keep'
  /** Whether a client's `Cache-Control`, such as `no-cache`, has effect. @default 'honour' */
  readonly requestDirectives?: 'honour' | 'ignore'
  /** Copies of shared responses in the data centre, on the Cache API of Workers. @default none */
  readonly colo?: ColoOptions
  /** The response field `Cache-Status`: `debug` adds the key, `off` omits the field. @default 'on' */
  readonly cacheStatus?: 'on' | 'debug' | 'off'
}

/** The validated options. */
export interface Settings {
  // biome-ignore lint/suspicious/noExplicitAny: see HttpCacheOptions.cache
  readonly cache: CacheNamespace<any>
  readonly platform: Platform
  readonly rules: Rules
  readonly maxBodyBytes: number
  readonly compression: false | { readonly thresholdBytes: number }
  readonly query: QueryRule
  readonly keyedHeaders: readonly string[]
  readonly user: ((request: Request) => string | undefined) | undefined
  readonly tags: ((request: Request, response: Response) => readonly string[]) | undefined
  readonly tagHeader: string | undefined
  readonly etag: 'generate' | 'keep'
  readonly requestDirectives: 'honour' | 'ignore'
  readonly colo: ColoTier | undefined
  readonly cacheStatus: 'on' | 'debug' | 'off'
}

const NAMES = [
  'cache',
  'platform',
  'ttl',
  'heuristic',
  'staleWhileRevalidate',
  'staleIfError',
  'keepStale',
  'maxBodyBytes',
  'compression',
  'query',
  'keyedHeaders',
  'user',
  'tags',
  'tagHeader',
  'targets',
  'etag',
  'requestDirectives',
  'colo',
  'cacheStatus',
]

const TARGETS = ['nearcache-cache-control', 'cdn-cache-control']
const FIELD_NAME = /^[!#$%&'*+.^_`|~\w-]{1,100}$/

/**
 * Validates the options.
 *
 * @param own Names of the options that this form of the cache has besides the common ones.
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function resolveSettings(
  options: HttpCacheOptions,
  own: readonly string[] = [],
  audience: Rules['audience'] = 'shared',
): Settings {
  checkFields(options, 'options', [...NAMES, ...own])
  const { cache, maxBodyBytes = 1_048_576, user, tags } = options
  if (typeof cache?.getOrSet !== 'function') {
    throw new InvalidOptionError('cache', 'a RedisCacheManager or a namespace of one')
  }
  const { platform = cache.platform } = options
  return {
    cache,
    platform,
    rules: resolveRules(options, audience),
    maxBodyBytes: wholeNumber(maxBodyBytes, 'maxBodyBytes', 1),
    compression: checkCompression(options.compression ?? { thresholdBytes: 16_384 }),
    query: checkQuery(options.query ?? 'exact'),
    keyedHeaders: fieldNames(options.keyedHeaders ?? KEYED_HEADERS, 'keyedHeaders'),
    user: optionalFunction(user, 'user') && ((request) => user?.(request) || undefined),
    tags: optionalFunction(tags, 'tags'),
    tagHeader: resolveTagHeader(options.tagHeader),
    etag: oneOf(options.etag ?? 'generate', 'etag', ['generate', 'keep']),
    requestDirectives: oneOf(options.requestDirectives ?? 'honour', 'requestDirectives', [
      'honour',
      'ignore',
    ]),
    colo: options.colo && new ColoTier(platform, cache.path, options.colo),
    cacheStatus: oneOf(options.cacheStatus ?? 'on', 'cacheStatus', ['on', 'debug', 'off']),
  }
}

function resolveRules(options: HttpCacheOptions, audience: Rules['audience']): Rules {
  const { ttl, heuristic = 0.1, keepStale = '1d', targets } = options
  const { staleWhileRevalidate = 0, staleIfError = 0 } = options
  return {
    audience,
    targets: fieldNames(targets ?? (audience === 'shared' ? TARGETS : []), 'targets'),
    ttlMs: ttl === undefined ? undefined : toMilliseconds(ttl, 'ttl', { min: 1 }),
    heuristic: numberWithin(heuristic, 'heuristic', 0, 1),
    staleWhileRevalidateMs: toMilliseconds(staleWhileRevalidate, 'staleWhileRevalidate'),
    staleIfErrorMs: toMilliseconds(staleIfError, 'staleIfError'),
    keepStaleMs: toMilliseconds(keepStale, 'keepStale'),
  }
}

function resolveTagHeader(name: string | false = 'cache-tag'): string | undefined {
  return name === false ? undefined : fieldNames([name], 'tagHeader')[0]
}

/** @throws {InvalidOptionError} When the value is not a list of field names. */
export function fieldNames(value: readonly string[], option: string): readonly string[] {
  const isList = Array.isArray(value) && value.every((name) => FIELD_NAME.test(name))
  if (!isList) throw new InvalidOptionError(option, 'names of header fields')
  return value.map((name) => name.toLowerCase()).sort((a, b) => orderOf(option, a, b))
}

/** The order of targets matters and is kept; other lists are sorted. */
function orderOf(option: string, a: string, b: string): number {
  return option === 'targets' ? 0 : a < b ? -1 : 1
}

function checkCompression(value: Settings['compression']): Settings['compression'] {
  if (value === false) return false
  checkFields(value, 'compression', ['thresholdBytes'])
  wholeNumber(value.thresholdBytes, 'compression.thresholdBytes', 0)
  return value
}

function checkQuery(rule: QueryRule): QueryRule {
  if (rule === 'exact' || rule === 'sorted') return rule
  const names = typeof rule === 'object' && rule !== null ? Object.values(rule) : []
  const isKnown = names.length === 1 && ('include' in rule || 'exclude' in rule)
  const isList = Array.isArray(names[0]) && names[0].every((name) => typeof name === 'string')
  if (isKnown && isList) return rule
  throw new InvalidOptionError(
    'query',
    "'exact', 'sorted', { include: names } or { exclude: names }",
  )
}

function optionalFunction<T>(value: T | undefined, option: string): T | undefined {
  return value === undefined ? value : checkFunction(value, option)
}
