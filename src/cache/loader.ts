/**
 * Calls a loader, and stores its result under the lease that was granted before the call.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import type { Stamps } from '../entry/header.ts'
import { InvalidOptionError, InvalidValueError, LoaderTimeoutError } from '../errors.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Flight } from '../flight/single-flight.ts'
import { carriedOn } from '../platform/carried-on.ts'
import { type CacheContext, heldMs, isRemoteFailure, lifeMs, type Target } from './context.ts'
import { encode } from './entry-text.ts'
import { keepNear } from './near-copy.ts'
import type { Policy } from './options.ts'
import { checkTagList, lateTagsOf } from './policy.ts'
import type { Moment } from './sight.ts'
import type { Lease } from './steps.ts'
import { stampsFor, storeUnder } from './under-lease.ts'

/** The argument of a loader. */
export interface LoadContext<Value = unknown> {
  /** Aborted when the load has taken longer than its hard timeout. */
  readonly signal: AbortSignal
  /** The stale value, if there is one; for example for conditional requests. */
  readonly previous: Value | undefined
  /** Whether the value may be stored; false if Redis is down, or after waiting in vain for another load. */
  readonly mayStore: boolean
  /**
   * Replaces `ttl` for this value. The markers of its tags are kept for a week, or for twice the life that the call's
   * options give if that is more. A value that is set to live longer may be a miss after that.
   */
  setTtl(ttl: Duration): void
  /**
   * Adds tags that depend on the loaded value. Needs the option `lateTags`.
   *
   * @throws {InvalidOptionError | InvalidKeyError} When a tag is not valid, or there are more than 64 tags
   * including the declared ones.
   */
  setTags(tags: readonly string[]): void
  /** Returns this value to the caller without storing it. */
  skip(): void
  /**
   * From now on, calls of this isolate that join this load get `value` instead of the loader's result: for a
   * value that can be used while it is being produced. It is not stored. The call that loads still gets
   * what the loader returns.
   */
  share(value: Value): void
}

/** The caller's function that produces a value. */
export type Loader<Value = unknown> = (context: LoadContext<Value>) => Value | Promise<Value>

/** A value that was loaded by this call or one it joined, or that another isolate stored in the meantime. */
export interface Loaded {
  readonly value: unknown
  readonly shared: boolean
  readonly stored: boolean
  readonly loadMs: number
  readonly error?: unknown
}

/** What to load, with which loader and settings. */
export interface LoadRequest {
  readonly target: Target
  readonly loader: Loader
  readonly policy: Policy
}

/** Permission to load. There is no lease if Redis is down, or the caller has waited in vain: nothing is stored. */
export interface Admission extends Moment {
  readonly flight: Flight
  readonly lease: Lease | undefined
}

/** What the loader has set through its context. */
interface Decisions {
  ttlMs: number | undefined
  tags: readonly string[]
  skipped: boolean
}

/** How often a load prolongs its lease, in milliseconds. For the rest of the lease, the process may be blocked. */
const PROLONG_MS = 2_000
const UNDECIDED = { ttlMs: undefined, tags: [] } as const

/**
 * Calls the loader and commits its result, and waits for both until the hard timeout.
 *
 * At the timeout it rejects with `LoaderTimeoutError`. If the loader returns later, its result is still stored,
 * provided that the lease still stands.
 */
export async function runLoader(
  ctx: CacheContext,
  request: LoadRequest,
  admission: Admission,
  previous: unknown,
): Promise<Loaded> {
  const { platform, steps } = ctx
  const { target, loader, policy } = request
  const { lease } = admission
  const decisions: Decisions = { ...UNDECIDED, skipped: false }
  const startedAt = platform.now()
  const expiry = new AbortController()
  const work = call(() =>
    loader(contextOf(ctx, request, admission, decisions, previous, expiry.signal)),
  )
    .then((value) => finish(ctx, request, admission, decisions, value, startedAt))
    .catch((error) => fail(ctx, request, admission, error))
  const settled = carriedOn(platform, work)
  for (let leftMs = policy.hardTimeoutMs; leftMs > 0; ) {
    const ms = Math.min(leftMs, PROLONG_MS)
    const loaded = await settledWithin(platform, ms, settled)
    if (loaded !== TIMED_OUT) return loaded
    leftMs -= ms
    // Failures are ignored: if the lease is lost or Redis does not answer, the commit stores nothing.
    if (lease) platform.defer(steps.prolong(target.names, lease.token, heldMs(leftMs)))
  }
  const error = new LoaderTimeoutError(policy.hardTimeoutMs)
  expiry.abort(error)
  // The callers get the error; the loader continues in the background.
  throw error
}

/** Turns an error that the loader throws synchronously into a rejection. */
async function call(loader: () => unknown): Promise<unknown> {
  return loader()
}

