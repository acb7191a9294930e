/**
 * Gives a function a cache: calls with the same arguments share one entry.
 *
 * @module
 */

import { canonicalText } from '../entry/canonical.ts'
import { checkFunction } from '../entry/option-checks.ts'
import { InvalidKeyError, InvalidOptionError } from '../errors.ts'
import type { CacheNamespace } from './namespace.ts'
import { DEFAULTS, type EntryOptions } from './options.ts'
import { checkTagList, lateTagsOf, resolvePolicy } from './policy.ts'

/** Options for {@link cached}. */
export interface CachedOptions<Args extends readonly unknown[], Value>
  extends Omit<EntryOptions<Value>, 'tags' | 'signal' | 'after'> {
  /** Where the entries are stored: a cache or a namespace, with its defaults and tags. */
  readonly cache: CacheNamespace
  /**
   * Distinguishes the entries of this function from others in `cache`: 1 to 200 letters, digits and `._:/-`.
   * Two functions with the same name share their entries. The name is not taken from the function, because
   * bundlers may rename functions.
   */
  readonly name: string
  /**
   * Returns the part of the key that depends on the arguments. @default their canonical text: the order of
   * properties does not matter, and undefined properties and trailing arguments count as absent.
   */
  readonly key?: (...args: Args) => string
  /**
   * Tags for `cache.invalidateTags`: at most 63, as a list or a function of the arguments.
   * @default none
   */
  readonly tags?: readonly string[] | ((...args: Args) => readonly string[])
}

/** A cached function. */
export interface CachedFunction<Args extends readonly unknown[], Value> {
  /**
   * The value for these arguments, from the cache or from the function.
   *
   * @throws The function's own error, unchanged, if no stale entry may be served instead.
   * @throws {LoaderTimeoutError} When the function took longer than `loaderTimeout.hard`.
   * @throws {InvalidKeyError} When the arguments cannot be a key; the function is not called.
   */
  (...args: Args): Promise<Value>
  /**
   * Drops the entry of these arguments. A call that starts after this has returned calls the function.
   *
   * @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When Redis has not confirmed it.
   */
  invalidate(...args: Args): Promise<void>
  /** Drops every entry of this function: one command. Rejects as {@link invalidate} does. */
  invalidateAll(): Promise<void>
  /**
   * Drops the entry, calls the function again, or shares a call of it that began after the drop, and stores the
   * result. Rejects as {@link invalidate} and the call itself do.
   */
  refresh(...args: Args): Promise<Value>
  /** The key in `cache` of the value for these arguments. */
  keyOf(...args: Args): string
}

/** No brackets, so that keys of two functions are never equal. */
const NAME = /^[\w.:/-]{1,200}$/

/**
 * Wraps a function with a cache. Concurrent calls with equal arguments share one call of the function,
 * across processes. A result that cannot be stored is returned, but not cached.
 *
 * @throws {InvalidOptionError} When an option is missing, unknown or out of its range.
 *
 * @example
 * ```ts
 * const userById = cached((id: number) => db.user(id), {
 *   cache,
 *   name: 'userById',
 *   ttl: '15m',
 *   tags: (id) => [`user:${id}`],
 * })
 * const user = await userById(7)
 * await userById.invalidate(7)
 * ```
 */
export function cached<Fn extends (...args: never[]) => unknown>(
  fn: Fn,
  options: CachedOptions<Parameters<Fn>, Awaited<ReturnType<Fn>>>,
): CachedFunction<Parameters<Fn>, Awaited<ReturnType<Fn>>> {
  checkFunction(fn, 'fn')
  // The types are inferred from the function alone: options that take fewer parameters do not narrow them.
  return wrap(fn as (...args: Parameters<Fn>) => Awaited<ReturnType<Fn>>, options)
}

function wrap<Args extends readonly unknown[], Value>(
  fn: (...args: Args) => Value,
  options: CachedOptions<Args, Value>,
): CachedFunction<Args, Value> {
  const { cache, name, key, tags = [], ...rest } = options
  checkOptions({ cache, name, key, tags }, rest)
  const own = `function:${name}`
  const withTags = (given: readonly string[]): EntryOptions<Value> => {
    return { ...rest, tags: [own, ...lateTagsOf([own], checkTagList(given, 'tags'), 'tags')] }
  }
  // Built once, unless the tags depend on the arguments.
  const fixed = typeof tags === 'function' ? undefined : withTags(tags)
  const entryOptions = (args: Args): EntryOptions<Value> =>
    typeof tags === 'function' ? withTags(tags(...args)) : (fixed as EntryOptions<Value>)
  const keyOf = (...args: Args): string => `${name}(${key ? textOf(key(...args)) : listOf(args)})`
  const call = async (...args: Args): Promise<Value> =>
    cache.getOrSet<Value>(keyOf(...args), () => fn(...args), entryOptions(args))

  return Object.assign(call, {
    keyOf,
    invalidate: async (...args: Args) => cache.delete(keyOf(...args)),
    invalidateAll: () => cache.invalidateTags([own]),
    refresh: async (...args: Args) => {
      await cache.delete(keyOf(...args))
      return call(...args)
    },
  })
}

function checkOptions(
  {
    cache,
    name,
    key,
    tags,
  }: Pick<CachedOptions<never, never>, 'cache' | 'name'> & {
    readonly key: unknown
    readonly tags: unknown
  },
  rest: object,
): void {
  if (typeof cache?.getOrSet !== 'function') {
    throw new InvalidOptionError('cache', 'a RedisCacheManager or a namespace of one')
  }
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidOptionError('name', 'a text of 1 to 200 letters, digits and ._:/-')
  }
  if (key !== undefined && typeof key !== 'function') {
    throw new InvalidOptionError('key', 'a function of the arguments')
  }
  // These options are for a single call, and would apply to all calls.
  for (const option of ['signal', 'after'] as const) {
    if (option in rest) throw new InvalidOptionError(option, 'left out: it is of single calls')
  }
  resolvePolicy(DEFAULTS, typeof tags === 'function' ? rest : { ...rest, tags })
}

/** The text of the arguments, without undefined ones at the end: `f(1)` and `f(1, undefined)` share a key. */
function listOf(args: readonly unknown[]): string {
  const given = args.findLastIndex((arg) => arg !== undefined) + 1
  return canonicalText(args.slice(0, given)).slice(1, -1)
}

/** Refuses other types: a promise, for example, would become `[object Promise]` for all arguments. */
function textOf(key: unknown): string {
  if (typeof key !== 'string') throw new InvalidKeyError('key is not a string')
  return key
}
