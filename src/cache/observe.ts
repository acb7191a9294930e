/**
 * Looks at an entry in Redis and makes of it something a read can decide on.
 *
 * @module
 */

import { type EntryHeader, type ParsedEntry, parseEntry, prefixOf } from '../entry/header.ts'
import { CorruptEntryError } from '../errors.ts'
import type { Sighting } from '../flight/single-flight.ts'
import { type CacheContext, codecFor, isRemoteFailure, type Target } from './context.ts'
import { judge, unseenTags } from './judge.ts'
import type { Policy } from './options.ts'
import type { MissReason } from './outcome.ts'

/** An entry that may be served in some way. */
export interface Found {
  readonly kind: 'fresh' | 'stale' | 'stale-if-error'
  readonly header: EntryHeader
  readonly value: unknown
  readonly sizeBytes: number
}

/** Nothing to serve. */
export interface Nothing {
  readonly kind: 'none'
  readonly reason: MissReason
  readonly error?: unknown
}

/** When something was asked, by both clocks that date a near copy: before the request was sent. */
export interface Moment {
  readonly provedAt: number
  readonly instant: number
}

/** What a read saw at its last look. */
export interface Sight extends Sighting, Moment {
  readonly found: Found | Nothing
  /** Which entry was there: see `prefixOf`. */
  readonly prefix: string
}

/** What is seen when Redis cannot be asked: nothing that any load could be compared with. */
export const UNSEEN: Sighting & Pick<Sight, 'prefix'> = Object.freeze({
  lease: null,
  markers: new Map(),
  prefix: '?',
})

export function momentOf({ platform, near }: CacheContext): Moment {
  return { provedAt: platform.now(), instant: near.tier.fence.now }
}

/** Looks once. Never rejects for a remote failure: that is a reason for finding nothing. */
export async function observe(ctx: CacheContext, target: Target, policy: Policy): Promise<Sight> {
  const moment = momentOf(ctx)
  try {
    const { entry, lease, markers } = await ctx.steps.look(target.names, target.asked, policy.after)
    const found: Found | Nothing =
      entry === null
        ? { kind: 'none', reason: 'absent' }
        : await weigh(ctx, target, policy, entry, markers)
    return { ...moment, lease, markers, found, prefix: prefixOf(entry) }
  } catch (error) {
    if (!isRemoteFailure(error)) throw error
    const found: Nothing = { kind: 'none', reason: 'unavailable', error }
    return { ...moment, ...UNSEEN, found }
  }
}

/** Judges an entry's text; what cannot be read is found to be nothing. */
export async function weigh(
  ctx: CacheContext,
  target: Pick<Target, 'key' | 'declared'>,
  policy: Policy,
  text: string,
  markers: ReadonlyMap<string, string | null>,
): Promise<Found | Nothing> {
  try {
    const entry = parseEntry(text)
    const seen = await withUnseen(ctx, entry.header, markers, policy.after)
    const verdict = judge(entry.header, target.declared, seen, ctx.platform.now())
    if (verdict.kind === 'none') return verdict
    const value = await decode(ctx, target.key, policy, entry)
    return { kind: verdict.kind, header: entry.header, value, sizeBytes: text.length }
  } catch (error) {
    if (!(error instanceof CorruptEntryError)) throw error
    return { kind: 'none', reason: 'corrupt', error }
  }
}

/** Adds the markers of the tags that the entry has and the call did not name: a second look. */
async function withUnseen(
  ctx: CacheContext,
  header: EntryHeader,
  seen: ReadonlyMap<string, string | null>,
  after: string | undefined,
): Promise<ReadonlyMap<string, string | null>> {
  const unseen = unseenTags(header, seen)
  if (unseen.length === 0) return seen
  const markers = unseen.map((segment) => ctx.names.bySegment(segment))
  const more = await ctx.steps.lookAt(markers, after)
  return new Map([...seen, ...more])
}

async function decode(
  ctx: CacheContext,
  key: string,
  policy: Policy,
  { header, payload, headerText }: ParsedEntry,
): Promise<unknown> {
  const value = await codecFor(ctx, policy).decode(header.encoding, payload, () => ({
    purpose: 'cache',
    namespace: ctx.names.keyspace.path,
    key,
    header: headerText,
    createdAt: header.createdAt,
  }))
  if (!policy.schema) return value
  const checked = await policy.schema['~standard'].validate(value)
  if (checked.issues) throw new CorruptEntryError('the schema refuses the value')
  return checked.value
}
