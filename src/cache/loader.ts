/**
 * Calls a loader, and stores what it returns under the lease that was granted before.
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
  /** Whether the value may be stored: not if Redis is down, nor after waiting for another load without a result. */
  readonly mayStore: boolean
  /** Replaces `ttl` for this value. */
  setTtl(ttl: Duration): void
  /**
   * Adds tags that depend on the loaded value. Needs the option `lateTags`.
   *
   * @throws {InvalidOptionError | InvalidKeyError} When one is not a valid tag, or there are more than 64 with
   * the declared ones.
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

/** A value that was loaded, by this call or one it joined, or stored meanwhile by another isolate. */
export interface Loaded {
  readonly value: unknown
  readonly shared: boolean
  readonly stored: boolean
  readonly loadMs: number
  readonly error?: unknown
}

/** One load to be had: for what, by what, on what terms. */
export interface LoadRequest {
  readonly target: Target
  readonly loader: Loader
  readonly policy: Policy
}

/** The right to load: with a lease, or without one after waiting in vain or without Redis. */
export interface Admission extends Moment {
  readonly flight: Flight
  readonly lease: Lease | undefined
}

/** What the loader decided while it ran. */
interface Decisions {
  ttlMs: number | undefined
  tags: readonly string[]
  skipped: boolean
}

/** How often a lease is prolonged while its loader runs: for the rest of it a process may stand still. */
const PROLONG_MS = 2_000
const UNDECIDED = { ttlMs: undefined, tags: [] } as const

/**
 * Calls the loader, at most until its hard timeout, and commits.
 *
 * A loader that is overdue fails its callers with `LoaderTimeoutError`; what it returns later is
 * still stored if its lease is, and otherwise dropped.
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
    // Should it be lost, or Redis not answer, nothing is stored: the commit finds out.
    if (lease) platform.defer(steps.prolong(target.names, lease.token, heldMs(leftMs)))
  }
  const error = new LoaderTimeoutError(policy.hardTimeoutMs)
  expiry.abort(error)
  // Whoever waits is told; what is left goes on behind.
  throw error
}

/** A loader that throws at once is one that rejects. */
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
      // Who joins gets the first ending there is; the flight goes on, and lets in whom it let in before.
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
    // The value is there: that it could not be stored must not take it from the caller, nor keep it.
    giveBack(ctx, request.target, admission.lease)
    return { ...answer, stored: false, error }
  }
}

/** A failed load gives its lease back, and fails as the loader did. */
async function fail(
  ctx: CacheContext,
  { target }: LoadRequest,
  { lease }: Admission,
  error: unknown,
): Promise<never> {
  giveBack(ctx, target, lease)
  throw error
}

/** Gives a lease back that nothing will be stored under, behind whatever the caller is told. */
export function giveBack(
  { steps }: CacheContext,
  { names }: Target,
  lease: Lease | undefined,
): void {
  if (lease) steps.disown(names, lease.token, false)
}

/** What was decided about storing a value. */
interface Terms {
  readonly policy: Policy
  /** Beside those declared. */
  readonly lateTags: readonly string[]
}

/** A loaded value and the right to store it. */
interface Load {
  readonly value: unknown
  readonly loadMs: number
  readonly admission: Admission
  readonly lease: Lease
}

/** The terms on which a loaded value is stored, or `undefined` if it is not to be. */
function termsOf(policy: Policy, decisions: Decisions, value: unknown): Terms | undefined {
  if (decisions.skipped) return undefined
  if (isNegative(value) && policy.negativeTtlMs === 0) return undefined
  return termsFor(value, policy, decisions)
}

/** What holds for a value: the tags that follow from it, and for `null` and `undefined` a shorter time. */
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

/** Commits, under the ids that were read before the loader was called. Returns whether it stored. */
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
