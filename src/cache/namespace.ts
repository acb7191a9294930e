/**
 * The operations of a cache, for the keys of one namespace.
 *
 * @module
 */

import { checkFunction, oneOf } from '../entry/option-checks.ts'
import { whileWanted } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { type CacheContext, reported, reportedEach } from './context.ts'
import {
  type InvalidateOptions,
  type InvalidationMode,
  invalidateMarkers,
  invalidatePattern,
} from './invalidate.ts'
import type { Loader } from './loader.ts'
import { getMany, getOrSetMany, type ManyLoader } from './many.ts'
import { Names } from './names.ts'
import { glance } from './near-copy.ts'
import type { EntryOptions, NamespaceOptions, Policy } from './options.ts'
import type { Operation, Outcome } from './outcome.ts'
import { checkTagList, resolvePolicy } from './policy.ts'
import { get, getOrSet, type ReadResult, servedNear } from './read.ts'
import { listKeys } from './scan.ts'
import { amend, begin, remove, type SetResult, set, setMany, type Ticket, touch } from './write.ts'

/**
 * A part of a cache with its own keys, tags and `clear`.
 *
 * While Redis is down, reads call the loader and store nothing. Writes and invalidations reject with
 * a `RemoteError`, `RemoteTimeoutError` or `CircuitOpenError`: assume that they had no effect, though
 * one that timed out may have been applied.
 */
export class CacheNamespace<Values = unknown> {
  readonly #ctx: CacheContext
  readonly #policy: Policy

  /** Made by {@link namespace}, or as the outermost one by `RedisCacheManager`. */
  constructor(ctx: CacheContext, policy: Policy) {
    this.#ctx = ctx
    this.#policy = policy
  }

  /** The parts of a namespace; `undefined` if another copy of this package made it. @internal */
  static partsOf<Values>(
    namespace: CacheNamespace<Values>,
  ): { readonly ctx: CacheContext; readonly policy: Policy } | undefined {
    return #ctx in namespace ? { ctx: namespace.#ctx, policy: namespace.#policy } : undefined
  }

  /** The path of this namespace, its segments escaped and joined by `/`. */
  get path(): string {
    return this.#ctx.names.keyspace.path
  }

  /** The clock, timers and `defer` of this cache, and of everything built on it. */
  get platform(): Platform {
    return this.#ctx.platform
  }

  /**
   * Pass it to another client's reads as `after`, so that they see every call that has returned here.
   * Empty if Redis has no such tokens, and before the first request.
   */
  get consistencyToken(): string {
    return this.#ctx.link.guarded.upstashSyncToken ?? ''
  }

