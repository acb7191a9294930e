/**
 * Finds a namespace by its path, as events and figures name it.
 *
 * @module
 */

import { InvalidKeyError } from '../errors.ts'
import type { RedisCacheManager } from './manager.ts'
import type { CacheNamespace } from './namespace.ts'

/**
 * The namespace of a path, with the cache's own defaults: those that the application gave to its
 * namespace are not known here.
 *
 * @param path Its segments escaped, or as {@link readablePath} shows them.
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
