/**
 * The read path, from top to bottom: the near tier, one look at Redis, and the loader.
 *
 * A read never returns a value whose load began before a delete, a set or a hard invalidation that
 * covers it and was complete before the read's last look (docs/consistency.md, T1). Any failure of
 * Redis on the way is a miss, never an error for the caller (I2).
 *
 * @module
 */

import { shouldRefreshEarly } from '../entry/early-refresh.ts'
import { settledWithin, TIMED_OUT, whileWanted } from '../flight/deadline.ts'
import type { KeptCopy, NearCopy } from '../near/near-tier.ts'
import { type CacheContext, report, type Target, targetOf } from './context.ts'
import { lead, obtain } from './load.ts'
import type { Loaded, Loader, LoadRequest } from './loader.ts'
import { answerOf, handOut, keepNear, nearHit, verifiedNearHit } from './near-copy.ts'
import { observe } from './observe.ts'
import type { Policy } from './options.ts'
import type { Operation, Outcome } from './outcome.ts'
import type { Found, Sight } from './sight.ts'

/** The result of a read: a value, if `outcome` says that there is one. */
export interface ReadResult {
  readonly value: unknown
  readonly outcome: Outcome
}

const NEAR_HIT: Outcome = Object.freeze({ kind: 'hit', tier: 'near', freshness: 'fresh' })

/** Reads a key, and does not load on a miss. Serves only a fresh value. */
export async function get(
  ctx: CacheContext,
  operation: Operation,
  key: string,
  policy: Policy,
): Promise<ReadResult> {
  const startedAt = ctx.platform.now()
  const result = await whileWanted(ctx.platform, policy.signal, () => find(ctx, key, policy))
  report(ctx, operation, key, result.outcome, startedAt)
  return result
}

async function find(ctx: CacheContext, key: string, policy: Policy): Promise<ReadResult> {
  const target = targetOf(ctx, key, policy)
  const copy = policy.near?.verify
    ? await verifiedNearHit(ctx, target, policy)
    : nearHit(ctx, key, policy, policy.tags)
  if (copy && 'labels' in copy) return nearResult(ctx, copy, policy)
  return onlyFresh(ctx, target, policy, copy ?? (await observe(ctx, target, policy)))
}

/** Serves the entry that was seen if it is fresh; otherwise the result is a miss. */
export function onlyFresh(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  seen: Sight,
): ReadResult {
  const { found } = seen
  if (found.kind === 'none') {
    return { value: undefined, outcome: { ...found, kind: 'miss' } }
  }
  if (found.kind !== 'fresh') {
    return { value: undefined, outcome: { kind: 'miss', reason: 'expired' } }
  }
  if (policy.near) keepNear(ctx, target, policy, { ...seen, ...found })
  return served(found)
}

/** Reads a key; on a miss loads the value under a lease and stores it. */
export function getOrSet(
  ctx: CacheContext,
  key: string,
  loader: Loader,
  policy: Policy,
): Promise<unknown> {
  const copy = nearHit(ctx, key, policy, policy.tags)
  if (copy && !policy.signal?.aborted) return servedNear(ctx, 'getOrSet', key, copy, policy)
  return whileWanted(ctx.platform, policy.signal, () => readThrough(ctx, key, loader, policy))
}

/**
 * Serves a near copy that was found synchronously, without the steps below. Builds an event only if a listener
 * wants near hits.
 */
export function servedNear(
  ctx: CacheContext,
  operation: Operation,
  key: string,
  copy: KeptCopy,
  { near }: Pick<Policy, 'near'>,
): Promise<unknown> {
  ctx.near.hits.count++
  if (ctx.events.hearNearHits) report(ctx, operation, key, NEAR_HIT, ctx.platform.now())
  else ctx.events.countNearHit()
  return answerOf(copy, near)
}

async function readThrough(
  ctx: CacheContext,
  key: string,
  loader: Loader,
  policy: Policy,
): Promise<unknown> {
  const startedAt = ctx.platform.now()
  try {
    const target = targetOf(ctx, key, policy)
    const copy = policy.near?.verify ? await verifiedNearHit(ctx, target, policy) : undefined
    // The request object is created after the look, because it is a literal (docs/decisions/0015).
    const read =
      copy && 'labels' in copy
        ? nearResult(ctx, copy, policy)
        : serveOrLoad(ctx, copy ?? (await observe(ctx, target, policy)), { target, loader, policy })
    // A hit is there already and needs no `await`.
    const { value, outcome } = read instanceof Promise ? await read : read
    report(ctx, 'getOrSet', key, outcome, startedAt)
    return value
  } catch (error) {
    report(ctx, 'getOrSet', key, { kind: 'failed', error }, startedAt)
    throw error
  }
}

