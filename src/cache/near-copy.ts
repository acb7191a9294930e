/**
 * Decides which near copies a call may serve, and keeps new ones.
 *
 * @module
 */

import { detached, type EntryHeader, writePrefix } from '../entry/header.ts'
import { RemoteTimeoutError } from '../errors.ts'
import { deepFreeze, isProduction } from '../near/freeze.ts'
import type { Evidence } from '../near/labels.ts'
import type { KeptCopy, NearCopy } from '../near/near-tier.ts'
import type { CacheContext, Target } from './context.ts'
import { momentOf, unavailable } from './observe.ts'
import type { EntryOptions, NearPolicy, Policy } from './options.ts'
import type { Moment, Sight } from './sight.ts'

/** A value that Redis has confirmed, and when. */
export interface Proof extends Moment {
  readonly value: unknown
  readonly header: EntryHeader
  /** Length of the stored text. */
  readonly sizeBytes: number
}

/**
 * A copy that may be served without asking Redis: it is fresh, was confirmed less than `near.ttl` ago, and has every
 * tag that this call declares.
 */
export function nearHit(
  ctx: CacheContext,
  key: string,
  { near, after, freshness }: Policy,
  tags: readonly string[],
): KeptCopy | undefined {
  if (near === undefined || near.verify) return undefined
  // The copy may be older than the token.
  if (after !== undefined) return undefined
  const copy = ctx.near.get(key)
  if (copy === undefined || !carries(copy.labels.tags, tags)) return undefined
  if (!isYoung(copy, near, ctx.platform.now())) return undefined
  return isStillFresh(copy, freshness) ? copy : undefined
}

/** The options that decide whether {@link glance} may ignore the others. */
type Glanced = Pick<EntryOptions, 'near' | 'signal' | 'after'> & {
  readonly tags?: unknown
  readonly freshness?: unknown
}

/**
 * A near copy, found before the options of the call are resolved: the namespace's settings apply, and only the tags
 * of the call matter. Other options that are not valid are refused by the first call that misses.
 */
export function glance(
  ctx: CacheContext,
  policy: Policy,
  key: string,
  options: Glanced | undefined,
): KeptCopy | undefined {
  if (policy.near === undefined) return undefined
  if (options === undefined) return nearHit(ctx, key, policy, policy.tags)
  const { near, signal, after, freshness, tags = policy.tags } = options
  const isPlain = (near ?? signal ?? after ?? freshness) === undefined && Array.isArray(tags)
  return isPlain ? nearHit(ctx, key, policy, tags) : undefined
}

function isYoung(copy: NearCopy, { ttlMs }: Pick<NearPolicy, 'ttlMs'>, now: number): boolean {
  const ageMs = now - copy.provedAt
  return ageMs >= 0 && ageMs < ttlMs && ageMs < copy.freshMs
}

function isStillFresh({ value }: NearCopy, freshness: Policy['freshness']): boolean {
  return freshness === undefined || freshness(value) === 'fresh'
}

/**
 * A copy whose header and markers Redis has just confirmed: two commands, no payload, no lag. If that timed out, the
 * `Sight` of a Redis that is unavailable.
 */
export async function verifiedNearHit(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
): Promise<NearCopy | Sight | undefined> {
  if (policy.after !== undefined) return undefined
  const copy = ctx.near.get(target.key)
  if (!copy?.labels.evidence || !carries(copy.labels.tags, policy.tags)) return undefined
  const bound = { ttlMs: Infinity }
  if (!isYoung(copy, bound, ctx.platform.now())) return undefined
  if (!isStillFresh(copy, policy.freshness)) return undefined
  const { prefix, stamps } = copy.labels.evidence
  try {
    const [first, found] = await ctx.steps.verify(target.names.entry, copy.labels.markerKeys)
    const same = found.length === stamps.length && found.every((text, i) => text === stamps[i])
    if (same && first === prefix) return copy
  } catch (error) {
    // An unconfirmed copy is not served. The read asks Redis itself, except after a timeout: it must not wait
    // for a second deadline.
    const seen = unavailable(momentOf(ctx), error)
    return error instanceof RemoteTimeoutError ? seen : undefined
  }
  ctx.near.drop(target.key)
  return undefined
}

/** The copy's value, cloned if the policy says so. */
export function handOut(copy: NearCopy, near: NearPolicy | undefined): unknown {
  return near?.values === 'copy' ? structuredClone(copy.value) : copy.value
}

/** The promise that a near hit returns. If the value is shared, all reads get the same promise. */
export function answerOf(copy: KeptCopy, near: NearPolicy | undefined): Promise<unknown> {
  if (near?.values === 'copy') return Promise.resolve(handOut(copy, near))
  copy.answer ??= Promise.resolve(copy.value)
  return copy.answer
}

/** Factor for the size of a compressed entry: in memory, its value takes more than the stored text. */
const COMPRESSED = 4

/** Keeps a copy, dated to the moment before the request that confirmed it. */
export function keepNear(
  ctx: CacheContext,
  { key, declared }: Target,
  { near, tags }: Policy,
  { value, header, sizeBytes, provedAt, instant }: Proof,
): void {
  if (near === undefined) return
  // After a load longer than `near.ttl`, the copy would already be too old.
  if (!near.verify && ctx.platform.now() - provedAt >= near.ttlMs) return
  const kept = keepable(value, near)
  if (kept === undefined) return
  const known = new Map(declared.map((marker) => [marker.segment, marker.key]))
  const markerKeys = Array.from(
    header.stamps.keys(),
    (segment) => known.get(segment) ?? ctx.names.bySegment(segment).key,
  )
  ctx.near.put(key, {
    ...kept,
    labels: { tags, markerKeys, evidence: near.verify ? evidenceOf(header) : undefined },
    provedAt,
    // Rounded, so that engines store it as a small whole number, without an object on the heap.
    freshMs: Math.floor(header.freshUntil - provedAt),
    instant,
    sizeBytes: header.encoding[1] === 'z' ? sizeBytes * COMPRESSED : sizeBytes,
  })
}

function evidenceOf({ writeId, stamps }: EntryHeader): Evidence {
  return { prefix: detached(writePrefix(writeId)), stamps: Array.from(stamps.values(), detached) }
}

/** The value in the form in which it is kept; `undefined` if it cannot be kept. */
function keepable(value: unknown, { values }: NearPolicy): { readonly value: unknown } | undefined {
  try {
    return { value: values === 'copy' ? structuredClone(value) : share(value) }
  } catch {
    // A URL cannot be cloned, and JSON written by others can be nested deeper than the call stack allows.
    return undefined
  }
}

function share(value: unknown): unknown {
  return isProduction() ? value : deepFreeze(value)
}

/** Whether the copy was kept with every tag of the call. */
function carries(kept: readonly string[], declared: readonly string[]): boolean {
  return declared.every((tag, i) => tag === kept[i] || kept.includes(tag))
}
