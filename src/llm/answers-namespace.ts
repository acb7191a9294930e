/**
 * Where answers are in a cache.
 *
 * @module
 */

import { defaultCache } from '../cache/default-cache.ts'
import type { CacheNamespace } from '../cache/namespace.ts'

/**
 * The namespace of answers: of the cache given, or of the default one, as it is at each call. What is
 * said of staleness in the cache's defaults is not for these.
 */
export function answersIn(
  cache: CacheNamespace<unknown> | undefined,
): () => CacheNamespace<unknown> {
  let known:
    | { readonly of: CacheNamespace<unknown>; readonly its: CacheNamespace<unknown> }
    | undefined
  return () => {
    const of = cache ?? defaultCache()
    if (known?.of !== of) {
      const its = of.namespace('llm', {
        staleWhileRevalidate: 0,
        staleIfError: 0,
        earlyRefresh: 0,
        consistency: 'strict',
      })
      known = { of, its }
    }
    return known.its
  }
}
