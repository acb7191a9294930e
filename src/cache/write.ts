/**
 * Writes by key: set, ticket, touch, amend, delete.
 *
 * @module
 */

import type { Lifetimes } from '../entry/freshness.ts'
import {
  formatEntry,
  formatHeader,
  type ParsedEntry,
  parseEntry,
  type Stamps,
} from '../entry/header.ts'
import { randomId } from '../entry/id.ts'
import { InvalidOptionError } from '../errors.ts'
import { carriedOn } from '../platform/carried-on.ts'
import { type CacheContext, leaseMs, lifeMs, type Target, targetOf } from './context.ts'
import { compose, datedNow, type Encoded, encode, openEntry, sealEntry } from './entry-text.ts'
import { giveBack, termsFor } from './loader.ts'
import { weigh } from './observe.ts'
import type { Policy } from './options.ts'
import type { Look } from './sight.ts'
import type { Lease } from './steps.ts'
import { stampsFor, storeUnder } from './under-lease.ts'

/**
 * `stored`; or `superseded`: nothing was stored, because a later set or delete of the key came first, or the lease
 * had ended. In both cases no older value is served any more.
 */
export type SetResult = 'stored' | 'superseded'

/**
 * The right to store a value, taken before the value is computed. Until it is used, released or over, other callers of
 * the key wait for it.
 */
export interface Ticket<Value> {
  /**
   * Stores the value.
   *
   * @throws {InvalidValueError} When it has no encoding or is too large. The right is kept, for another value: release
   * it if there is none.
   */
  commit(value: Value): Promise<SetResult>
  /**
   * Makes the right last `loaderTimeout.hard` plus two seconds from now. If it was lost, this has no effect, and
   * `commit` returns `superseded`.
   *
   * @throws {RemoteError} When Redis has not confirmed it; also `RemoteTimeoutError` and `CircuitOpenError`.
   */
  extend(): Promise<void>
  /** Gives the right back without storing. */
  release(): Promise<void>
}

/**
 * Stores a value in two steps, take and commit. The value counts as loaded when the first step is complete; to
 * make it count from before it was computed, take a ticket.
 */
export async function set(
  ctx: CacheContext,
  key: string,
  value: unknown,
  policy: Policy,
): Promise<SetResult> {
  const terms = termsAtOnce(value, policy)
  const target = targetOf(ctx, key, terms)
  // Encoded before anything is sent: a value that cannot be stored must leave the existing entry alone.
  const encoded = encode(ctx, terms, value)
  if (policy.consistency === 'relaxed' && ctx.codec.cipher === undefined && !ctx.link.cluster) {
    return storeAtOnce(ctx, target, terms, encoded)
  }
  return takeAndCommit(ctx, target, terms, encoded)
}

/** Stores many values: all takes in one request, all commits in another. */
export async function setMany(
  ctx: CacheContext,
  entries: ReadonlyMap<string, unknown>,
  policy: Policy,
): Promise<Map<string, SetResult>> {
  if (!(entries instanceof Map)) throw new InvalidOptionError('entries', 'a Map')
  // All are encoded before anything is sent: if one cannot be stored, all existing entries are left alone.
  const items = [...entries].map(([key, value]) => {
    const terms = termsAtOnce(value, policy)
    return { key, terms, target: targetOf(ctx, key, terms), encoded: encode(ctx, terms, value) }
  })
  const results = items.map(
    async ({ key, target, terms, encoded }) =>
      [key, await takeAndCommit(ctx, target, terms, encoded)] as const,
  )
  return new Map(await Promise.all(results))
}

/** Both halves of a set. */
function takeAndCommit(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  encoded: Encoded,
): Promise<SetResult> {
  const work = take(ctx, target, policy).then((lease) =>
    commit(ctx, target, policy, lease, encoded),
  )
  // Kept alive: between the two steps there is a lease and no entry.
  return carriedOn(ctx.platform, work)
}

/** Takes the right to store before the value is computed, so that T2 holds for a value that the caller computes. */
export async function begin(
  ctx: CacheContext,
  key: string,
  policy: Policy,
): Promise<Ticket<unknown>> {
  const target = targetOf(ctx, key, policy)
  const lease = await take(ctx, { ...target, declared: target.asked }, policy)
  const release = (): Promise<void> => ctx.steps.release(target.names, lease.token)
  // The caller has given up and will not get the ticket, so it is released here.
  if (policy.signal?.aborted) await release()
  return {
    release,
    extend: () => ctx.steps.prolong(target.names, lease.token, leaseMs(policy)),
    async commit(value) {
      const { policy: terms, lateTags } = termsFor(value, policy)
      const encoded = encode(ctx, terms, value)
      const found = stampsFor(ctx, lease.stamps, lateTags, lifeMs(terms))
      // No `await` unless necessary: the commit then goes in the request of what was sent before in this tick.
      const stamps: Stamps | undefined = found instanceof Promise ? await found : found
      if (stamps) return commit(ctx, target, terms, { ...lease, stamps }, encoded)
      // Something was invalidated since the ticket was taken: perhaps one of the late tags.
      await release()
      return 'superseded'
    },
  }
}

