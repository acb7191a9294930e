/**
 * Reads of many keys: one look for all, one loader call for all that are missing.
 *
 * @module
 */

import type { Duration } from '../entry/duration.ts'
import { prefixOf } from '../entry/header.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Flight } from '../flight/single-flight.ts'
import type { NearCopy } from '../near/near-tier.ts'
import { type CacheContext, isRemoteFailure, report, type Target, targetOf } from './context.ts'
import { admit, fly, join, obtain, previousOf } from './load.ts'
import type { Admission, LoadContext, Loaded } from './loader.ts'
import { nearHit } from './near-copy.ts'
import { momentOf, observe, weigh } from './observe.ts'
import type { Policy } from './options.ts'
import { answer, nearResult, onlyFresh, type ReadResult, reportRefresh } from './read.ts'
import { type Found, type Nothing, type Sight, UNSEEN } from './sight.ts'

/** What a loader of several keys is told, and what it may decide of each. */
export interface ManyLoadContext {
  /** Aborted when the load has taken longer than its hard timeout. */
  readonly signal: AbortSignal
  /** Replaces `ttl` for the value of this key. */
  setTtl(key: string, ttl: Duration): void
  /** Answers the value of this key without storing it. */
  skip(key: string): void
}

/** Produces the values of several keys at once; a key it leaves out has the value `undefined`. */
export type ManyLoader<Value = unknown> = (
  keys: readonly string[],
  context: ManyLoadContext,
) => ReadonlyMap<string, Value> | Promise<ReadonlyMap<string, Value>>

/** What is known of one key: a near copy, or what the look at all of them has shown. */
type Seen = { readonly kind: 'near'; readonly copy: NearCopy } | SeenRemotely

interface SeenRemotely {
  readonly kind: 'remote'
  readonly target: Target
  readonly sight: Sight
}

/** The fresh entries among these keys: one request, one command; two with tags it does not name. */
export async function getMany(
  ctx: CacheContext,
  keys: readonly string[],
  policy: Policy,
): Promise<Map<string, unknown>> {
  const startedAt = ctx.platform.now()
  const hits = new Map<string, unknown>()
  for (const [key, seen] of await seeAll(ctx, keys, policy, false)) {
    const { value, outcome } =
      seen.kind === 'near'
        ? nearResult(ctx, seen.copy, policy)
        : onlyFresh(ctx, seen.target, policy, seen.sight)
    if (outcome.kind === 'hit') hits.set(key, value)
    report(ctx, 'get', key, outcome, startedAt)
  }
  return hits
}

async function seeAll(
  ctx: CacheContext,
  keys: readonly string[],
  policy: Policy,
  withLeases: boolean,
): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>()
  const wanted: Target[] = []
  for (const key of new Set(keys)) {
    const copy = nearHit(ctx, key, policy, policy.tags)
    if (copy) seen.set(key, { kind: 'near', copy })
    else wanted.push(targetOf(ctx, key, policy))
  }
  const sights = await lookAtAll(ctx, wanted, policy, withLeases)
  for (const [target, sight] of sights) seen.set(target.key, { kind: 'remote', target, sight })
  return seen
}

/** One look at all entries, their leases if wanted, and the union of their markers. */
async function lookAtAll(
  ctx: CacheContext,
  targets: readonly Target[],
  policy: Policy,
  withLeases: boolean,
): Promise<Map<Target, Sight>> {
  if (targets.length === 0) return new Map()
  const moment = momentOf(ctx)
  const union = new Map(targets.flatMap(({ asked }) => asked.map((m) => [m.segment, m])))
  try {
    const names = targets.map(({ names }) => names)
    const terms = { withLeases, after: policy.after }
    const look = await ctx.steps.lookMany(names, [...union.values()], terms)
    const sights = targets.map(async (target, i): Promise<[Target, Sight]> => {
      const text = look.entries[i] ?? null
      const markers = new Map(
        target.asked.map(({ segment }) => [segment, look.markers.get(segment) ?? null]),
      )
      const found: Found | Nothing =
        text === null
          ? { kind: 'none', reason: 'absent' }
          : await weigh(ctx, target, policy, text, markers)
      const lease = look.leases[i] ?? null
      return [target, { ...moment, lease, markers, found, prefix: prefixOf(text) }]
    })
    return new Map(await Promise.all(sights))
  } catch (error) {
    if (!isRemoteFailure(error)) throw error
    const found: Nothing = { kind: 'none', reason: 'unavailable', error }
    return new Map(targets.map((target) => [target, { ...moment, ...UNSEEN, found }]))
  }
}

/**
 * Reads all keys. Those missing are loaded by one loader call, each under its own lease; those stale
 * are served, and refreshed behind by another.
 */
