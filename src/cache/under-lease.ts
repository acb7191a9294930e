/**
 * Stores an entry under a lease, with the stamps that came with the lease.
 *
 * @module
 */

import type { Stamps } from '../entry/header.ts'
import type { CacheContext, Target } from './context.ts'
import { compose, type EntryParts, type EntryText } from './entry-text.ts'
import type { Policy } from './options.ts'
import type { Lease } from './steps.ts'

/** Builds an entry and commits it. Returns what was stored, or `undefined` if the lease was lost. */
export async function storeUnder(
  ctx: CacheContext,
  { token }: Lease,
  target: Target,
  policy: Policy,
  parts: EntryParts,
): Promise<EntryText | undefined> {
  const made = compose(ctx, target.key, policy, parts)
  const text: EntryText = made instanceof Promise ? await made : made
  return (await ctx.steps.commit(target.names, { token, ...text })) ? text : undefined
}

/**
 * The stamps of an entry: those that came with its lease, without the epoch. If there are late tags, a promise that
 * adds theirs; it resolves to `undefined` if anything in the namespace was invalidated since the lease was granted.
 */
export function stampsFor(
  ctx: CacheContext,
  granted: ReadonlyMap<string, string>,
  lateTags: readonly string[],
  life: number,
): Stamps | Promise<Stamps | undefined> {
  const stamps = new Map(granted)
  stamps.delete(ctx.names.epoch.segment)
  return lateTags.length === 0 ? stamps : withLate(ctx, granted, stamps, lateTags, life)
}

async function withLate(
  ctx: CacheContext,
  granted: ReadonlyMap<string, string>,
  stamps: Map<string, string>,
  lateTags: readonly string[],
  life: number,
): Promise<Stamps | undefined> {
  const { epoch } = ctx.names
  const markers = lateTags.map((tag) => ctx.names.tag(tag))
  const late = await ctx.steps.late(markers, epoch, life)
  if (late.epoch === null || late.epoch !== granted.get(epoch.segment)) return undefined
  for (const [segment, marker] of late.stamps) stamps.set(segment, marker)
  return stamps
}
