/**
 * Reads and writes of many keys: one look for all, one loader call for all that are missing.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import { type CacheContext, isRemoteFailure, report, type Target, targetOf } from './context.ts'
import { encode } from './entry-text.ts'
import { type Admission, admit, fly, join, type Loaded, obtain, previousOf } from './load.ts'
import type { LoadContext } from './loader.ts'
import { handOut, keepNear, nearHit } from './near-copy.ts'
import { type Found, momentOf, type Nothing, observe, type Sight, weigh } from './observe.ts'
import type { Policy } from './options.ts'
import { commit, type SetResult, take } from './write.ts'

/** Produces the values of several keys at once; a key it leaves out has the value `undefined`. */
export type ManyLoader<Value = unknown> = (
  keys: readonly string[],
  context: Pick<LoadContext<Value>, 'signal'>,
) => ReadonlyMap<string, Value> | Promise<ReadonlyMap<string, Value>>

/** The fresh entries among these keys: one request, one command; two with tags it does not name. */
export async function getMany(
  ctx: CacheContext,
  keys: readonly string[],
  policy: Policy,
): Promise<Map<string, unknown>> {
  const startedAt = ctx.platform.now()
  const found = await findMany(ctx, keys, policy)
  for (const [key, { outcome }] of found) report(ctx, 'get', key, outcome, startedAt)
  const hits = [...found].filter(([, { outcome }]) => outcome.kind === 'hit')
  return new Map(hits.map(([key, { value }]) => [key, value]))
}

interface ManyResult {
  readonly value: unknown
  readonly outcome: Parameters<typeof report>[3]
}

async function findMany(
  ctx: CacheContext,
  keys: readonly string[],
  policy: Policy,
): Promise<Map<string, ManyResult>> {
  const results = new Map<string, ManyResult>()
  const wanted: Target[] = []
  for (const key of new Set(keys)) {
    const copy = nearHit(ctx, key, policy)
    if (!copy) wanted.push(targetOf(ctx, key, policy))
    else {
      const outcome = { kind: 'hit', tier: 'near', freshness: 'fresh' } as const
      results.set(key, { value: handOut(copy, policy.near), outcome })
    }
  }
  const moment = momentOf(ctx)
  const found = await lookAtAll(ctx, wanted, policy)
  wanted.forEach((target, i) => {
    const one = found[i] ?? { kind: 'none', reason: 'absent' }
    if (one.kind === 'none') {
      results.set(target.key, { value: undefined, outcome: { ...one, kind: 'miss' } })
    } else if (one.kind === 'fresh') {
      keepNear(ctx, target, policy, { ...one, ...moment })
      const outcome = { kind: 'hit', tier: 'remote', freshness: 'fresh' } as const
      results.set(target.key, { value: one.value, outcome })
    } else {
      results.set(target.key, { value: undefined, outcome: { kind: 'miss', reason: 'expired' } })
    }
  })
  return results
}

/** One look at all entries and the union of their markers. */
async function lookAtAll(
  ctx: CacheContext,
  targets: readonly Target[],
  policy: Policy,
): Promise<(Found | Nothing)[]> {
  if (targets.length === 0) return []
  const union = new Map(targets.flatMap(({ declared }) => declared.map((m) => [m.segment, m])))
  const markers = [...union.values()]
  try {
    const entries = targets.map(({ names }) => names.entry)
    const [texts, found] = await ctx.steps.lookMany(entries, markers)
    const seen = new Map(markers.map(({ segment }, i) => [segment, found[i] ?? null]))
    return await Promise.all(
      targets.map((target, i): Promise<Found | Nothing> | Nothing => {
        const text = texts[i] ?? null
        if (text === null) return { kind: 'none', reason: 'absent' }
        return weigh(ctx, target, policy, text, seen)
      }),
    )
  } catch (error) {
    if (!isRemoteFailure(error)) throw error
    return targets.map(() => ({ kind: 'none', reason: 'unavailable', error }))
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
  const found = await findMany(ctx, keys, policy)
  const missing = [...found].filter(([, { outcome }]) => outcome.kind !== 'hit').map(([key]) => key)
  const loaded = await loadAll(ctx, missing, loader, policy)
  const values = new Map<string, unknown>()
  for (const [key, { value, outcome }] of found) {
    const load = loaded.get(key)
    values.set(key, load ? load.value : value)
    report(ctx, 'getOrSet', key, load ? outcomeOf(load, outcome) : outcome, startedAt)
  }
  return values
}

function outcomeOf(load: Loaded, missed: ManyResult['outcome']): ManyResult['outcome'] {
  const { shared, stored, loadMs, error } = load
  const reason = missed.kind === 'miss' ? missed.reason : 'absent'
  const outcome = { kind: 'loaded', reason, shared, stored, loadMs } as const
  return error === undefined ? outcome : { ...outcome, error }
}

/** One key's way to its value: a flight to share, a lease to load under, or waiting. */
interface Plan {
  readonly target: Target
  readonly seen: Sight
  readonly admission: Admission | undefined
  readonly joined: Promise<Loaded | undefined> | undefined
}

async function loadAll(
  ctx: CacheContext,
  keys: readonly string[],
  loader: ManyLoader,
  policy: Policy,
): Promise<Map<string, Loaded>> {
  const plans = await Promise.all(keys.map((key) => plan(ctx, key, policy)))
  const mine = plans.filter(({ admission }) => admission).map(({ target }) => target.key)
  let batch: Promise<ReadonlyMap<string, unknown>> | undefined
  const loads = plans.map(async ({ target, seen, admission, joined }) => {
    const alone = { target, policy, loader: single(loader, target.key) }
    if (admission) {
      // The first to be called calls for all who were admitted; they were admitted before it.
      const shared = async ({ signal }: LoadContext): Promise<unknown> => {
        batch ??= callMany(loader, mine, signal)
        return (await batch).get(target.key)
      }
      return fly(ctx, { ...alone, loader: shared }, admission, previousOf(seen))
    }
    const other = await joined
    return other ?? obtain(ctx, alone, await observe(ctx, target, policy))
  })
  const results = await Promise.all(loads)
  return new Map(plans.map(({ target }, i) => [target.key, results[i] as Loaded]))
}

async function plan(ctx: CacheContext, key: string, policy: Policy): Promise<Plan> {
  const target = targetOf(ctx, key, policy)
  const seen = await observe(ctx, target, policy)
  const flight = ctx.flights.get(target.names.entry)
  if (flight?.admits(seen)) {
    const joined = join(ctx, target, flight)
    joined.then(undefined, () => undefined) // awaited later, with the others
    return { target, seen, admission: undefined, joined }
  }
  const unavailable = seen.found.kind === 'none' && seen.found.reason === 'unavailable'
  const isFree = seen.lease === null && seen.found.kind !== 'fresh'
  const request = { target, policy, loader: () => undefined }
  const admission = isFree ? await admit(ctx, request, unavailable) : undefined
  return { target, seen, admission, joined: undefined }
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
  const items = [...entries].map(([key, value]) => ({
    key,
    target: targetOf(ctx, key, policy),
    encoded: encode(ctx, policy, value),
  }))
  const leases = await Promise.all(items.map(({ target }) => take(ctx, target, policy)))
  const results = await Promise.all(
    items.map(({ target, encoded }, i) => {
      const lease = leases[i]
      return lease ? commit(ctx, target, policy, lease, encoded) : 'superseded'
    }),
  )
  return new Map(items.map(({ key }, i) => [key, results[i] ?? 'superseded']))
}
