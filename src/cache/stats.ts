/**
 * Statistics of a cache.
 *
 * @module
 */

import type { CircuitState } from '../flight/breaker.ts'
import type { Reply } from '../redis/requester.ts'
import { type CacheContext, isRemoteFailure } from './context.ts'
import type { Totals } from './events.ts'

/** Figures of this instance since its start, and current figures of its Redis. */
export interface CacheStats {
  /** Reads answered from the cache, in percent of all reads; 0 before the first. */
  readonly hitRate: number
  /** `100 - hitRate`; 0 before the first read. */
  readonly missRate: number
  readonly totalHits: number
  readonly totalMisses: number
  /** Keys in the whole database; `undefined` if Redis did not say. */
  readonly totalKeys: number | undefined
  /** Bytes that Redis uses; `undefined` if it did not say. */
  readonly memoryUsage: number | undefined
  /** Bytes that Redis may use; `undefined` if unbounded, or if it did not say. */
  readonly memoryLimit: number | undefined
  readonly near: { readonly entries: number; readonly bytes: number }
  readonly remote: {
    readonly circuit: CircuitState
    readonly requests: number
    readonly commands: number
    readonly retries: number
    readonly timeouts: number
  }
  readonly totals: Readonly<Totals>
}

/** Gathers the figures: two commands, whose failure leaves their figures `undefined`. */
export async function gatherStats(ctx: CacheContext): Promise<CacheStats> {
  const { link, near, events } = ctx
  const { hits, misses } = events.totals
  const reads = hits + misses
  const hitRate = reads === 0 ? 0 : (100 * hits) / reads
  const [memory, keys] = await Promise.all([ask(ctx, 'INFO', 'memory'), ask(ctx, 'DBSIZE')])
  return {
    hitRate,
    missRate: reads === 0 ? 0 : 100 - hitRate,
    totalHits: hits,
    totalMisses: misses,
    totalKeys: typeof keys === 'number' ? keys : undefined,
    memoryUsage: field(memory, 'used_memory'),
    memoryLimit: field(memory, 'maxmemory') || undefined,
    near: near.tier.size,
    remote: { circuit: link.guarded.circuit, ...link.guarded.counts },
    totals: { ...events.totals },
  }
}

async function ask({ link }: CacheContext, name: string, ...args: string[]): Promise<Reply> {
  try {
    return await link.send([name, ...args])
  } catch (error) {
    // Statistics must work while Redis is down, and with a token that may not run INFO.
    if (isRemoteFailure(error)) return null
    throw error
  }
}

/** A number in the reply of INFO. */
function field(info: Reply, name: string): number | undefined {
  if (typeof info !== 'string') return undefined
  const line = info.split(/\r?\n/).find((text) => text.startsWith(`${name}:`))
  const value = Number(line?.slice(name.length + 1))
  return Number.isFinite(value) ? value : undefined
}
