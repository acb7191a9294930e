/**
 * Invalidation: by tag, by pattern, of a whole namespace.
 *
 * None of them hides a failure: after a rejection the caller must assume that nothing was invalidated.
 *
 * @module
 */

import { compilePattern } from '../entry/pattern.ts'
import type { CacheContext } from './context.ts'
import type { Marker } from './names.ts'
import { scan } from './scan.ts'

/** `hard`: never served again. `soft`: may be served as stale while it is refreshed. */
export type InvalidationMode = 'hard' | 'soft'

/** Options of a tag invalidation. */
export interface InvalidateOptions {
  /** `hard`: never served again. `soft`: stale at once, and served while refreshed. @default 'hard' */
  readonly mode?: InvalidationMode
}

/** Drops (`hard`) or renews (`soft`) markers: one command, however many entries carry them. */
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
    ctx.near.tier.fence.mark(markers.map(({ key }) => key))
  }
}

/**
 * Deletes every entry whose key matches, and the leases of loads under way. A declared prefix costs one command.
 * Any other pattern costs two SCANs of the whole database, or four if it can match a key that is hashed for its
 * length, as every pattern with `*` can.
 */
export async function invalidatePattern(ctx: CacheContext, pattern: string): Promise<void> {
  const declared = ctx.names.prefixOf(pattern)
  if (declared) return invalidateMarkers(ctx, [declared], 'hard')
  const matches = compilePattern(pattern)
  try {
    const globs = ctx.names.keyspace.scanPatterns(pattern)
    // Leases first. In a single scan, a load could commit between two SCAN steps: its lease not reached yet, and
    // its entry in a part that has been scanned already.
    for (const glob of globs) await sweep(ctx, glob.replace(':[el]:', ':l:'), matches)
    for (const glob of globs) await sweep(ctx, glob.replace(':[el]:', ':e:'), matches)
  } finally {
    // A near copy may match without an entry in Redis, so the names found do not tell which copies to drop.
    ctx.near.tier.fence.markAll()
  }
}

/**
 * Deletes the names that match, and names whose key cannot be read. SCAN returns every name that exists from its
 * first step to its last. So the first sweep finds the leases of all loads that began before it, except those
 * that end during it; the second sweep finds the entries of these.
 */
async function sweep(
  { link, names: { keyspace }, steps }: CacheContext,
  glob: string,
  matches: (key: string) => boolean,
): Promise<void> {
  for await (const found of scan(link, glob)) {
    const names = found.filter((name) => {
      const key = keyspace.keyOf(name)
      return key === undefined || matches(key)
    })
    if (names.length > 0) await steps.drop(names)
  }
}