export async function getOrSetMany(
  ctx: CacheContext,
  keys: readonly string[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, unknown>> {
  const startedAt = ctx.platform.now()
  try {
    const results = await readAll(ctx, keys, loader, policy)
    for (const [key, { outcome }] of results) report(ctx, 'getOrSet', key, outcome, startedAt)
    return new Map([...results].map(([key, { value }]) => [key, value]))
  } catch (error) {
    report(ctx, 'getOrSet', undefined, { kind: 'failed', error }, startedAt)
    throw error
  }
}

async function readAll(
  ctx: CacheContext,
  keys: readonly string[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, ReadResult>> {
  const seen = await seeAll(ctx, keys, policy, true)
  const loads = await loadAll(ctx, [...seen.values()].filter(isMissing), loader, policy)
  const aging: SeenRemotely[] = []
  const results = [...seen].map(async ([key, one]): Promise<[string, ReadResult]> => {
    if (one.kind === 'near') return [key, nearResult(ctx, one.copy, policy)]
    const { target, sight } = one
    // Whatever `answer` may have to load is missing, and its load has begun.
    const load = (): Promise<Loaded> => loads.get(key) as Promise<Loaded>
    const refresh = (): void => {
      aging.push(one)
    }
    return [key, await answer(ctx, target, policy, sight, { load, refresh })]
  })
  refreshAllBehind(ctx, aging, loader, policy)
  return new Map(await Promise.all(results))
}

function isMissing(seen: Seen): seen is SeenRemotely {
  if (seen.kind === 'near') return false
  const { kind } = seen.sight.found
  return kind === 'none' || kind === 'stale-if-error'
}

/** The loads of these keys: those that nobody else loads begin together. */
async function loadAll(
  ctx: CacheContext,
  missing: readonly SeenRemotely[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, Promise<Loaded>>> {
  const plans = await Promise.all(missing.map((one) => plan(ctx, one, policy)))
  const loads = flyTogether(ctx, plans, loader, policy)
  for (const { target, flight } of plans) {
    if (loads.has(target.key)) continue
    const alone = { target, policy, loader: single(loader, target.key) }
    const wait = async (): Promise<Loaded> =>
      (flight && (await join(ctx, target, flight))) ??
      obtain(ctx, alone, await observe(ctx, target, policy))
    loads.set(target.key, wait())
  }
  return loads
}

/** Loads all that were admitted, by one call of the loader. */
function flyTogether(
  ctx: CacheContext,
  plans: readonly Plan[],
  loader: ManyLoader,
  policy: Policy,
): Map<string, Promise<Loaded>> {
  const admitted = plans.filter(({ admission }) => admission)
  const keys = admitted.map(({ target }) => target.key)
  let batch: Promise<ManyLoaded> | undefined
  const loads = new Map<string, Promise<Loaded>>()
  for (const { target, sight, admission } of plans) {
    if (!admission) continue
    // The first to be called calls for all who were admitted; all of them were, before it.
    const shared = async (context: LoadContext): Promise<unknown> => {
      batch ??= callMany(loader, keys, context.signal)
      return pick(await batch, target.key, context)
    }
    const request = { target, policy, loader: shared }
    loads.set(target.key, fly(ctx, request, admission, previousOf(sight)))
  }
  return loads
}

/** Refreshes what was served, where nobody else does: one call of the loader. Never rejects. */
function refreshAllBehind(
  ctx: CacheContext,
  aging: readonly SeenRemotely[],
  loader: ManyLoader,
  policy: Policy,
): void {
  const due = aging.filter(
    ({ target, sight }) => !ctx.flights.get(target.names.entry)?.admits(sight),
  )
  if (due.length === 0) return
  const startedAt = ctx.platform.now()
  const refresh = async (): Promise<void> => {
    const plans = await Promise.all(due.map((one) => plan(ctx, one, policy)))
    const loads = flyTogether(ctx, plans, loader, policy)
    await Promise.all([...loads].map(([key, load]) => reportRefresh(ctx, key, load, startedAt)))
  }
  ctx.platform.defer(refresh())
}

/** One key's way to its value: a lease to load under, a flight to share, or waiting. */
interface Plan extends Omit<SeenRemotely, 'kind'> {
  readonly admission: Admission | undefined
  readonly flight: Flight | undefined
}

async function plan(
  ctx: CacheContext,
  { target, sight }: SeenRemotely,
  policy: Policy,
): Promise<Plan> {
  const flight = ctx.flights.get(target.names.entry)
  if (flight?.admits(sight)) return { target, sight, admission: undefined, flight }
  const unavailable = sight.found.kind === 'none' && sight.found.reason === 'unavailable'
  const request = { target, policy, loader: () => undefined }
  const admission = sight.lease === null ? await admit(ctx, request, sight, unavailable) : undefined
  return { target, sight, admission, flight: undefined }
}

function single(loader: ManyLoader, key: string): (context: LoadContext) => Promise<unknown> {
  return async (context) => pick(await callMany(loader, [key], context.signal), key, context)
}

/** What one call of the loader returned, and decided. */
interface ManyLoaded {
  readonly values: ReadonlyMap<string, unknown>
  readonly ttls: ReadonlyMap<string, Duration>
  readonly skipped: ReadonlySet<string>
}

/** The value of one key, with what was decided of it told to the load that stores it. */
function pick({ values, ttls, skipped }: ManyLoaded, key: string, context: LoadContext): unknown {
  const ttl = ttls.get(key)
  if (ttl !== undefined) context.setTtl(ttl)
  if (skipped.has(key)) context.skip()
  return values.get(key)
}

async function callMany(
  loader: ManyLoader,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ManyLoaded> {
  const ttls = new Map<string, Duration>()
  const skipped = new Set<string>()
  const values = await loader(keys, {
    signal,
    setTtl: (key, ttl) => {
      ttls.set(key, ttl)
    },
    skip: (key) => {
      skipped.add(key)
    },
  })
  if (!(values instanceof Map)) throw new InvalidOptionError('loader', 'one that returns a Map')
  return { values, ttls, skipped }
}
