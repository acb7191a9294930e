/**
 * Which queries are asked how often: a bounded count here, and a bounded count of all isolates in the
 * cache, so that whoever warms it knows.
 *
 * @module
 */

import { isRemoteFailure } from '../../cache/context.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import type { Platform } from '../../platform/platform.ts'
import { canonicalize, canonicalKey, type EmailQuery } from '../filter.ts'
import type { AskedQuery } from './asked.ts'

/** A query with the times it was asked for. */
export interface RecordedQuery {
  readonly query: EmailQuery
  readonly count: number
}

/** Queries that are counted, here and in the cache. */
const MOST_QUERIES = 128
/** Reads after which what was counted here is added to what all have counted. */
const SHARED_EVERY = 512
/** What is left of a count each time more is added, so that what nobody asks any more fades. */
const FADING = 0.9
const KEY = 'recorded'

/** Counts queries. */
export class QueryRecorder {
  readonly #shared: CacheNamespace<readonly RecordedQuery[]>
  readonly #platform: Platform
  #counts = new Map<string, RecordedQuery>()
  #reads = 0
  /** No count is lower. */
  #least = 0

  constructor(cache: CacheNamespace<unknown>, platform: Platform) {
    this.#shared = cache.namespace<readonly RecordedQuery[]>('email', {
      ttl: 'veryLong',
      near: false,
    })
    this.#platform = platform
  }

  /** Counts a query. Pages behind a cursor are nobody's first question. */
  note({ key, plain }: AskedQuery): void {
    if (plain === undefined || plain.cursor !== undefined) return
    this.#add(key, plain)
    this.#reads++
    if (this.#reads % SHARED_EVERY === 0) this.#platform.defer(this.share())
  }

  /** The queries asked most, of all isolates as far as they have told. */
  async most(count: number): Promise<readonly RecordedQuery[]> {
    const all = await this.share()
    return all.slice(0, count)
  }

  /** Adds what was counted here to what all have counted. Answers that; never rejects for Redis. */
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
   * A full count makes room by its least: the newcomer takes over that count (Metwally, Agrawal and
   * El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005).
   */
  #add(key: string, query: EmailQuery, times: number = 1): void {
    let base = this.#counts.get(key)?.count
    if (base === undefined && this.#counts.size >= MOST_QUERIES) {
      base = this.#dropLeast()
    }
    this.#counts.set(key, { query, count: (base ?? 0) + times })
  }

  /** @returns Its count. */
  #dropLeast(): number {
    let [least, fewest] = ['', Infinity]
    for (const [key, { count }] of this.#counts) {
      if (count < fewest) [least, fewest] = [key, count]
      // Whoever comes has more than who has left: most often one of as few is near.
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

/** What comes out of Redis is checked like any query; one of another version is left out. */
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
