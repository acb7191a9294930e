/**
 * A part of a cache as the storage of another cache: each entry lives exactly as long as it is told
 * to, no copy answers in its place, and an outage is an error for the other cache to deal with.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import type { NamespaceOptions } from '../cache/options.ts'

/** What "for ever" is, in milliseconds: ten years, the longest that an entry can be fresh. */
const FOREVER_MS = 315_360_000_000

const EXACT: NamespaceOptions = {
  jitter: 0,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  earlyRefresh: 0,
  // Storage has no opinion on what is stored: neither on null, nor on its shape.
  negativeTtl: FOREVER_MS,
  schema: { '~standard': { version: 1, vendor: 'nearcache', validate: (value) => ({ value }) } },
  near: false,
  consistency: 'strict',
}

/** @throws {InvalidKeyError} When the name cannot be one of a namespace: 1 to 64 bytes. */
export function exactNamespace(cache: CacheNamespace, name: string): CacheNamespace {
  return cache.namespace(name, EXACT)
}

/** @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When Redis cannot be asked. */
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
 * @param ttlMs 0 and undefined are for ever; what is below 1 is over already.
 * @returns Whether it was stored, and not overtaken by a later set or delete of the key.
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

/** Closes a whole cache. One of its namespaces is left alone: the cache has other users. */
export async function disconnect(cache: CacheNamespace | Closeable): Promise<void> {
  if ('close' in cache) await cache.close()
}

/** What of a cache can be closed. */
export interface Closeable {
  close(): Promise<void>
}
