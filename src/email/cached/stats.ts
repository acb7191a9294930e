/**
 * What a cached mailbox has done, for those who tune it.
 *
 * @module
 */

/** How reads of lists, counts and figures ended, while they are counted. */
export interface ListCounts {
  hits: number
  loaded: number
  bypassed: number
}

/** How reads ended since the repository was made. */
export interface EmailCacheStats {
  /** Lists, counts and figures that were answered from the cache. */
  readonly listHits: number
  /** Those that were read from SQL, and stored unless a write was under way. */
  readonly listLoads: number
  /** Those that were read from SQL past the cache, since a write under way might change them. */
  readonly listBypasses: number
  /** Of all reads of lists, the part that was answered from the cache; 0 to 1, and 0 before the first. */
  readonly listHitRate: number
  /** Messages that were asked for by id, and those among them that SQL was asked for. */
  readonly rowReads: number
  readonly rowLoads: number
}

/** Sums the counts up. */
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
