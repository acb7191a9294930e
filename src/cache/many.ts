/**
 * Reads and writes of many keys: one look for all, one loader call for all that are missing.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import type { Flight } from '../flight/single-flight.ts'
import type { NearCopy } from '../near/near-tier.ts'
import { type CacheContext, isRemoteFailure, report, type Target, targetOf } from './context.ts'
import { encode } from './entry-text.ts'
import { admit, fly, join, obtain, previousOf } from './load.ts'
import type { Admission, LoadContext, Loaded } from './loader.ts'
import { handOut, keepNear, nearHit } from './near-copy.ts'
import {
  type Found,
  momentOf,
  type Nothing,
  observe,
  type Sight,
  UNSEEN,
  weigh,
} from './observe.ts'
import type { Policy } from './options.ts'
import type { Outcome } from './outcome.ts'
import type { ReadResult } from './read.ts'
import { commit, type SetResult, take, termsFor } from './write.ts'

/** Produces the values of several keys at once; a key it leaves out has the value `undefined`. */
export type ManyLoader<Value = unknown> = (
  keys: readonly string[],
  context: Pick<LoadContext<Value>, 'signal'>,
) => ReadonlyMap<string, Value> | Promise<ReadonlyMap<string, Value>>

/** What is known of one key: a near copy, or what the look at all of them has shown. */
type Seen =
  | { readonly kind: 'near'; readonly copy: NearCopy }
  | { readonly kind: 'remote'; readonly target: Target; readonly sight: Sight }

const NEAR_HIT: Outcome = { kind: 'hit', tier: 'near', freshness: 'fresh' }
const REMOTE_HIT: Outcome = { kind: 'hit', tier: 'remote', freshness: 'fresh' }

/** The fresh entries among these keys: one request, one command; two with tags it does not name. */
export async function getMany(
  ctx: CacheContext,
  keys: readonly string[],
  policy: Policy,
): Promise<Map<string, unknown>> {
  const startedAt = ctx.platform.now()
  const hits = new Map<string, unknown>()
  for (const [key, seen] of await seeAll(ctx, keys, policy, false)) {
    const { value, outcome } = resultOf(seen, policy)
    if (outcome.kind === 'hit') hits.set(key, value)
    report(ctx, 'get', key, outcome, startedAt)
  }
  return hits
}

function resultOf(seen: Seen, policy: Policy): ReadResult {
  if (seen.kind === 'near') return { value: handOut(seen.copy, policy.near), outcome: NEAR_HIT }
  const { found } = seen.sight
  if (found.kind === 'fresh') return { value: found.value, outcome: REMOTE_HIT }
  const miss: Outcome =
    found.kind === 'none' ? { ...found, kind: 'miss' } : { kind: 'miss', reason: 'expired' }
  return { value: undefined, outcome: miss }
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
    const copy = nearHit(ctx, key, policy)
    if (copy) seen.set(key, { kind: 'near', copy })
    else wanted.push(targetOf(ctx, key, policy))
  }
  const sights = await lookAtAll(ctx, wanted, policy, withLeases)
  for (const [target, sight] of sights) {
    const { found } = sight
    if (found.kind === 'fresh') keepNear(ctx, target, policy, { ...sight, ...found })
    seen.set(target.key, { kind: 'remote', target, sight })
  }
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
    const look = await ctx.steps.lookMany(names, [...union.values()], withLeases)
    const sights = targets.map(async (target, i): Promise<[Target, Sight]> => {
      const text = look.entries[i] ?? null
      const markers = new Map(
        target.asked.map(({ segment }) => [segment, look.markers.get(segment) ?? null]),
      )
      const found: Found | Nothing =
        text === null
          ? { kind: 'none', reason: 'absent' }
          : await weigh(ctx, target, policy, text, markers)
      return [target, { ...moment, lease: look.leases[i] ?? null, markers, found }]
    })
    return new Map(await Promise.all(sights))
  } catch (error) {
    if (!isRemoteFailure(error)) throw error
    const found: Nothing = { kind: 'none', reason: 'unavailable', error }
    return new Map(targets.map((target) => [target, { ...moment, ...UNSEEN, found }]))
  }
}