/** First half of a set. When it returns, no older near copy is served. */
async function take(ctx: CacheContext, target: Target, policy: Policy): Promise<Lease> {
  const { steps } = ctx
  try {
    return await steps.take(target.names, target.declared, leaseMs(policy), lifeMs(policy))
  } finally {
    // Also after a failure, because the request may have been applied.
    cover(ctx, [target.key])
  }
}

/** Second half of a set. */
async function commit(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  lease: Lease,
  encoded: Encoded,
): Promise<SetResult> {
  try {
    const parts = { encoded, stamps: lease.stamps, loadMs: 0 }
    return (await storeUnder(ctx, lease, target, policy, parts)) ? 'stored' : 'superseded'
  } catch (error) {
    giveBack(ctx, target, lease)
    throw error
  }
}

/** A set in one request. */
async function storeAtOnce(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  encoded: Encoded,
): Promise<SetResult> {
  const none = { encoded, stamps: new Map(), loadMs: 0 }
  const text = await compose(ctx, target.key, policy, none)
  // The stamps are the last field of the header: the script appends the current ones.
  const line = formatHeader(text.header)
  const halves = [line, `\n${(await encoded).text}`] as const
  try {
    await ctx.steps.store(target.names, target.declared, halves, text.lifeMs)
  } finally {
    cover(ctx, [target.key])
  }
  return 'stored'
}

/**
 * Makes an entry that may be served fresh for `ttl` from now, or as long as a set of its value would. Loads and creates
 * nothing.
 *
 * @returns Whether there was one.
 */
export async function touch(ctx: CacheContext, key: string, policy: Policy): Promise<boolean> {
  const target = targetOf(ctx, key, policy)
  const there = await servable(ctx, target, policy)
  if (!there) return false
  const { header, value } = there
  const { lifetimes, lifeMs } = datedNow(ctx, termsFor(value, policy).policy)
  const entry = await redate(ctx, key, policy, there, lifetimes)
  return ctx.steps.replace(target.names.entry, { entry, writeId: header.writeId, lifeMs })
}

/**
 * Replaces the value of an entry that may be served by an updated version of it. The entry keeps its tags and
 * lifetimes, so whatever would have ended the old version ends the new one. Its write id is new: near copies of the
 * old version are not confirmed any more, and no other change of it is applied. Loads and creates nothing.
 *
 * @param change Returns the new value, or `undefined` to leave the entry as it is.
 * @returns Whether the entry was changed.
 */
export async function amend(
  ctx: CacheContext,
  key: string,
  change: (value: unknown) => unknown,
  policy: Policy,
): Promise<boolean> {
  const target = targetOf(ctx, key, policy)
  const there = await servable(ctx, target, policy)
  // A load under way may have read the source before it changed, and would store that over the new value.
  if (there?.lease !== null) return false
  const value = await change(there.value)
  if (value === undefined) return false
  const { header } = there
  const encoded = await encode(ctx, policy, value)
  const amended = { ...header, writeId: randomId(), encoding: encoded.encoding }
  const entry = await sealEntry(ctx, key, amended, encoded)
  const lifeMs = Math.max(1, Math.ceil(header.staleUntil - ctx.platform.now()))
  try {
    return await ctx.steps.replace(target.names.entry, { entry, writeId: header.writeId, lifeMs })
  } finally {
    cover(ctx, [key])
  }
}

/** The entry of a target, parsed and with its value; `undefined` if it may not be served. */
async function servable(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
): Promise<(ParsedEntry & Pick<Look, 'lease'> & { readonly value: unknown }) | undefined> {
  const { entry, lease, markers } = await ctx.steps.look(target.names, target.asked)
  if (entry === null) return undefined
  const found = await weigh(ctx, target, policy, entry, markers)
  return found.kind === 'none' ? undefined : { ...parseEntry(entry), lease, value: found.value }
}

/** The text of an entry with other lifetimes. An encrypted payload is bound to the header, so it is sealed again. */
async function redate(
  ctx: CacheContext,
  key: string,
  policy: Policy,
  entry: ParsedEntry,
  lifetimes: Lifetimes,
): Promise<string> {
  const header = { ...entry.header, ...lifetimes }
  if (ctx.codec.cipher === undefined) return formatEntry(header, entry.payload)
  // The value as stored, not as `schema` or `reconcile` changed it: at the next read they get the stored one again.
  const encoded = await encode(ctx, policy, await openEntry(ctx, key, entry))
  return sealEntry(ctx, key, { ...header, encoding: encoded.encoding }, encoded)
}

/** Deletes entries and their leases, so that running loads can no longer store. */
export async function remove(ctx: CacheContext, keys: readonly string[]): Promise<void> {
  const names = keys.map((key) => ctx.names.keyspace.namesOf(key))
  if (names.length === 0) return
  try {
    await ctx.steps.delete(names)
  } finally {
    cover(ctx, keys)
  }
}

/** From now on, no near copy of these keys from before this moment is served. */
function cover(ctx: CacheContext, keys: readonly string[]): void {
  ctx.near.tier.fence.mark(keys.map((key) => ctx.near.label(key)))
}

/** The terms for a value that is known before the lease is taken: tags derived from it count as declared. */
function termsAtOnce(value: unknown, policy: Policy): Policy {
  const { policy: terms, lateTags } = termsFor(value, policy)
  return lateTags.length === 0 ? terms : { ...terms, tags: [...terms.tags, ...lateTags] }
}
