/**
 * Looks at an entry in Redis, judges it and decodes its value.
 *
 * @module
 */

import { type ParsedEntry, parseEntry } from '../entry/header.ts'
import { proceed } from '../entry/proceed.ts'
import { CorruptEntryError } from '../errors.ts'
import { type CacheContext, isRemoteFailure, type Target } from './context.ts'
import { openEntry } from './entry-text.ts'
import { judge, unseenTags } from './judge.ts'
import type { FoundMarkers } from './marker-texts.ts'
import type { Policy } from './options.ts'
import {
  Found,
  type Look,
  type Moment,
  type Nothing,
  Sight,
  UNSEEN,
  type Weighed,
} from './sight.ts'

/** There is no entry. */
export const ABSENT: Nothing = { kind: 'none', reason: 'absent' }

/** The current moment. Take it before sending the request that confirms a copy. */
export function momentOf({ platform, near }: CacheContext): Moment {
  return { provedAt: platform.now(), instant: near.tier.fence.now }
}

/** Looks once. A remote failure does not reject: it is a reason for finding nothing. */
export function observe(ctx: CacheContext, target: Target, policy: Policy): Promise<Sight> {
  const moment = momentOf(ctx)
  return ctx.steps
    .look(target.names, target.asked, policy.after, (look) =>
      sightOf(ctx, target, policy, moment, look),
    )
    .catch((error: unknown) => unavailable(moment, error))
}

/** What a look has shown; a promise only if that takes a second look or asynchronous decoding. */
export function sightOf(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  moment: Moment,
  look: Look,
): Sight | Promise<Sight> {
  const { entry, markers } = look
  const weighed = entry === null ? ABSENT : weigh(ctx, target, policy, entry, markers)
  return proceed<Weighed, Sight>(weighed, (found) => new Sight(moment, look, found))
}

/** What a failed look has shown. @throws The error itself, if it is not a remote failure. */
export function unavailable(moment: Moment, error: unknown): Sight {
  if (!isRemoteFailure(error)) throw error
  return { ...moment, ...UNSEEN, found: { kind: 'none', reason: 'unavailable', error } }
}

/** Judges an entry and decodes its value. One that cannot be read counts as `corrupt`. Async as {@link sightOf} is. */
export function weigh(
  ctx: CacheContext,
  target: Pick<Target, 'key' | 'declared'>,
  policy: Policy,
  text: string,
  markers: FoundMarkers,
): Weighed | Promise<Weighed> {
  try {
    const entry = parseEntry(text)
    const unseen = unseenTags(entry.header, markers)
    const weighed =
      unseen.length === 0
        ? appraise(ctx, target, policy, entry, markers)
        : lookFurther(ctx, unseen, markers, policy.after).then((all) =>
            appraise(ctx, target, policy, entry, all),
          )
    if (!(weighed instanceof Promise)) return lowered(weighed, policy)
    return weighed.then((found) => lowered(found, policy)).catch(unreadable)
  } catch (error) {
    return unreadable(error)
  }
}

function unreadable(error: unknown): Nothing {
  if (!(error instanceof CorruptEntryError)) throw error
  return { kind: 'none', reason: 'corrupt', error }
}

const RANKS = ['fresh', 'stale', 'stale-if-error'] as const

/** What was found, with its freshness lowered if the call's `freshness` says so. */
export function lowered<Any extends Found | Nothing>(found: Any, { freshness }: Policy): Any {
  if (freshness === undefined || found.kind === 'none') return found
  const kind = freshness(found.value)
  return RANKS.indexOf(kind) > RANKS.indexOf(found.kind) ? { ...found, kind } : found
}

/** Adds the markers of tags that the entry has but the call did not declare: a second look. */
async function lookFurther(
  ctx: CacheContext,
  unseen: readonly string[],
  seen: FoundMarkers,
  after: string | undefined,
): Promise<FoundMarkers> {
  const markers = unseen.map((segment) => ctx.names.bySegment(segment))
  const more = await ctx.steps.lookAt(markers, after)
  return new Map([...seen, ...more])
}

function appraise(
  ctx: CacheContext,
  { key, declared }: Pick<Target, 'key' | 'declared'>,
  policy: Policy,
  entry: ParsedEntry,
  markers: FoundMarkers,
): Weighed | Promise<Weighed> {
  const verdict = judge(entry.header, declared, markers, ctx.platform.now())
  if (verdict.kind === 'none') return verdict
  const opened = openEntry(ctx, key, entry)
  const value = policy.schema ? check(policy.schema, opened) : opened
  const found = new Found(verdict.kind, entry, value)
  if (policy.reconcile) return reconciled(policy.reconcile, found)
  return value instanceof Promise ? value.then((settled) => ({ ...found, value: settled })) : found
}

/** Applies the caller's `reconcile` to a valid entry. */
async function reconciled(
  reconcile: NonNullable<Policy['reconcile']>,
  found: Found,
): Promise<Weighed> {
  const value = await reconcile(await found.value)
  return value === undefined ? { kind: 'none', reason: 'invalidated' } : { ...found, value }
}

async function check(schema: NonNullable<Policy['schema']>, value: unknown): Promise<unknown> {
  const checked = await schema['~standard'].validate(await value)
  if (checked.issues) throw new CorruptEntryError('the schema refuses the value')
  return checked.value
}
