/**
 * Finds the namespace in which answers are stored.
 *
 * @module
 */

import { defaultCache } from '../cache/default-cache.ts'
import type { CacheNamespace } from '../cache/namespace.ts'

/**
 * Returns a function that gives the namespace of answers: in `cache`, or in the cache that is the default
 * at each call. The cache's own defaults for stale serving and consistency do not apply to answers.
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
