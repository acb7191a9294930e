/**
 * What the operations of one namespace work with.
 *
 * @module
 */

import type { EntryNames } from '../entry/key.ts'
import type { PayloadCodec } from '../entry/payload.ts'
import { CircuitOpenError, RemoteError, RemoteTimeoutError } from '../errors.ts'
import type { Flights } from '../flight/single-flight.ts'
import type { NearSpace } from '../near/near-tier.ts'
import type { Platform } from '../platform/platform.ts'
import type { RedisLink } from '../redis/link.ts'
import type { Events } from './events.ts'
import type { Marker, Names } from './names.ts'
import type { Policy } from './options.ts'
import type { Operation, Outcome } from './outcome.ts'
import type { Steps } from './steps.ts'
import type { Watches } from './watch.ts'

/** The parts of a cache; all but `names` and `near` are shared by its namespaces. */
export interface CacheContext {
  readonly platform: Platform
  readonly link: RedisLink
  readonly steps: Steps
  readonly names: Names
  /** The near copies of this namespace. */
  readonly near: NearSpace
  readonly flights: Flights
  readonly watches: Watches
  readonly codec: PayloadCodec
  readonly events: Events
}

/** A key with everything that follows from it and from the tags a call declares. */
export interface Target {
  readonly key: string
  readonly names: EntryNames
  /** The markers an entry must carry to be valid for this call. */
  readonly declared: readonly Marker[]
  /** The markers to look at: those declared, and the epoch where late tags are allowed. */
  readonly asked: readonly Marker[]
}

/** @throws {InvalidKeyError} When the key or a tag cannot be one. */
export function targetOf({ names }: CacheContext, key: string, policy: Policy): Target {
  const declared = names.markers(key, policy.tags)
  const asked = policy.lateTags ? [...declared, names.epoch] : declared
  return { key, names: names.keyspace.namesOf(key), declared, asked }
}

/** How long an entry may be of any use, in milliseconds, with jitter at its most. */
export function lifeMs(policy: Policy): number {
  const windowMs = Math.max(policy.staleWhileRevalidateMs, policy.staleIfErrorMs)
  return Math.ceil(policy.ttlMs * (1 + policy.jitter)) + windowMs
}

/** The time that a commit may take: by as much a lease outlasts what it is for. */
const COMMIT_MS = 2_000
/** How long a load has its lease unless that is prolonged: so long others wait for one whose process has died. */
const HELD_MS = 6_000

/** How long a value may be on its way under one lease. */
export function leaseMs(policy: Policy): number {
  return policy.hardTimeoutMs + COMMIT_MS
}

/** How long a lease lasts from now on, of a loader that has so many milliseconds left. */
export function heldMs(leftMs: number): number {
  return Math.min(HELD_MS, leftMs + COMMIT_MS)
}

/** Whether an error says that Redis could not be asked, as opposed to a mistake. */
export function isRemoteFailure(error: unknown): boolean {
  return (
    error instanceof RemoteError ||
    error instanceof RemoteTimeoutError ||
    error instanceof CircuitOpenError
  )
}

/** Reports how an operation on a key ended. */
export function report(
  ctx: CacheContext,
  operation: Operation,
  key: string | undefined,
  outcome: Outcome,
  startedAt: number,
): void {
  if (!ctx.events.isHeard) {
    ctx.events.count(outcome)
    return
  }
  ctx.events.emit({
    operation,
    namespace: ctx.names.keyspace.path,
    ...(key !== undefined && { key }),
    outcome,
    durationMs: ctx.platform.now() - startedAt,
  })
}

/** Runs an operation and reports how it ended; a failure is the caller's to know. */
export async function reported<T>(
  ctx: CacheContext,
  operation: Operation,
  key: string | undefined,
  run: () => Promise<T>,
  outcomeOf: (result: T) => Outcome,
): Promise<T> {
  const startedAt = ctx.platform.now()
  try {
    const result = await run()
    report(ctx, operation, key, outcomeOf(result), startedAt)
    return result
  } catch (error) {
    report(ctx, operation, key, { kind: 'failed', error }, startedAt)
    throw error
  }
}

/** As {@link reported}, of an operation on many keys: each ends by itself, and all fail together. */
export async function reportedEach<T>(
  ctx: CacheContext,
  operation: Operation,
  run: () => Promise<Map<string, T>>,
  outcomeOf: (result: T) => Outcome,
): Promise<Map<string, T>> {
  const startedAt = ctx.platform.now()
  try {
    const results = await run()
    for (const [key, one] of results) report(ctx, operation, key, outcomeOf(one), startedAt)
    return results
  } catch (error) {
    report(ctx, operation, undefined, { kind: 'failed', error }, startedAt)
    throw error
  }
}