function contextOf(
  { names }: CacheContext,
  { policy }: LoadRequest,
  { lease, flight }: Admission,
  decisions: Decisions,
  previous: unknown,
  signal: AbortSignal,
): LoadContext {
  return {
    signal,
    previous,
    mayStore: lease !== undefined,
    setTtl: (ttl) => {
      decisions.ttlMs = toMilliseconds(ttl, 'setTtl', { min: 1 })
    },
    setTags: (tags) => {
      const list = checkTagList(tags, 'setTags')
      const late = lateTagsOf(policy.tags, list, 'setTags')
      if (!policy.lateTags && late.length > 0) {
        throw new InvalidOptionError('lateTags', 'true where tags come from the loaded value')
      }
      for (const tag of late) names.tag(tag)
      decisions.tags = late
    },
    skip: () => {
      decisions.skipped = true
    },
    share: (value) => {
      // Joiners get the first result that the flight lands with. Readers can join under the same condition as before.
      const shared: Loaded = { value, shared: true, stored: false, loadMs: 0 }
      flight.land({ kind: 'loaded', value: shared })
    },
  }
}

async function finish(
  ctx: CacheContext,
  request: LoadRequest,
  admission: Admission,
  decisions: Decisions,
  value: unknown,
  startedAt: number,
): Promise<Loaded> {
  const loadMs = Math.max(0, Math.round(ctx.platform.now() - startedAt))
  const answer = { value, shared: false, loadMs }
  const terms = termsOf(request.policy, decisions, value)
  if (!admission.lease) return { ...answer, stored: false }
  const load = { value, loadMs, admission, lease: admission.lease }
  try {
    if (terms && (await store(ctx, request, load, terms))) return { ...answer, stored: true }
    await ctx.steps.release(request.target.names, admission.lease.token)
    return { ...answer, stored: false }
  } catch (error) {
    if (!isRemoteFailure(error) && !(error instanceof InvalidValueError)) throw error
    // The caller gets the value although it could not be stored, and does not wait for the lease to be given back.
    giveBack(ctx, request.target, admission.lease)
    return { ...answer, stored: false, error }
  }
}

/** Gives the lease of a failed load back, and rethrows the loader's error. */
async function fail(
  ctx: CacheContext,
  { target }: LoadRequest,
  { lease }: Admission,
  error: unknown,
): Promise<never> {
  giveBack(ctx, target, lease)
  throw error
}

/** Gives a lease back, in the background, under which nothing will be stored. */
export function giveBack(
  { steps }: CacheContext,
  { names }: Target,
  lease: Lease | undefined,
): void {
  if (lease) steps.disown(names, lease.token, false)
}

/** How a value is stored. */
interface Terms {
  readonly policy: Policy
  /** Tags besides the declared ones. */
  readonly lateTags: readonly string[]
}

/** A loaded value and the right to store it. */
interface Load {
  readonly value: unknown
  readonly loadMs: number
  readonly admission: Admission
  readonly lease: Lease
}

/** How a loaded value is stored, or `undefined` if it must not be. */
function termsOf(policy: Policy, decisions: Decisions, value: unknown): Terms | undefined {
  if (decisions.skipped) return undefined
  if (isNegative(value) && policy.negativeTtlMs === 0) return undefined
  return termsFor(value, policy, decisions)
}

/** How a value is stored: with the tags derived from it, and for at most `negativeTtl` if it is null or undefined. */
export function termsFor(
  value: unknown,
  policy: Policy,
  { ttlMs = policy.ttlMs, tags }: Pick<Decisions, 'ttlMs' | 'tags'> = UNDECIDED,
): Terms {
  const { tagsOf, negativeTtlMs } = policy
  const derived = tagsOf ? checkTagList(tagsOf(value), 'tags') : []
  const freshMs = isNegative(value) ? Math.min(ttlMs, negativeTtlMs || ttlMs) : ttlMs
  return {
    policy: freshMs === policy.ttlMs ? policy : { ...policy, ttlMs: freshMs },
    lateTags: lateTagsOf(policy.tags, [...derived, ...tags], 'tags'),
  }
}

function isNegative(value: unknown): boolean {
  return value === undefined || value === null
}

/** Commits a value with the marker ids that came with its lease. Returns whether it was stored. */
async function store(
  ctx: CacheContext,
  { target }: LoadRequest,
  { value, loadMs, admission, lease }: Load,
  { policy, lateTags }: Terms,
): Promise<boolean> {
  const encoded = encode(ctx, policy, value)
  const found = stampsFor(ctx, lease.stamps, lateTags, lifeMs(policy))
  const stamps: Stamps | undefined = found instanceof Promise ? await found : found
  if (!stamps) return false
  const text = await storeUnder(ctx, lease, target, policy, { encoded, stamps, loadMs })
  if (text === undefined) return false
  const { provedAt, instant } = admission
  const sizeBytes = text.entry.length
  keepNear(ctx, target, policy, { ...text, value, sizeBytes, provedAt, instant })
  return true
}
