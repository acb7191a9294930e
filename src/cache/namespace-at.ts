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
 * @throws {InvalidKeyError} When the path is not inside the cache.
 */
export function namespaceAt(cache: RedisCacheManager, path: string): CacheNamespace {
  if (path === cache.path) return cache
  if (!path.startsWith(`${cache.path}/`)) throw new InvalidKeyError('the namespace is not there')
  const segments = path.slice(cache.path.length + 1).split('/')
  return segments.reduce<CacheNamespace>((outer, segment) => outer.namespace(plain(segment)), cache)
}

function plain(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new InvalidKeyError('the namespace is not well-formed')
  }
}
