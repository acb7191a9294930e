/**
 * Invalidation: by tag, by pattern, of a whole namespace.
 *
 * All of them fail loud: after a rejection the caller must assume that nothing was invalidated.
 *
 * @module
 */

import { compilePattern } from '../entry/pattern.ts'
import { RemoteError } from '../errors.ts'
import type { Reply } from '../redis/requester.ts'
import type { CacheContext } from './context.ts'
import type { Marker } from './names.ts'

/** `hard`: never served again. `soft`: may be served as stale while it is refreshed. */
export type InvalidationMode = 'hard' | 'soft'

const SCAN_COUNT = 1_000

/** Drops or renews the markers of tags, or of a namespace: one command whatever hangs on them. */
export async function invalidateMarkers(
  ctx: CacheContext,
  markers: readonly Marker[],
  mode: InvalidationMode,
): Promise<void> {
  if (markers.length === 0) return
  try {
    if (mode === 'hard') await ctx.steps.hard(markers, ctx.names.epoch)
    else await ctx.steps.soft(markers, ctx.names.epoch)
  } finally {
    ctx.near?.fence.mark(markers.map(({ key }) => key))
  }
}

/**
 * Deletes every entry whose key matches, and the leases of loads under way. A declared prefix costs
 * one command; any other pattern a SCAN of the whole database.
 */
export async function invalidatePattern(ctx: CacheContext, pattern: string): Promise<void> {
  const declared = ctx.names.prefixOf(pattern)
  if (declared) return invalidateMarkers(ctx, [declared], 'hard')
  compilePattern(pattern)
  try {
    for (const glob of ctx.names.keyspace.scanPatterns(pattern)) await sweep(ctx, glob)
  } finally {
    // Which copies match is known only by their keys, and a copy need not have been in Redis.
    ctx.near?.fence.markAll()
  }
}

/**
 * SCAN returns whatever is there from its first call to its last: every entry, and every lease of a
 * load that began before this call did.
 */
async function sweep({ link }: CacheContext, glob: string): Promise<void> {
  let cursor = '0'
  do {
    const reply = await link.send(['SCAN', cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT])
    const [next, keys] = parseScan(reply)
    cursor = next
    if (keys.length > 0) {
      const both = [...new Set(keys.flatMap(entryAndLease))]
      if (link.cluster) await Promise.all(both.map((key) => link.send(['DEL', key])))
      else await link.send(['DEL', ...both])
    }
  } while (cursor !== '0')
}

/** An entry goes with its lease, as in any delete; names are escaped, so that `:e:{` is found once. */
function entryAndLease(key: string): string[] {
  const at = key.indexOf(':{')
  const [before, name] = [key.slice(0, at - 1), key.slice(at)]
  return [`${before}e${name}`, `${before}l${name}`]
}

function parseScan(reply: Reply): readonly [string, readonly string[]] {
  if (!Array.isArray(reply) || !Array.isArray(reply[1])) {
    throw new RemoteError({ operation: 'SCAN', reason: 'malformed reply', applied: 'unknown' })
  }
  return [String(reply[0]), reply[1].map(String)]
}
