/**
 * Finds a namespace by its path, as it appears in events and figures.
 *
 * @module
 */

import { InvalidKeyError } from '../errors.ts'
import type { RedisCacheManager } from './manager.ts'
import type { CacheNamespace } from './namespace.ts'

/**
 * The namespace of a path, with the cache's own defaults: those that the application gave to its namespace are
 * unknown here.
 *
 * @param path With escaped segments, or as {@link readablePath} shows it.
 * @throws {InvalidKeyError} When the path is not inside the cache.
 */
export function namespaceAt(cache: RedisCacheManager, path: string): CacheNamespace {
  const [outermost, ...inner] = path.split('/').map(plain)
  if (outermost !== plain(cache.path)) throw new InvalidKeyError('the namespace is not there')
  return inner.reduce<CacheNamespace>((outer, segment) => outer.namespace(segment), cache)
}

function plain(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new InvalidKeyError('the namespace is not well-formed')
  }
}
