/**
 * Counts how often each query is asked, for cache warming: a bounded count in this isolate, and a bounded
 * count of all isolates in Redis.
 *
 * @module
 */

import { isRemoteFailure } from '../../cache/context.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import type { Platform } from '../../platform/platform.ts'
import { canonicalize, canonicalKey, type EmailQuery } from '../filter.ts'
import type { AskedQuery } from './asked.ts'

/** A query, and how often it was asked. */
export interface RecordedQuery {
  readonly query: EmailQuery
  readonly count: number
}

/** The most queries that are counted, here and in Redis. */
const MOST_QUERIES = 128
/** Number of reads after which the counts of this isolate are added to the shared counts. */
const SHARED_EVERY = 512
/** Shared counts are multiplied by this whenever an isolate adds its own, so that old queries fade. */
const FADING = 0.9
const KEY = 'recorded'

/** Counts queries. */
export class QueryRecorder {
  readonly #shared: CacheNamespace<readonly RecordedQuery[]>
  readonly #platform: Platform
  #counts = new Map<string, RecordedQuery>()
  #reads = 0
  /** A lower bound of all counts. */
  #least = 0

  constructor(cache: CacheNamespace<unknown>, platform: Platform) {
    this.#shared = cache.namespace<readonly RecordedQuery[]>('email', {
      ttl: 'veryLong',
      near: false,
    })
    this.#platform = platform
  }

  /** Counts a query. Pages after a cursor are not counted: warming starts with first pages. */
  note({ key, plain }: AskedQuery): void {
    if (plain === undefined || plain.cursor !== undefined) return
    this.#add(key, plain)
    this.#reads++
    if (this.#reads % SHARED_EVERY === 0) this.#platform.defer(this.share())
  }

  /** The most frequent queries of all isolates, as far as they have shared their counts. */
  async most(count: number): Promise<readonly RecordedQuery[]> {
    const all = await this.share()
    return all.slice(0, count)
  }

  /** Adds the counts of this isolate to the shared counts and returns the sum. Never rejects because of Redis. */
  async share(): Promise<readonly RecordedQuery[]> {
    const own = this.#counts
    this.#counts = new Map()
    this.#least = 0
    try {
      const known = (await this.#shared.get(KEY)) ?? []
      const merged = merge(known, own)
      if (own.size > 0) await this.#shared.set(KEY, merged)
      return merged
    } catch (error) {
      if (!isRemoteFailure(error)) throw error
      for (const [key, { query, count }] of own) this.#add(key, query, count)
      return [...this.#counts.values()].sort(byCount)
    }
  }

  /**
   * If the map is full, a new query replaces the one with the lowest count and takes over its count (Metwally,
   * Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005).
   */
  #add(key: string, query: EmailQuery, times: number = 1): void {
    let base = this.#counts.get(key)?.count
    if (base === undefined && this.#counts.size >= MOST_QUERIES) {
      base = this.#dropLeast()
    }
    this.#counts.set(key, { query, count: (base ?? 0) + times })
  }

  /** Removes the query with the lowest count. @returns Its count. */
  #dropLeast(): number {
    let [least, fewest] = ['', Infinity]
    for (const [key, { count }] of this.#counts) {
      if (count < fewest) [least, fewest] = [key, count]
      // No count is below `#least`, so the search can stop at the first count that equals it.
      if (fewest <= this.#least) break
    }
    this.#counts.delete(least)
    this.#least = fewest
    return fewest
  }
}

function merge(
  known: readonly RecordedQuery[],
  own: ReadonlyMap<string, RecordedQuery>,
): readonly RecordedQuery[] {
  const counts = new Map<string, RecordedQuery>()
  for (const { query, count } of known) {
    const key = keyOf(query)
    const faded = own.size > 0 ? count * FADING : count
    if (key !== undefined) counts.set(key, { query, count: faded })
  }
  for (const [key, { query, count }] of own) {
    counts.set(key, { query, count: count + (counts.get(key)?.count ?? 0) })
  }
  return [...counts.values()].sort(byCount).slice(0, MOST_QUERIES)
}

/** Checks a query read from Redis; undefined for one of another version that this version does not support. */
function keyOf(query: EmailQuery): string | undefined {
  try {
    return canonicalKey(canonicalize(query))
  } catch {
    // InvalidFilterError: a field that this version does not know.
    return undefined
  }
}

function byCount(a: RecordedQuery, b: RecordedQuery): number {
  return b.count - a.count
}
