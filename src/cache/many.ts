/**
 * Reads of many keys: one look for all, one loader call for all that are missing.
 *
 * @module
 */

import type { Duration } from '../entry/duration.ts'
import { InvalidOptionError, RemoteError } from '../errors.ts'
import type { Flight } from '../flight/single-flight.ts'
import type { NearCopy } from '../near/near-tier.ts'
import { type CacheContext, report, reportedEach, type Target, targetOf } from './context.ts'
import { admit, fly, join, obtain, previousOf } from './load.ts'
import type { Admission, LoadContext, Loaded, Loader } from './loader.ts'
import type { Marker } from './names.ts'
import { nearHit } from './near-copy.ts'
import { momentOf, observe, sightOf, unavailable } from './observe.ts'
import type { Policy } from './options.ts'
import { answer, nearResult, onlyFresh, type ReadResult, reportRefresh } from './read.ts'
import type { Look, Sight } from './sight.ts'

/** The second argument of a loader of several keys. */
export interface ManyLoadContext {
  /** Aborted when the load has taken longer than its hard timeout. */
  readonly signal: AbortSignal
  /** Replaces `ttl` for the value of this key. */
  setTtl(key: string, ttl: Duration): void
  /** Returns the value of this key to the caller without storing it. */
  skip(key: string): void
}

/** Produces the values of several keys at once; a key it leaves out has the value `undefined`. */
export type ManyLoader<Value = unknown> = (
  keys: readonly string[],
  context: ManyLoadContext,
) => ReadonlyMap<string, Value> | Promise<ReadonlyMap<string, Value>>

/** One key, and what the look at all keys has shown of it. */
interface Seen {
  readonly target: Target
  readonly sight: Sight
}

/** Reads the fresh entries of these keys: one command, and a second one if entries have tags not declared here. */
export async function getMany(
  ctx: CacheContext,
  keys: readonly string[],
  policy: Policy,
): Promise<Map<string, unknown>> {
  const startedAt = ctx.platform.now()
  const { copies, seen } = await seeAll(ctx, keys, policy, false)
  const hits = new Map<string, unknown>()
  const end = (key: string, { value, outcome }: ReadResult): void => {
    if (outcome.kind === 'hit') hits.set(key, value)
    report(ctx, 'get', key, outcome, startedAt)
  }
  for (const [key, copy] of copies) end(key, nearResult(ctx, copy, policy))
  for (const { target, sight } of seen) end(target.key, onlyFresh(ctx, target, policy, sight))
  return hits
}

/** Finds near copies of the keys, and looks at the others in Redis. */
async function seeAll(
  ctx: CacheContext,
  keys: readonly string[],
  policy: Policy,
  withLeases: boolean,
): Promise<{ readonly copies: ReadonlyMap<string, NearCopy>; readonly seen: readonly Seen[] }> {
  if (!Array.isArray(keys)) throw new InvalidOptionError('keys', 'a list of keys')
  const copies = new Map<string, NearCopy>()
  const wanted: Target[] = []
  for (const key of new Set(keys)) {
    const copy = nearHit(ctx, key, policy, policy.tags)
    if (copy) copies.set(key, copy)
    else wanted.push(targetOf(ctx, key, policy))
  }
  return { copies, seen: await lookAtAll(ctx, wanted, policy, withLeases) }
}

/** Looks at all entries, at their leases if wanted, and at the union of their markers, in one command. */
async function lookAtAll(
  ctx: CacheContext,
  targets: readonly Target[],
  policy: Policy,
  withLeases: boolean,
): Promise<readonly Seen[]> {
  if (targets.length === 0) return []
  const moment = momentOf(ctx)
  const union = unionOf(targets)
  const look = ctx.steps.lookMany(targets, union, { withLeases, after: policy.after })
  const seen = targets.map(async (target, i): Promise<Seen> => {
    const pick = (looks: readonly Look[]): Sight | Promise<Sight> =>
      sightOf(ctx, target, policy, moment, partOf(looks[i] as Look, union, target))
    // On a cluster perhaps only one node is down: each key is looked at alone, so that the other nodes answer.
    const alone = (error: unknown): Sight | Promise<Sight> =>
      ctx.link.cluster && error instanceof RemoteError
        ? observe(ctx, target, policy)
        : unavailable(moment, error)
    return { target, sight: await look.then(pick).catch(alone) }
  })
  return Promise.all(seen)
}

/** The markers that any target asks for, each once. If all ask for the same list, that list object itself. */
function unionOf(targets: readonly Target[]): readonly Marker[] {
  const [list = [], ...others] = new Set(targets.map(({ asked }) => asked))
  if (others.length === 0) return list
  return [...new Map([list, ...others].flat().map((marker) => [marker.segment, marker])).values()]
}

