/**
 * Calls a loader, and stores what it returns under the lease that was granted before.
 *
 * @module
 */

import { LoaderTimeoutError } from '../errors.ts'
import { withDeadline } from '../flight/deadline.ts'
import { type CacheContext, isRemoteFailure, lifeMs } from './context.ts'
import { toMilliseconds, type Duration } from '../entry/duration.ts'
import { InvalidOptionError, InvalidValueError } from '../errors.ts'
import type { Admission, Loaded, LoadRequest } from './load.ts'
import type { Policy } from './options.ts'
import { checkTagList } from './policy.ts'
import { keepNear } from './near-copy.ts'
import { composeEntry } from './entry-text.ts'

/** What a loader is told, and what it may decide. */
export interface LoadContext<Value = unknown> {
  /** Aborted when the load has taken longer than its hard timeout. */
  readonly signal: AbortSignal
  /** The stale value this reader saw, if any: for conditional requests. */
  readonly previous: Value | undefined
  /** Replaces `ttl` for this value. */
  setTtl(ttl: Duration): void
  /** Adds tags that only the loaded value knows. Needs `lateTags`. */
  setTags(tags: readonly string[]): void
  /** Answers this value without storing it. */
  skip(): void
}

/** The caller's function that produces a value. */
export type Loader<Value = unknown> = (context: LoadContext<Value>) => Value | Promise<Value>

/** What the loader decided while it ran. */
interface Decisions {
  ttlMs: number | undefined
  tags: readonly string[]
  skipped: boolean
}

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
  const { loader, policy } = request
  const decisions: Decisions = { ttlMs: undefined, tags: [], skipped: false }
  const startedAt = ctx.platform.now()
  const timeout = (): LoaderTimeoutError => new LoaderTimeoutError(policy.hardTimeoutMs)
  let overdue = false
  const work = (signal: AbortSignal): Promise<Loaded> => {
    signal.addEventListener('abort', () => {
      overdue = true
    })
    const settled = call(() => loader(contextOf(signal, previous, policy, decisions))).then(
      (value) => finish(ctx, request, admission, decisions, value, startedAt),
      (error) => fail(ctx, request, admission, error),
    )
    // Whoever waits is told by the deadline; this goes on behind.
    return settled.finally(() => {
      if (overdue) ctx.platform.defer(settled)
    })
  }
  return withDeadline(ctx.platform, policy.hardTimeoutMs, timeout, work)
}

/** A loader that throws at once is one that rejects. */
async function call(loader: () => unknown): Promise<unknown> {
  return loader()
}

function contextOf(
  signal: AbortSignal,
  previous: unknown,
  policy: Policy,
  decisions: Decisions,
): LoadContext {
  return {
    signal,
    previous,
    setTtl: (ttl) => {
      decisions.ttlMs = toMilliseconds(ttl, 'setTtl', { min: 1 })
    },
    setTags: (tags) => {
      const list = checkTagList(tags, 'setTags')
      const isKnown = list.every((tag) => policy.tags.includes(tag))
      if (!policy.lateTags && !isKnown) {
        throw new InvalidOptionError('lateTags', 'true where the loader sets tags')
      }
      decisions.tags = list
    },
    skip: () => {
      decisions.skipped = true
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
  const loadMs = Math.max(0, ctx.platform.now() - startedAt)
  const answer = { value, shared: false, loadMs }
  const terms = termsOf(request.policy, decisions, value)
  if (!admission.lease) return { ...answer, stored: false }
  try {
    const stored = terms && (await store(ctx, request, admission, terms, value, loadMs))
    if (!terms) await ctx.steps.release(request.target.names, admission.lease.token)
    return { ...answer, stored: stored === true }
  } catch (error) {
    // The value is there: that it could not be stored must not take it from the caller.
    if (!isRemoteFailure(error) && !(error instanceof InvalidValueError)) throw error
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
  if (lease) {
    try {
      await ctx.steps.release(target.names, lease.token)
    } catch (failure) {
      // The lease then ends by itself; the caller needs the loader's error.
      if (!isRemoteFailure(failure)) throw failure
    }
  }
  throw error
}

/** What was decided about storing a value: its ttl and late tags, or `undefined` for not at all. */
interface Terms {
  readonly policy: Policy
  readonly lateTags: readonly string[]
}

function termsOf(policy: Policy, decisions: Decisions, value: unknown): Terms | undefined {
  if (decisions.skipped) return undefined
  const ttlMs = decisions.ttlMs ?? policy.ttlMs
  const negative = value === undefined || value === null
  if (negative && policy.negativeTtlMs === 0) return undefined
  const derived = policy.tagsOf ? checkTagList(policy.tagsOf(value), 'tags') : []
  const late = [...derived, ...decisions.tags].filter((tag) => !policy.tags.includes(tag))
  return {
    policy: { ...policy, ttlMs: negative ? Math.min(ttlMs, policy.negativeTtlMs) : ttlMs },
    lateTags: [...new Set(late)],
  }
}

async function store(
  ctx: CacheContext,
  { target }: LoadRequest,
  admission: Admission,
  { policy, lateTags }: Terms,
  value: unknown,
  loadMs: number,
): Promise<boolean> {
  const { lease } = admission
  if (!lease) return false
  let releasing = true
  try {
    const stamps = await stampsFor(ctx, lease.stamps, lateTags, lifeMs(policy))
    if (!stamps) return false
    const entry = await composeEntry(ctx, target.key, policy, { value, stamps, loadMs })
    releasing = false
    const stored = await ctx.steps.commit(target.names, { token: lease.token, ...entry })
    if (stored) keepNear(ctx, target, policy, { value, ...entry, ...admission })
    return stored
  } finally {
    if (releasing) await ctx.steps.release(target.names, lease.token)
  }
}

/**
 * The stamps of an entry: those of its lease without the epoch, and those of late tags, which count
 * only if nothing was invalidated since the lease (`undefined` otherwise).
 */
async function stampsFor(
  ctx: CacheContext,
  granted: ReadonlyMap<string, string>,
  lateTags: readonly string[],
  life: number,
): Promise<ReadonlyMap<string, string> | undefined> {
  const { epoch } = ctx.names
  const stamps = new Map(granted)
  stamps.delete(epoch.segment)
  if (lateTags.length === 0) return stamps
  const markers = lateTags.map((tag) => ctx.names.tag(tag))
  const late = await ctx.steps.late(markers, epoch, life)
  if (late.epoch === null || late.epoch !== granted.get(epoch.segment)) return undefined
  for (const [segment, marker] of late.stamps) stamps.set(segment, marker)
  return stamps
}
