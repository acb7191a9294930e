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
import { InvalidOptionError } from '../errors.ts'
import { carriedOn } from '../platform/carried-on.ts'
import { type CacheContext, leaseMs, lifeMs, type Target, targetOf } from './context.ts'
import { compose, datedNow, type Encoded, encode, openEntry, sealEntry } from './entry-text.ts'
import { giveBack, termsFor } from './loader.ts'
import { weigh } from './observe.ts'
import type { Policy } from './options.ts'
import type { Lease } from './steps.ts'
import { stampsFor, storeUnder } from './under-lease.ts'

/**
 * `stored`; or `superseded`: a later set or delete of the key came first, or the lease had ended, and
 * nothing was stored. Either way no older value is served any more.
 */
export type SetResult = 'stored' | 'superseded'

/** The right to store a value that is computed after it was taken. */
export interface Ticket<Value> {
  /** @throws {InvalidValueError} When the value cannot be stored. */
  commit(value: Value): Promise<SetResult>
  /**
   * Has the right last as long from now as it does from when it was taken: `loaderTimeout.hard` and two seconds.
   * Nothing, if it is lost: `commit` finds out.
   *
   * @throws {RemoteError} As all that is asked of Redis.
   */
  extend(): Promise<void>
  /** Gives the right back without storing. */
  release(): Promise<void>
}

/**
 * Stores a value of the caller's: take, commit. It counts as loaded when the first of the two is
 * complete; to have it count from before it was computed, take a ticket.
 */
export async function set(
  ctx: CacheContext,
  key: string,
  value: unknown,
  policy: Policy,
): Promise<SetResult> {
  const terms = termsAtOnce(value, policy)
  const target = targetOf(ctx, key, terms)
  // Before anything is sent: a value that cannot be stored must leave what is there alone.
  const encoded = encode(ctx, terms, value)
  if (policy.consistency === 'relaxed' && ctx.codec.cipher === undefined && !ctx.link.cluster) {
    return storeAtOnce(ctx, target, terms, encoded)
  }
  return takeAndCommit(ctx, target, terms, encoded)
}

/** Stores many values: all first halves in one request, all second halves in another. */
export async function setMany(
  ctx: CacheContext,
  entries: ReadonlyMap<string, unknown>,
  policy: Policy,
): Promise<Map<string, SetResult>> {
  if (!(entries instanceof Map)) throw new InvalidOptionError('entries', 'a Map')
  // All are encoded before the first is sent: one that cannot be stored leaves all alone.
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
  // Between the two there is a lease, and nothing else.
  return carriedOn(ctx.platform, work)
}

/** Takes the right to store before the value is computed: a writer's T2 for a value of its own. */
export async function begin(
  ctx: CacheContext,
  key: string,
  policy: Policy,
): Promise<Ticket<unknown>> {
  const target = targetOf(ctx, key, policy)
  const lease = await take(ctx, { ...target, declared: target.asked }, policy)
  const release = (): Promise<void> => ctx.steps.release(target.names, lease.token)
  // The caller has gone: nobody else would give it back.
  if (policy.signal?.aborted) await release()
  return {
    release,
    extend: () => ctx.steps.prolong(target.names, lease.token, leaseMs(policy)),
    async commit(value) {
      const { policy: terms, lateTags } = termsFor(value, policy)
      const encoded = encode(ctx, terms, value)
      const found = stampsFor(ctx, lease.stamps, lateTags, lifeMs(terms))
      // Sent at once where it can be, hence in the request of what was sent before.
      const stamps: Stamps | undefined = found instanceof Promise ? await found : found
      if (stamps) return commit(ctx, target, terms, { ...lease, stamps }, encoded)
      // Its own tags may be among those that were invalidated since the ticket was taken.
      await release()
      return 'superseded'
    },
  }
}

/** First half of a set. What is near is gone when it returns. */
async function take(ctx: CacheContext, target: Target, policy: Policy): Promise<Lease> {
  const { steps } = ctx
  try {
    return await steps.take(target.names, target.declared, leaseMs(policy), lifeMs(policy))
  } finally {
    // Also when the answer was lost: it may have been applied.
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
  // The stamps are the header's last field; Redis puts in those it finds.
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
 * Makes an entry that is there, and servable, fresh for `ttl` from now. Loads and creates nothing.
 *
 * @returns Whether there was one.
 */
export async function touch(ctx: CacheContext, key: string, policy: Policy): Promise<boolean> {
  const target = targetOf(ctx, key, policy)
  const there = await servable(ctx, target, policy)
  if (!there) return false
  const { lifetimes, lifeMs } = datedNow(ctx, policy)
  const entry = await redate(ctx, key, policy, there, lifetimes)
  return ctx.steps.replace(target.names.entry, { entry, writeId: there.header.writeId, lifeMs })
}

/**
 * Puts a better text of the same value in the place of an entry that may be served: what was loaded
 * when it was loaded, carried on. It keeps its tags, times and identity, so whatever ends the life of
 * the one ends that of the other. Loads and creates nothing.
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
  if (!there) return false
  const value = await change(there.value)
  if (value === undefined) return false
  const { header } = there
  const encoded = await encode(ctx, policy, value)
  const kept = { ...header, encoding: encoded.encoding }
  return ctx.steps.replace(target.names.entry, {
    entry: await sealEntry(ctx, key, kept, encoded),
    writeId: header.writeId,
    lifeMs: Math.max(1, Math.ceil(header.staleUntil - ctx.platform.now())),
  })
}

/** An entry that may be served, in its parts and with its value. */
async function servable(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
): Promise<(ParsedEntry & { readonly value: unknown }) | undefined> {
  const { entry, markers } = await ctx.steps.look(target.names, target.asked)
  if (entry === null) return undefined
  const found = await weigh(ctx, target, policy, entry, markers)
  return found.kind === 'none' ? undefined : { ...parseEntry(entry), value: found.value }
}

/** The text of the same entry with other lifetimes; an encrypted payload is bound to its header. */
async function redate(
  ctx: CacheContext,
  key: string,
  policy: Policy,
  entry: ParsedEntry,
  lifetimes: Lifetimes,
): Promise<string> {
  const header = { ...entry.header, ...lifetimes }
  if (ctx.codec.cipher === undefined) return formatEntry(header, entry.payload)
  // As it is stored: what a schema or the caller makes of it is not what they would be given next time.
  const encoded = await encode(ctx, policy, await openEntry(ctx, key, entry))
  return sealEntry(ctx, key, { ...header, encoding: encoded.encoding }, encoded)
}

/** Deletes entries, and with their leases the right of running loads to store. */
export async function remove(ctx: CacheContext, keys: readonly string[]): Promise<void> {
  const names = keys.map((key) => ctx.names.keyspace.namesOf(key))
  if (names.length === 0) return
  try {
    await ctx.steps.delete(names)
  } finally {
    cover(ctx, keys)
  }
}

/** A local call on these keys has returned: no near copy from before it is served. */
function cover(ctx: CacheContext, keys: readonly string[]): void {
  ctx.near.tier.fence.mark(keys.map((key) => ctx.near.label(key)))
}

/** The terms of a value that is there: the tags that follow from it are as good as declared. */
function termsAtOnce(value: unknown, policy: Policy): Policy {
  const { policy: terms, lateTags } = termsFor(value, policy)
  return lateTags.length === 0 ? terms : { ...terms, tags: [...terms.tags, ...lateTags] }
}