  /**
   * A namespace inside this one, with its own defaults. Clearing this one clears it too; tags are not
   * shared between the two.
   *
   * @throws {InvalidKeyError} When the name is not a valid segment, or it would be nested too deep.
   * @throws {InvalidOptionError} When an option is unknown or out of its range.
   */
  namespace<Inner = Values>(
    name: string,
    options: NamespaceOptions<Inner> = {},
  ): CacheNamespace<Inner> {
    const { prefixes, ...rest } = options
    const parent = this.#ctx.names
    const names = new Names(parent.keyspace.child(name), prefixes, parent)
    const policy = resolvePolicy(this.#policy, rest)
    const near = this.#ctx.near.tier.space(names.keyspace.path)
    return new CacheNamespace({ ...this.#ctx, names, near }, policy)
  }

  /** The fresh value of a key, or `undefined`; {@link lookup} distinguishes a stored `undefined`. */
  get<T extends Values = Values>(key: string, options?: EntryOptions<T>): Promise<T | undefined> {
    try {
      const copy = glance(this.#ctx, this.#policy, key, options)
      if (copy) return servedNear(this.#ctx, 'get', key, copy, this.#policy) as Promise<T>
      const read = get(this.#ctx, 'get', key, resolvePolicy(this.#policy, options))
      return read.then(({ value }) => value as T | undefined)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The fresh value of a key, and how it was found or why it was not. */
  async lookup<T extends Values = Values>(
    key: string,
    options?: EntryOptions<T>,
  ): Promise<{ readonly value: T | undefined; readonly outcome: Outcome }> {
    const policy = resolvePolicy(this.#policy, options)
    return (await get(this.#ctx, 'get', key, policy)) as ReadResult & { value: T | undefined }
  }

  /** Whether a key has a fresh entry, by the same checks as {@link get}. */
  async has(key: string, options?: EntryOptions<never>): Promise<boolean> {
    const { outcome } = await get(this.#ctx, 'has', key, resolvePolicy(this.#policy, options))
    return outcome.kind === 'hit'
  }

  /** The fresh values by key, without missing keys. One command; two if entries have tags not declared here. */
  async getMany<T extends Values = Values>(
    keys: readonly string[],
    options?: EntryOptions<T>,
  ): Promise<Map<string, T>> {
    const hits = await this.#run(options, (policy) => getMany(this.#ctx, keys, policy))
    return hits as Map<string, T>
  }

  /**
   * Returns the value of a key. If there is none, calls the loader and stores its result. Only one loader
   * runs per key, across all isolates; other callers wait for its result.
   *
   * @throws The loader's own error, unchanged, if no stale entry may be served instead.
   * @throws {LoaderTimeoutError} When the loader took longer than `loaderTimeout.hard`.
   * @throws {InvalidOptionError | InvalidKeyError} Before anything is sent.
   */
  getOrSet<T extends Values = Values>(
    key: string,
    loader: Loader<T>,
    options?: EntryOptions<T>,
  ): Promise<T> {
    try {
      const copy = glance(this.#ctx, this.#policy, key, options)
      if (copy) return servedNear(this.#ctx, 'getOrSet', key, copy, this.#policy) as Promise<T>
      checkFunction(loader, 'loader')
      const policy = resolvePolicy(this.#policy, options)
      return getOrSet(this.#ctx, key, loader as Loader, policy) as Promise<T>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Returns the values of all keys. Missing ones are loaded by one call of the loader, each under its own
   * lease. Keys that the loader leaves out have the value `undefined`.
   *
   * @throws The loader's own error, unchanged.
   */
  async getOrSetMany<T extends Values = Values>(
    keys: readonly string[],
    loader: ManyLoader<T>,
    options?: EntryOptions<T>,
  ): Promise<Map<string, T>> {
    checkFunction(loader, 'loader')
    const values = await this.#run(options, (policy) =>
      getOrSetMany(this.#ctx, keys, loader as ManyLoader, policy),
    )
    return values as Map<string, T>
  }

  /**
   * Stores a value. Loads and sets of this key that began earlier no longer store anything. If this
   * rejects, the old entry may be gone and the new one missing.
   *
   * @throws {InvalidValueError} Before anything is sent.
   */
  set<T extends Values = Values>(
    key: string,
    value: T,
    options?: EntryOptions<T>,
  ): Promise<SetResult> {
    return this.#run(options, (policy) =>
      reported(this.#ctx, 'set', key, () => set(this.#ctx, key, value, policy), ended),
    )
  }

  /** Stores many values in two requests. All are encoded before anything is sent. */
  setMany<T extends Values = Values>(
    entries: ReadonlyMap<string, T>,
    options?: EntryOptions<T>,
  ): Promise<Map<string, SetResult>> {
    return this.#run(options, (policy) =>
      reportedEach(this.#ctx, 'set', () => setMany(this.#ctx, entries, policy), ended),
    )
  }

  /**
   * Call it before you compute a value that you will store with `commit`. The value counts as loaded at this
   * moment, so a delete, set or invalidation of the key in between wins over it.
   */
  begin<T extends Values = Values>(key: string, options?: EntryOptions<T>): Promise<Ticket<T>> {
    return this.#run(options, (policy) => begin(this.#ctx, key, policy)) as Promise<Ticket<T>>
  }

  /** Makes a valid entry fresh for `ttl` from now, or null for `negativeTtl`. @returns Whether there was one. */
  touch(key: string, options?: EntryOptions<never>): Promise<boolean> {
    return this.#run(options, (policy) =>
      reported(this.#ctx, 'touch', key, () => touch(this.#ctx, key, policy), touched),
    )
  }

  /**
   * Changes the value of a valid entry and keeps its tags and lifetimes, for callers who know exactly what
   * has changed since it was loaded.
   *
   * @param change Returns the new value, or `undefined` to leave the entry as it is.
   * @returns Whether the entry was changed; false also if it was replaced or amended in the meantime, if a load of the
   * key is under way, or if Redis had to be asked again because its reply was lost.
   */
  amend<T extends Values = Values>(
    key: string,
    change: (value: T) => T | undefined | Promise<T | undefined>,
    options?: EntryOptions<T>,
  ): Promise<boolean> {
    const carry = change as (value: unknown) => unknown
    return this.#run(options, (policy) =>
      reported(this.#ctx, 'set', key, () => amend(this.#ctx, key, carry, policy), amended),
    )
  }

  /** Deletes keys, in one command. Loads that are running do not store them afterwards. */
  delete(...keys: readonly string[]): Promise<void> {
    return reported(this.#ctx, 'delete', keys[0], () => remove(this.#ctx, keys), deleted)
  }

  /**
   * Invalidates every entry that has one of these tags, in one command. When it has returned, no later
   * read gets a value that was loaded before; with `mode: 'soft'`, it may be served as stale.
   *
   * @throws {InvalidOptionError} When there are too many tags, or the mode is neither hard nor soft.
   * @throws {InvalidKeyError} When one of them is not a valid tag.
   * @throws {RemoteError} When Redis has not confirmed it; it may have been applied.
   */
  invalidateTags(tags: readonly string[], options: InvalidateOptions = {}): Promise<void> {
    const { mode = 'hard' } = options
    return this.#invalidate('invalidateTags', mode, async () => {
      oneOf(mode, 'mode', ['hard', 'soft'])
      const markers = checkTagList(tags, 'tags').map((tag) => this.#ctx.names.tag(tag))
      await invalidateMarkers(this.#ctx, markers, mode)
    })
  }

  /**
   * Deletes every entry of this namespace whose key matches: `*` is any number of characters, `?` exactly one, `\`
   * escapes the next. One command for a declared prefix; otherwise up to four SCANs of the whole database.
   *
   * @throws {InvalidKeyError} When the pattern is not valid, or keys are hashed and it is not a declared prefix.
   */
  invalidatePattern(pattern: string): Promise<void> {
    return this.#invalidate('invalidatePattern', 'hard', () =>
      invalidatePattern(this.#ctx, pattern),
    )
  }

  /**
   * The keys that have an entry in Redis, valid or not, in no order. For tools: it scans the whole
   * database. Without keys of nested namespaces; a key may appear twice.
   *
   * @throws {InvalidKeyError} At the first step if keys are hashed; at the end if some keys were too long to be read.
   */
  keys(): AsyncGenerator<string> {
    return listKeys(this.#ctx)
  }

  /** Invalidates everything in this namespace and those inside it: one command. */
  clear(): Promise<void> {
    return this.#invalidate('clear', 'hard', () =>
      invalidateMarkers(this.#ctx, this.#ctx.names.implicit.slice(0, 1), 'hard'),
    )
  }

  #invalidate(
    operation: Operation,
    mode: InvalidationMode,
    work: () => Promise<void>,
  ): Promise<void> {
    return reported(this.#ctx, operation, undefined, work, () => ({ kind: 'invalidated', mode }))
  }

  /** Runs an operation with the options of its call. If their signal is aborted, it continues in the background. */
  async #run<T>(
    options: object | undefined,
    operation: (policy: Policy) => Promise<T>,
  ): Promise<T> {
    const policy = resolvePolicy(this.#policy, options)
    return whileWanted(this.#ctx.platform, policy.signal, () => operation(policy))
  }
}

const ended = (kind: SetResult): Outcome => ({ kind })
const amended = (isChanged: boolean): Outcome => ended(isChanged ? 'stored' : 'superseded')
const touched = (): Outcome => ({ kind: 'touched' })
const deleted = (): Outcome => ({ kind: 'deleted' })
