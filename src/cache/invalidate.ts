/**
 * Invalidation: by tag, by pattern, of a whole namespace.
 *
 * All of them fail loud: after a rejection the caller must assume that nothing was invalidated.
 *
 * @module
 */

import { compilePattern } from '../entry/pattern.ts'
import type { CacheContext } from './context.ts'
import type { Marker } from './names.ts'
import { scan } from './scan.ts'

/** `hard`: never served again. `soft`: may be served as stale while it is refreshed. */
export type InvalidationMode = 'hard' | 'soft'

/** How a tag invalidation works. */
export interface InvalidateOptions {
  /** `hard`: never served again. `soft`: stale at once, served while refreshed. @default 'hard' */
  readonly mode?: InvalidationMode
}

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
    ctx.near.tier.fence.mark(markers.map(({ key }) => key))
  }
}

/**
 * Deletes every entry whose key matches, and the leases of loads under way. A declared prefix costs
 * one command; any other pattern two SCANs of the whole database.
 */
export async function invalidatePattern(ctx: CacheContext, pattern: string): Promise<void> {
  const declared = ctx.names.prefixOf(pattern)
  if (declared) return invalidateMarkers(ctx, [declared], 'hard')
  const matches = compilePattern(pattern)
  try {
    const globs = ctx.names.keyspace.scanPatterns(pattern)
    // Leases first. In one sweep a load could end between two steps, its lease not reached yet, and
    // its entry where the scan has been.
    for (const glob of globs) await sweep(ctx, glob.replace(':[el]:', ':l:'), matches)
    for (const glob of globs) await sweep(ctx, glob.replace(':[el]:', ':e:'), matches)
  } finally {
    // Which copies match is known only by their keys, and a copy need not have been in Redis.
    ctx.near.tier.fence.markAll()
  }
}

/**
 * Deletes what matches, and names that cannot be read. SCAN returns whatever is there from its first
 * step to its last: every lease of a load that began before, unless the load ends meanwhile; then every
 * entry stored by such one.
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