/** Reads all keys, and loads those missing by one loader call. Each is stored under its own lease. */
export async function getOrSetMany(
  ctx: CacheContext,
  keys: readonly string[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, unknown>> {
  const startedAt = ctx.platform.now()
  const seen = await seeAll(ctx, keys, policy, true)
  const loaded = await loadMissing(ctx, seen, loader, policy)
  const values = new Map<string, unknown>()
  for (const [key, one] of seen) {
    const result = resultOf(one, policy)
    const load = loaded.get(key)
    values.set(key, load ? load.value : result.value)
    report(ctx, 'getOrSet', key, load ? outcomeOf(load, result.outcome) : result.outcome, startedAt)
  }
  return values
}

function outcomeOf(load: Loaded, missed: Outcome): Outcome {
  const { shared, stored, loadMs, error } = load
  const reason = missed.kind === 'miss' ? missed.reason : 'absent'
  const outcome = { kind: 'loaded', reason, shared, stored, loadMs } as const
  return error === undefined ? outcome : { ...outcome, error }
}

/** One missing key's way to its value: a lease to load under, a flight to share, or waiting. */
interface Plan {
  readonly target: Target
  readonly sight: Sight
  readonly admission: Admission | undefined
  readonly flight: Flight | undefined
}

async function loadMissing(
  ctx: CacheContext,
  seen: ReadonlyMap<string, Seen>,
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, Loaded>> {
  const missing = [...seen.values()].flatMap((one) =>
    one.kind === 'remote' && one.sight.found.kind !== 'fresh' ? [one] : [],
  )
  const plans = await Promise.all(missing.map((one) => plan(ctx, one, policy)))
  const mine = plans.filter(({ admission }) => admission).map(({ target }) => target.key)
  let batch: Promise<ReadonlyMap<string, unknown>> | undefined
  const loads = plans.map(async ({ target, sight, admission, flight }): Promise<Loaded> => {
    const alone = { target, policy, loader: single(loader, target.key) }
    if (!admission) {
      const joined = flight && (await join(ctx, target, flight))
      return joined ?? obtain(ctx, alone, await observe(ctx, target, policy))
    }
    // The first to be called calls for all who were admitted; all of them were, before it.
    const shared = async ({ signal }: LoadContext): Promise<unknown> => {
      batch ??= callMany(loader, mine, signal)
      return (await batch).get(target.key)
    }
    return fly(ctx, { ...alone, loader: shared }, admission, previousOf(sight))
  })
  const results = await Promise.all(loads)
  return new Map(results.map((loaded, i) => [plans[i]?.target.key ?? '', loaded]))
}

async function plan(
  ctx: CacheContext,
  { target, sight }: Pick<Plan, 'target' | 'sight'>,
  policy: Policy,
): Promise<Plan> {
  const flight = ctx.flights.get(target.names.entry)
  if (flight?.admits(sight)) return { target, sight, admission: undefined, flight }
  const unavailable = sight.found.kind === 'none' && sight.found.reason === 'unavailable'
  const request = { target, policy, loader: () => undefined }
  const admission = sight.lease === null ? await admit(ctx, request, unavailable) : undefined
  return { target, sight, admission, flight: undefined }
}

function single(loader: ManyLoader, key: string): (context: LoadContext) => Promise<unknown> {
  return async ({ signal }) => (await callMany(loader, [key], signal)).get(key)
}

async function callMany(
  loader: ManyLoader,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const values = await loader(keys, { signal })
  if (!(values instanceof Map)) throw new InvalidOptionError('loader', 'one that returns a Map')
  return values
}

/** Stores many values: all first halves in one request, all second halves in another. */
export async function setMany(
  ctx: CacheContext,
  entries: ReadonlyMap<string, unknown>,
  policy: Policy,
): Promise<Map<string, SetResult>> {
  // All are encoded before the first is sent: one that cannot be stored leaves all alone.
  const items = [...entries].map(([key, value]) => {
    const terms = termsFor(value, policy)
    return { key, terms, target: targetOf(ctx, key, terms), encoded: encode(ctx, terms, value) }
  })
  const leases = await Promise.all(items.map(({ target, terms }) => take(ctx, target, terms)))
  const results = await Promise.all(
    items.map(({ target, terms, encoded }, i) => {
      const lease = leases[i]
      return lease ? commit(ctx, target, terms, lease, encoded) : 'superseded'
    }),
  )
  return new Map(items.map(({ key }, i) => [key, results[i] ?? 'superseded']))
}
