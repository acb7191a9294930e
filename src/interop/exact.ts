/**
 * Uses a namespace of a cache as the storage of another cache: entries live exactly as long as requested, no
 * near copies or stale entries are served, and an outage is an error that the other cache handles.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import type { NamespaceOptions } from '../cache/options.ts'
import { InvalidOptionError } from '../errors.ts'

/** The lifetime that stands for "for ever", in milliseconds: ten years, the longest fresh time of an entry. */
const FOREVER_MS = 315_360_000_000

const EXACT: NamespaceOptions = {
  jitter: 0,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  earlyRefresh: 0,
  // The storage treats null like any value, and does not check the shape of values.
  negativeTtl: FOREVER_MS,
  schema: { '~standard': { version: 1, vendor: 'nearcache', validate: (value) => ({ value }) } },
  near: false,
  consistency: 'strict',
}

/**
 * @throws {InvalidOptionError} Naming `cache`, when it is not a cache.
 * @throws {InvalidKeyError} When the name is not valid for a namespace: 1 to 64 bytes.
 */
export function exactNamespace(cache: CacheNamespace, name: string): CacheNamespace {
  if (typeof cache?.namespace !== 'function') {
    throw new InvalidOptionError('cache', 'a RedisCacheManager or a namespace of one')
  }
  return cache.namespace(name, EXACT)
}

/** @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When Redis cannot be reached. */
export async function read(
  space: CacheNamespace,
  key: string,
  tags: readonly string[] = [],
): Promise<unknown> {
  const { value, outcome } = await space.lookup(key, { tags })
  if (outcome.kind === 'miss' && outcome.reason === 'unavailable') throw outcome.error
  return value
}

/**
 * @param ttlMs 0 and undefined mean for ever; a value below 1 has already expired.
 * @returns Whether it was stored, and not superseded by a later set or delete of the key.
 */
export async function write(
  space: CacheNamespace,
  key: string,
  value: unknown,
  ttlMs: number | undefined,
  tags: readonly string[] = [],
): Promise<boolean> {
  const ttl = Math.min(ttlMs || FOREVER_MS, FOREVER_MS)
  if (ttl < 1) {
    await space.delete(key)
    return true
  }
  return (await space.set(key, value, { ttl, tags })) === 'stored'
}

/** Closes a whole cache. A namespace is left open, because the cache has other users. */
export async function disconnect(cache: CacheNamespace | Closeable): Promise<void> {
  if ('close' in cache) await cache.close()
}

/** The part of a cache that can be closed. */
export interface Closeable {
  close(): Promise<void>
}
