/**
 * nearcache as a storage adapter of Keyv 5 and 6, and so of libraries built on Keyv: cacheable,
 * cache-manager.
 *
 * Exported as `'nearcache/interop/keyv'`.
 *
 * @module
 */

import type { CacheNamespace } from '../../cache/namespace.ts'
import { checkFields } from '../../entry/option-checks.ts'
import { callListener } from '../../platform/listener.ts'
import { disconnect, exactNamespace, read, write } from '../exact.ts'

/** Options for {@link keyvStore}. */
export interface KeyvOptions {
  /** A cache, which `disconnect` closes; or a namespace of one, which is left open. */
  readonly cache: CacheNamespace
  /** The namespace of `cache` that holds the entries; 1 to 64 bytes. @default 'keyv' */
  readonly name?: string
}

/** An entry for `setMany`. */
export interface KeyvEntry {
  readonly key: string
  readonly value: unknown
  /** In milliseconds; 0 and undefined are ten years. @default none */
  readonly ttl?: number | undefined
}

type ErrorListener = (error: unknown) => void

const PAGE = 100

/**
 * Makes a store for one Keyv, which sets its own namespace on it: 1 to 64 bytes.
 *
 * @example
 * ```ts no-check
 * const keyv = new Keyv({ store: keyvStore({ cache }), namespace: 'users' })
 * ```
 */
export function keyvStore(options: KeyvOptions): KeyvStore {
  return new KeyvStore(options)
}

/** The store in the form that Keyv expects (`KeyvStoreAdapter`). */
export class KeyvStore {
  /** From the dialect Keyv concludes that it can iterate. Keyv also stores properties of its own here. */
  readonly opts: Record<string, unknown> = { dialect: 'redis' }
  /** Set by Keyv. Clearing one namespace does not affect the others. */
  namespace: string | undefined
  readonly #cache: CacheNamespace
  readonly #root: CacheNamespace
  #last: { readonly name: string; readonly space: CacheNamespace } | undefined
  readonly #listeners: ErrorListener[] = []

  /**
   * @throws {InvalidOptionError} When an option is unknown, or `cache` is not a cache.
   * @throws {InvalidKeyError} When `name` is not valid for a namespace.
   */
  constructor(options: KeyvOptions) {
    checkFields(options, 'options', ['cache', 'name'])
    const { cache, name = 'keyv' } = options
    this.#cache = cache
    this.#root = exactNamespace(cache, name)
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    const [value] = await this.getMany<Value>([key])
    return value
  }

  /** All keys in one request. */
  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    try {
      return (await readAll(this.#space(), keys)) as (Value | undefined)[]
    } catch (error) {
      // Keyv forwards errors given to this listener, but drops the rejection of `get`.
      for (const listener of this.#listeners) callListener(listener, [error])
      throw error
    }
  }

  /** @param ttl In milliseconds; 0 and undefined are ten years. */
  set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return write(this.#space(), key, value, ttl)
  }

  /**
   * Stores many entries in two requests. Keyv 6 leaves namespaces to a store with this method.
   *
   * @returns For each, whether it was stored.
   */
  setMany(entries: readonly KeyvEntry[]): Promise<boolean[]>
  /** Keyv 5 declares it like this, but returns the result all the same. */
  setMany(entries: readonly KeyvEntry[]): Promise<void>
  setMany(entries: readonly KeyvEntry[]): Promise<unknown> {
    const space = this.#space()
    return Promise.all(entries.map(({ key, value, ttl }) => write(space, key, value, ttl)))
  }

  /** @returns Whether there was something to delete. */
  delete(key: string): Promise<boolean> {
    return this.deleteMany([key])
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    const space = this.#space()
    const values = await readAll(space, keys)
    // Deletes even if there are no entries: a set in progress must not store one afterwards.
    await space.delete(...keys)
    return values.some((value) => value !== undefined)
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return (await this.getMany(keys)).map((value) => value !== undefined)
  }

  /** One command, whatever the number of entries. Without a namespace, clears all namespaces. */
  clear(): Promise<void> {
    return this.#space().clear()
  }

  /**
   * The entries of a namespace by SCAN, in no order; an entry may come twice.
   *
   * @throws {InvalidKeyError} At once if the cache hashes its keys, since they cannot be read back. After all
   *   other entries, if some keys are longer than 512 characters when escaped.
   */
  async *iterator<Value>(
    namespace: string | undefined = this.namespace,
  ): AsyncGenerator<[string, Value], void> {
    const space = this.#space(namespace)
    for await (const keys of paged(space.keys(), PAGE)) {
      const values = await readAll(space, keys)
      for (const [i, key] of keys.entries()) {
        // A cleared entry may still be in Redis, but is no longer served.
        if (values[i] !== undefined) yield [key, values[i] as Value]
      }
    }
  }

  /** The only event is `error`, for reads that failed. Failed writes reject, and Keyv reports those. */
  on(event: string, listener: ErrorListener): this {
    if (event === 'error') this.#listeners.push(listener)
    return this
  }

  disconnect(): Promise<void> {
    return disconnect(this.#cache)
  }

  #space(namespace: string | undefined = this.namespace): CacheNamespace {
    if (namespace === undefined || namespace === '') return this.#root
    if (this.#last?.name === namespace) return this.#last.space
    const space = this.#root.namespace(namespace)
    this.#last = { name: namespace, space }
    return space
  }
}

/** All in one request: commands of the same tick are sent together. */
function readAll(space: CacheNamespace, keys: readonly string[]): Promise<unknown[]> {
  return Promise.all(keys.map((key) => read(space, key)))
}

/** The same items in lists of at most `size`. Items before a failure are returned before it is thrown. */
async function* paged<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let page: T[] = []
  let failure: { readonly error: unknown } | undefined
  try {
    for await (const item of source) {
      page.push(item)
      if (page.length < size) continue
      yield page
      page = []
    }
  } catch (error) {
    failure = { error }
  }
  if (page.length > 0) yield page
  if (failure) throw failure.error
}
