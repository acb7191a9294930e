/**
 * Statistics of a cached mailbox, for tuning.
 *
 * @module
 */

/** Counters of how reads of lists, counts and figures ended. */
export interface ListCounts {
  hits: number
  loaded: number
  bypassed: number
}

/** How reads ended since the repository was created. */
export interface EmailCacheStats {
  /** Lists, counts and figures that were served from the cache. */
  readonly listHits: number
  /** Lists, counts and figures that were read from SQL, and stored unless a write was under way. */
  readonly listLoads: number
  /** Lists, counts and figures that were read from SQL because a write under way might change the cached ones. */
  readonly listBypasses: number
  /** Ratio of `listHits` to all these reads; 0 to 1, and 0 before the first. */
  readonly listHitRate: number
  /** Messages read by id or for a page (`rowReads`), and messages that were read from SQL (`rowLoads`). */
  readonly rowReads: number
  readonly rowLoads: number
}

/** Computes the statistics from the counters. */
export function cacheStats(
  { hits, loaded, bypassed }: Readonly<ListCounts>,
  rows: { readonly reads: number; readonly loads: number },
): EmailCacheStats {
  const all = hits + loaded + bypassed
  return {
    listHits: hits,
    listLoads: loaded,
    listBypasses: bypassed,
    listHitRate: all === 0 ? 0 : hits / all,
    rowReads: rows.reads,
    rowLoads: rows.loads,
  }
}