/** A look reduced to the markers of one target: readers share a load only if they saw exactly its markers. */
function partOf(look: Look, union: readonly Marker[], { asked }: Target): Look {
  if (asked === union) return look
  const markers = asked.map(({ segment }) => [segment, look.markers.get(segment) ?? null] as const)
  return { ...look, markers: new Map(markers) }
}

/**
 * Reads all keys. One call of the loader loads the missing ones, each under its own lease. Stale ones are served,
 * and another call refreshes them in the background.
 */
export async function getOrSetMany(
  ctx: CacheContext,
  keys: readonly string[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, unknown>> {
  const read = (): Promise<Map<string, ReadResult>> => readAll(ctx, keys, loader, policy)
  const results = await reportedEach(ctx, 'getOrSet', read, ({ outcome }) => outcome)
  return new Map([...results].map(([key, { value }]) => [key, value]))
}

async function readAll(
  ctx: CacheContext,
  keys: readonly string[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, ReadResult>> {
  const { copies, seen } = await seeAll(ctx, keys, policy, true)
  const loads = await loadAll(ctx, seen.filter(isMissing), loader, policy)
  const aging: Seen[] = []
  const results = seen.map(async (one): Promise<[string, ReadResult]> => {
    const { target, sight } = one
    // `answer` loads only missing keys, and their loads have begun.
    const load = (): Promise<Loaded> => loads.get(target.key) as Promise<Loaded>
    const refresh = (): void => {
      aging.push(one)
    }
    return [target.key, await answer(ctx, target, policy, sight, { load, refresh })]
  })
  refreshAllBehind(ctx, aging, loader, policy)
  const near = [...copies].map(([key, copy]) => [key, nearResult(ctx, copy, policy)] as const)
  return new Map([...near, ...(await Promise.all(results))])
}

function isMissing({ sight: { found } }: Seen): boolean {
  return found.kind === 'none' || found.kind === 'stale-if-error'
}

/** Gets the values of missing keys: loads together those that nobody else loads, and waits for the others. */
async function loadAll(
  ctx: CacheContext,
  missing: readonly Seen[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, Promise<Loaded>>> {
  const plans = await Promise.all(missing.map((one) => plan(ctx, one, policy)))
  const loads = flyTogether(ctx, plans, loader, policy)
  for (const { target, flight } of plans) {
    if (loads.has(target.key)) continue
    const alone = { target, policy, loader: together(loader, [target.key])(target.key) }
    const wait = async (): Promise<Loaded> =>
      (flight && (await join(ctx, target, flight))) ??
      obtain(ctx, alone, await observe(ctx, target, policy))
    loads.set(target.key, wait())
  }
  return loads
}

/** Loads all admitted keys with one call of the loader. */
function flyTogether(
  ctx: CacheContext,
  plans: readonly Plan[],
  loader: ManyLoader,
  policy: Policy,
): Map<string, Promise<Loaded>> {
  const admitted = plans.filter(isAdmitted)
  const loaderOf = together(
    loader,
    admitted.map(({ target }) => target.key),
  )
  return new Map(
    admitted.map(({ target, sight, admission }) => {
      const request = { target, policy, loader: loaderOf(target.key) }
      return [target.key, fly(ctx, request, admission, previousOf(sight))]
    }),
  )
}

/** Refreshes served keys in the background, with one call of the loader, unless others load them. Never rejects. */
function refreshAllBehind(
  ctx: CacheContext,
  aging: readonly Seen[],
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

/** How one key gets its value: by loading (`admission`), by sharing a flight, or else by waiting. */
interface Plan extends Seen {
  readonly admission: Admission | undefined
  readonly flight: Flight | undefined
}

function isAdmitted(plan: Plan): plan is Plan & { readonly admission: Admission } {
  return plan.admission !== undefined
}

async function plan(ctx: CacheContext, { target, sight }: Seen, policy: Policy): Promise<Plan> {
  const found = ctx.flights.get(target.names.entry)
  const flight = found?.admits(sight) ? found : undefined
  const admission = flight ? undefined : await admit(ctx, { target, policy }, sight, false)
  return { target, sight, admission, flight }
}

/** Makes a loader for each key. The first one called calls `loader` for all keys; the others wait for its result. */
function together(loader: ManyLoader, keys: readonly string[]): (key: string) => Loader {
  let batch: Promise<ManyLoaded> | undefined
  return (key) => async (context) => {
    batch ??= callMany(loader, keys, context.signal)
    return pick(await batch, key, context)
  }
}

/** What one call of the loader has returned and set. */
interface ManyLoaded {
  readonly values: ReadonlyMap<string, unknown>
  readonly ttls: ReadonlyMap<string, Duration>
  readonly skipped: ReadonlySet<string>
}

/** The value of one key. Passes the loader's settings for it on to the load that stores it. */
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