function serveOrLoad(
  ctx: CacheContext,
  seen: Sight,
  request: LoadRequest,
): ReadResult | Promise<ReadResult> {
  const { target, policy } = request
  // The usual case: there is nothing to load or refresh.
  const isHit = seen.found.kind === 'fresh' && policy.earlyRefresh === 0
  if (isHit) return onlyFresh(ctx, target, policy, seen)
  return answer(ctx, target, policy, seen, waysOf(ctx, request, seen))
}

/** The {@link Ways} of a reader with this sight. */
export function waysOf(ctx: CacheContext, request: LoadRequest, seen: Sight): Ways {
  return {
    load: () => obtain(ctx, request, seen),
    refresh: () => refreshBehind(ctx, request, seen),
  }
}

/** How a reader gets a value that it did not see in Redis. */
export interface Ways {
  load(): Promise<Loaded>
  /** Starts a load in the background, whose failure is only reported. */
  refresh(): void
}

/** Serves the entry that was seen if it may be served; otherwise loads. */
export function answer(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  seen: Sight,
  { load, refresh }: Ways,
): ReadResult | Promise<ReadResult> {
  const { found } = seen
  switch (found.kind) {
    case 'fresh':
      if (isDueEarly(ctx, policy, found)) refresh()
      return onlyFresh(ctx, target, policy, seen)
    case 'stale':
      refresh()
      return served(found)
    case 'stale-if-error':
      return loadOrFallBack(ctx, policy, load(), found)
    case 'none':
      return load().then((loaded) => loadedBy(loaded, found.reason, found.error))
  }
}

/**
 * Loads, but serves the stale entry that this reader saw if the load fails, or if it exceeds the soft timeout and
 * continues in the background. An entry seen by another reader will not do: it may be older than a delete.
 */
async function loadOrFallBack(
  ctx: CacheContext,
  policy: Policy,
  load: Promise<Loaded>,
  stale: Found,
): Promise<ReadResult> {
  try {
    const { softTimeoutMs: ms } = policy
    const loaded = await (ms === Infinity ? load : settledWithin(ctx.platform, ms, load))
    if (loaded !== TIMED_OUT) return loadedBy(loaded, 'expired')
    ctx.platform.defer(load)
  } catch {
    // The stale entry is served in place of the error.
    ctx.events.countLoadError()
  }
  return served(stale)
}

/** Refreshes a served entry in the background, unless another caller does. */
function refreshBehind(ctx: CacheContext, request: LoadRequest, seen: Sight): void {
  const { key, names } = request.target
  if (ctx.flights.get(names.entry)?.admits(seen)) return
  const startedAt = ctx.platform.now()
  const load = lead(ctx, request, seen, false)
  ctx.platform.defer(reportRefresh(ctx, key, load, startedAt))
}

/** Reports how a load in the background ended, if there was one. Never rejects (I11). */
export async function reportRefresh(
  ctx: CacheContext,
  key: string,
  load: Promise<Loaded | undefined>,
  startedAt: number,
): Promise<void> {
  try {
    const loaded = await load
    if (loaded) report(ctx, 'refresh', key, loadedBy(loaded, 'stale').outcome, startedAt)
  } catch (error) {
    // The caller already has its answer, so only listeners learn of the failure.
    report(ctx, 'refresh', key, { kind: 'failed', error }, startedAt)
  }
}

function isDueEarly(ctx: CacheContext, { earlyRefresh }: Policy, { header }: Found): boolean {
  const { platform } = ctx
  return (
    earlyRefresh > 0 && shouldRefreshEarly(header, platform.now(), earlyRefresh, platform.random())
  )
}

/** The result of a near hit. */
export function nearResult(
  ctx: CacheContext,
  copy: NearCopy,
  { near }: Pick<Policy, 'near'>,
): ReadResult {
  ctx.near.hits.count++
  return { value: handOut(copy, near), outcome: NEAR_HIT }
}

function served({ value, kind }: Found): ReadResult {
  return { value, outcome: { kind: 'hit', tier: 'remote', freshness: kind } }
}

function loadedBy(
  { value, shared, stored, loadMs, error }: Loaded,
  reason: (Outcome & { kind: 'loaded' })['reason'],
  unread?: unknown,
): ReadResult {
  const outcome = { kind: 'loaded', reason, shared, stored, loadMs } as const
  const failure = error ?? unread
  return { value, outcome: failure === undefined ? outcome : { ...outcome, error: failure } }
}
