/**
 * The path of a cache miss: shares a load, waits for one, or runs one (steps 12 to 16 of the protocol).
 *
 * @module
 */

import type { Flight } from '../flight/single-flight.ts'
import {
  type CacheContext,
  heldMs,
  isRemoteFailure,
  leaseMs,
  lifeMs,
  type Target,
} from './context.ts'
import { type Admission, type Loaded, type LoadRequest, runLoader } from './loader.ts'
import { lowered, momentOf, observe } from './observe.ts'
import type { Policy } from './options.ts'
import type { Found, Sight } from './sight.ts'

/** How long a reader waits for a load of its own isolate before it looks at Redis again, in milliseconds. */
const JOIN_MS = 1_000

/**
 * Gets a value: shares a load of this isolate, waits for a load of another one, or loads.
 *
 * @param first The look that found nothing to serve.
 * @throws Whatever the loader rejected with, unchanged, or `LoaderTimeoutError`.
 */
export async function obtain(
  ctx: CacheContext,
  request: LoadRequest,
  first: Sight,
): Promise<Loaded> {
  const { target, policy } = request
  const patience = patienceOf(ctx, policy)
  let seen = first
  for (let waits = 0; ; ) {
    if (seen.found.kind === 'fresh') return fromRemote(seen.found)
    const flight = ctx.flights.get(target.names.entry)
    if (flight?.admits(seen)) {
      const joined = await join(ctx, target, flight)
      if (joined) return joined
      seen = await observe(ctx, target, policy)
    } else {
      const overdue = patience.isSpentOn(seen.lease)
      const loaded = await lead(ctx, request, seen, overdue)
      if (loaded) return loaded
      seen = await nextSight(ctx, request, waits++)
    }
  }
}

/** Waits for a flight and shares its value; `undefined` if the caller has to look again: refused or overdue. */
export async function join(
  ctx: CacheContext,
  { names }: Target,
  flight: Flight,
): Promise<Loaded | undefined> {
  const ending = await flight.join(ctx.platform, JOIN_MS)
  if (ending.kind === 'loaded') return { ...(ending.value as Loaded), shared: true }
  if (ending.kind === 'failed') throw ending.error
  // Asking for a lease has a deadline: a flight that still asks belongs to a Worker's request that has ended.
  if (ending.kind === 'overdue' && flight.isAsking) ctx.flights.end(names.entry, flight)
  return undefined
}

/**
 * Loads; `undefined` if {@link admit} refuses.
 *
 * @param overdue Whether the caller has waited long enough to load without a lease, and store nothing.
 */
export async function lead(
  ctx: CacheContext,
  request: LoadRequest,
  seen: Sight,
  overdue: boolean,
): Promise<Loaded | undefined> {
  const admission = await admit(ctx, request, seen, overdue)
  return admission && fly(ctx, request, admission, previousOf(seen))
}

/**
 * Opens a flight and asks for the lease; `undefined` if it is refused, because another caller holds it, or because
 * the entry has changed since the caller saw it.
 *
 * @param overdue As in {@link lead}.
 */
export async function admit(
  ctx: CacheContext,
  { target, policy }: Omit<LoadRequest, 'loader'>,
  seen: Sight,
  overdue: boolean,
): Promise<Admission | undefined> {
  if (seen.lease !== null && !overdue) return undefined
  const unavailable = seen.found.kind === 'none' && seen.found.reason === 'unavailable'
  const flight = ctx.flights.begin(target.names.entry)
  const moment = momentOf(ctx)
  try {
    if (overdue || unavailable) {
      // Other readers whose look failed in the same tick can join the flight before its loader is called.
      await undefined
      return { ...moment, flight, lease: undefined }
    }
    const { hardTimeoutMs } = policy
    const terms = { prefix: seen.prefix, leaseMs: heldMs(hardTimeoutMs), lifeMs: lifeMs(policy) }
    const lease = await ctx.steps.acquire(target.names, target.asked, terms)
    if (lease) return { ...moment, flight, lease }
  } catch (error) {
    if (isRemoteFailure(error)) return { ...moment, flight, lease: undefined }
    abandon(ctx, target, flight)
    throw error
  }
  abandon(ctx, target, flight)
  return undefined
}

/** Runs the loader, and lands the flight with its value or error. */
export async function fly(
  ctx: CacheContext,
  request: LoadRequest,
  admission: Admission,
  previous: unknown,
): Promise<Loaded> {
  const { flight, lease } = admission
  flight.depart({ token: lease?.token, stamps: lease?.stamps ?? new Map() })
  try {
    const loaded = await runLoader(ctx, request, admission, previous)
    flight.land({ kind: 'loaded', value: loaded })
    return loaded
  } catch (error) {
    flight.land({ kind: 'failed', error })
    throw error
  } finally {
    ctx.flights.end(request.target.names.entry, flight)
  }
}

/** Ends a flight whose load never began. */
export function abandon(ctx: CacheContext, { names }: Target, flight: Flight): void {
  ctx.flights.end(names.entry, flight)
  flight.land({ kind: 'refused' })
}

/** Decides how long one reader waits for the loads of others. */
interface Patience {
  /** Whether the reader should stop waiting, given the lease it saw last (`null` if none). */
  isSpentOn(lease: string | null): boolean
}

/**
 * A reader waits for one lease no longer than it can last. If another lease follows, because the first holder has
 * died, the reader waits as long again. Otherwise all waiting readers would load at once, and none could store.
 */
function patienceOf({ platform }: CacheContext, policy: Policy): Patience {
  const startedAt = platform.now()
  let awaited: string | null = null
  return {
    isSpentOn: (lease) => {
      awaited ??= lease
      const leases = lease !== null && lease === awaited ? 1 : 2
      return platform.now() - startedAt >= leases * leaseMs(policy)
    },
  }
}

async function nextSight(ctx: CacheContext, request: LoadRequest, waits: number): Promise<Sight> {
  const { target, policy } = request
  const { entry } = target.names
  // Identifies what is looked at, and how new it has to be.
  const id = [entry, ...target.asked.map(({ key }) => key), policy.after ?? ''].join('\n')
  // A shared look is decoded and checked once, so only readers that do both alike may share it. `freshness` is
  // left out here, because each reader applies its own to the result.
  const reading = policy.reconcile ?? policy.schema
  const shared = { ...policy, freshness: undefined }
  const seen = await ctx.watches.next({ id, reading }, waits, () => observe(ctx, target, shared))
  return { ...seen, found: lowered(seen.found, policy) }
}

function fromRemote(found: Found): Loaded {
  const { value } = found
  return { value, shared: true, stored: true, loadMs: found.header.loadMs }
}

/** The `previous` value for a loader: what this reader saw, however old. */
export function previousOf({ found }: Sight): unknown {
  return found.kind === 'none' ? undefined : found.value
}
