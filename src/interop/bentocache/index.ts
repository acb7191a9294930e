/**
 * nearcache as the L2 layer of bentocache.
 *
 * Exported as `'nearcache/interop/bentocache'`.
 *
 * @module
 */

import type { CacheNamespace } from '../../cache/namespace.ts'
import { isLongerThan } from '../../entry/bytes.ts'
import { checkFields } from '../../entry/option-checks.ts'
import { InvalidKeyError } from '../../errors.ts'
import { disconnect, exactNamespace, read, write } from '../exact.ts'

/** Options for {@link nearcacheDriver}. */
export interface BentocacheOptions {
  /** A cache, which `disconnect` closes; or a namespace of one, which is left open. */
  readonly cache: CacheNamespace
  /** The namespace of `cache` that holds the entries; 1 to 64 bytes. @default bentocache's prefix */
  readonly prefix?: string
}

/** The driver in the form that bentocache expects (`L2CacheDriver`). */
export interface BentocacheDriver {
  readonly type: 'l2'
  /**
   * A driver for the keys that begin with `name:`.
   *
   * @throws {InvalidKeyError} When the path is empty, longer than 256 bytes, or more than 16 names deep.
   */
  namespace(name: string): BentocacheDriver
  get(key: string): Promise<string | undefined>
  /** Gets and deletes in two steps: two concurrent callers may both get the value. */
  pull(key: string): Promise<string | undefined>
  /** @param ttl In milliseconds; 0 and undefined are ten years. */
  set(key: string, value: string, ttl?: number): Promise<boolean>
  delete(key: string): Promise<boolean>
  deleteMany(keys: string[]): Promise<boolean>
  /** One command, whatever the number of entries. */
  clear(): Promise<void>
  disconnect(): Promise<void>
}

/** What `useL2Layer` takes. */
export interface BentocacheLayer {
  readonly options: BentocacheOptions
  factory(config: BentocacheOptions): BentocacheDriver
}

const MAX_DEPTH = 16
const MAX_TAG_BYTES = 256

/**
 * Makes the L2 layer of a bentocache store.
 *
 * Reads and writes reject when Redis cannot be reached, as bentocache expects of a driver; its own settings
 * then decide what happens. Tags and grace periods are also handled by bentocache.
 *
 * @throws {InvalidOptionError} When an option is unknown.
 *
 * @example
 * ```ts no-check
 * bentostore().useL1Layer(memoryDriver()).useL2Layer(nearcacheDriver({ cache }))
 * ```
 */
export function nearcacheDriver(options: BentocacheOptions): BentocacheLayer {
  checkFields(options, 'options', ['cache', 'prefix'])
  return {
    options,
    factory: ({ cache, prefix = 'bentocache' }) =>
      new Driver(cache, exactNamespace(cache, prefix), ''),
  }
}

/**
 * In bentocache a namespace is a key prefix, and any key may begin with one. So each entry has a tag for
 * every prefix that ends before a colon, and clearing a namespace invalidates its tag.
 */
class Driver implements BentocacheDriver {
  readonly type = 'l2'
  readonly #cache: CacheNamespace
  readonly #space: CacheNamespace
  readonly #path: string

  constructor(cache: CacheNamespace, space: CacheNamespace, path: string) {
    this.#cache = cache
    this.#space = space
    this.#path = path
  }

  namespace(name: string): BentocacheDriver {
    const path = this.#full(name)
    if (name === '' || tagsOf(`${path}:`).at(-1) !== tagOf(path)) {
      throw new InvalidKeyError('namespace is empty, longer than 256 bytes, or more than 16 deep')
    }
    return new Driver(this.#cache, this.#space, path)
  }

  async get(key: string): Promise<string | undefined> {
    const full = this.#full(key)
    return (await read(this.#space, full, tagsOf(full))) as string | undefined
  }

  async pull(key: string): Promise<string | undefined> {
    const value = await this.get(key)
    if (value !== undefined) await this.#space.delete(this.#full(key))
    return value
  }

  set(key: string, value: string, ttl?: number): Promise<boolean> {
    const full = this.#full(key)
    return write(this.#space, full, value, ttl, tagsOf(full))
  }

  async delete(key: string): Promise<boolean> {
    const value = await this.get(key)
    // Deletes even if there is no entry: a set in progress must not store one afterwards.
    await this.#space.delete(this.#full(key))
    return value !== undefined
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    await this.#space.delete(...keys.map((key) => this.#full(key)))
    return true
  }

  async clear(): Promise<void> {
    if (this.#path === '') await this.#space.clear()
    else await this.#space.invalidateTags([tagOf(this.#path)])
  }

  disconnect(): Promise<void> {
    return disconnect(this.#cache)
  }

  #full(key: string): string {
    return this.#path === '' ? key : `${this.#path}:${key}`
  }
}

/** The tags of the namespaces that a key may belong to, the outermost first. */
function tagsOf(key: string): string[] {
  const tags: string[] = []
  for (
    let at = key.indexOf(':', 1);
    at > 0 && tags.length < MAX_DEPTH;
    at = key.indexOf(':', at + 1)
  ) {
    const tag = tagOf(key.slice(0, at))
    if (isLongerThan(tag, MAX_TAG_BYTES)) break
    tags.push(tag)
  }
  return tags
}

/** Tags must not contain control characters, but keys may. */
function tagOf(path: string): string {
  return path.replace(/[\p{Cc}%]/gu, encodeURIComponent)
}
