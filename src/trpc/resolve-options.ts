/**
 * Checks the options of a middleware and of each procedure, once.
 *
 * @module
 */

import { DEFAULTS, type EntryOptions } from '../cache/options.ts'
import { checkTagList, lateTagsOf, resolvePolicy } from '../cache/policy.ts'
import { toMilliseconds } from '../entry/duration.ts'
import { Keyspace } from '../entry/key.ts'
import { checkFields, oneOf } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { CacheMiddlewareOptions, HttpLifetimes, ProcedureCacheOptions } from './options.ts'

/** Lifetimes for Cache-Control, in whole seconds. */
export interface HttpSeconds {
  readonly maxAge: number
  readonly sharedMaxAge: number
  readonly staleWhileRevalidate: number
}

/** The checked options of one procedure. */
export interface Plan {
  readonly entry: EntryOptions
  readonly isPublic: boolean
  readonly tags: NonNullable<ProcedureCacheOptions['tags']>
  readonly dataTags: ProcedureCacheOptions['dataTags']
  readonly http: HttpSeconds | undefined
  readonly invalidates: ProcedureCacheOptions['invalidates']
}

const PROCEDURE_OPTIONS: Readonly<Record<keyof ProcedureCacheOptions, true>> = {
  ttl: true,
  jitter: true,
  staleWhileRevalidate: true,
  staleIfError: true,
  earlyRefresh: true,
  negativeTtl: true,
  near: true,
  loaderTimeout: true,
  scope: true,
  tags: true,
  dataTags: true,
  http: true,
  invalidates: true,
}
const MIDDLEWARE_OPTIONS: Readonly<
  Record<Exclude<keyof CacheMiddlewareOptions, keyof ProcedureCacheOptions>, true>
> = {
  cache: true,
  namespace: true,
  defaultTTL: true,
  enableCompression: true,
  user: true,
  varyBy: true,
  shouldCache: true,
  keyGenerator: true,
  version: true,
  transformer: true,
  onCacheHit: true,
  onCacheMiss: true,
  onCacheBypass: true,
  onInvalidationError: true,
}
const FUNCTIONS = [
  ...(['user', 'varyBy', 'shouldCache', 'keyGenerator'] as const),
  ...(['onCacheHit', 'onCacheMiss', 'onCacheBypass', 'onInvalidationError'] as const),
]
const A_FUNCTION: Check = [(value: unknown) => typeof value === 'function', 'a function']
const TEN_YEARS_S = 315_360_000

type Check = readonly [holds: (value: never) => boolean, requirement: string]

/** Checks of the options that only a middleware has, if they are given. */
const CHECKS: Readonly<Record<string, Check>> = {
  cache: [
    (value: { namespace?: unknown } | null) => typeof value?.namespace === 'function',
    'a RedisCacheManager or a namespace of one',
  ],
  defaultTTL: [
    (value: unknown) => typeof value === 'number' && value > 0 && value <= TEN_YEARS_S,
    'a number of seconds above 0, at most ten years',
  ],
  enableCompression: [(value: unknown) => typeof value === 'boolean', 'true or false'],
  version: [(value: unknown) => typeof value === 'string', 'a text'],
  transformer: [isTransformer, 'an object with serialize and deserialize'],
  ...Object.fromEntries(FUNCTIONS.map((name): [string, Check] => [name, A_FUNCTION])),
}

/** @throws {InvalidOptionError | InvalidKeyError} When an option is unknown or out of its range. */
export function checkMiddlewareOptions(options: CacheMiddlewareOptions): void {
  checkFields(options, 'options', Object.keys({ ...PROCEDURE_OPTIONS, ...MIDDLEWARE_OPTIONS }))
  // Checks the names here, because the cache may not exist yet.
  new Keyspace({ prefix: 'nc', namespace: [options.namespace ?? 'trpc'] })
  for (const [name, [holds, requirement]] of Object.entries(CHECKS)) {
    const value = options[name as keyof CacheMiddlewareOptions]
    if (value !== undefined && !holds(value as never)) {
      throw new InvalidOptionError(name, requirement)
    }
  }
}

function isTransformer(value: { serialize?: unknown; deserialize?: unknown } | null): boolean {
  return typeof value?.serialize === 'function' && typeof value.deserialize === 'function'
}

/** Stand for the two tags that every entry has: of its procedure and of its user. */
const OWN_TAGS = ['procedure', 'user']

/**
 * The plan of a procedure: the middleware's options, overridden by its `.meta()`.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function planOf(options: CacheMiddlewareOptions, meta: ProcedureCacheOptions = {}): Plan {
  checkFields(meta, 'meta.cache', Object.keys(PROCEDURE_OPTIONS))
  const all = { ...options, ...defined(meta) }
  const { scope = 'user', tags = [], dataTags, http, invalidates } = all
  oneOf(scope, 'scope', ['user', 'public'])
  if (typeof tags !== 'function') lateTagsOf(OWN_TAGS, checkTagList(tags, 'tags'), 'tags')
  if (invalidates !== undefined && typeof invalidates !== 'function') {
    checkTagList(invalidates, 'invalidates')
  }
  if (dataTags !== undefined && typeof dataTags !== 'function') {
    throw new InvalidOptionError('dataTags', A_FUNCTION[1])
  }
  return {
    entry: entryOf(all),
    isPublic: scope === 'public',
    tags,
    dataTags,
    http: http && httpOf(http, all, scope),
    invalidates,
  }
}

function entryOf(all: CacheMiddlewareOptions): EntryOptions {
  const { defaultTTL = 900, enableCompression, dataTags } = all
  const { ttl = Math.max(1, defaultTTL * 1_000), jitter, staleWhileRevalidate, staleIfError } = all
  const { earlyRefresh, negativeTtl, near, loaderTimeout } = all
  const entry = defined({
    ...{ ttl, jitter, staleWhileRevalidate, staleIfError, earlyRefresh, negativeTtl, near },
    loaderTimeout,
    compression: enableCompression === undefined ? undefined : enableCompression && {},
    lateTags: dataTags !== undefined || undefined,
  }) as EntryOptions
  resolvePolicy(DEFAULTS, entry)
  return entry
}

/** HTTP caches serve an answer to all callers, so nothing but the input may affect it. */
function httpOf(
  http: HttpLifetimes,
  { varyBy, keyGenerator }: CacheMiddlewareOptions,
  scope: string,
): HttpSeconds {
  checkFields(http, 'http', ['maxAge', 'sharedMaxAge', 'staleWhileRevalidate'])
  if (scope !== 'public' || varyBy || keyGenerator) {
    throw new InvalidOptionError(
      'http',
      "given with scope: 'public', and without varyBy and keyGenerator",
    )
  }
  const seconds = (name: keyof HttpLifetimes): number =>
    Math.floor(toMilliseconds(http[name] ?? 0, `http.${name}`) / 1_000)
  return {
    maxAge: seconds('maxAge'),
    sharedMaxAge: seconds('sharedMaxAge'),
    staleWhileRevalidate: seconds('staleWhileRevalidate'),
  }
}

/** Removes properties that are undefined, so that they do not override others. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}
