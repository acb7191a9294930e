/**
 * The parts that the operations of a namespace work with, and helpers that they share.
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

/** The parts of a cache. All but `names` and `near` are shared by its namespaces. */
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

/** A key, with its names in Redis and the markers that a call needs for it. */
export interface Target {
  readonly key: string
  readonly names: EntryNames
  /** The markers that an entry must carry to be valid for this call. */
  readonly declared: readonly Marker[]
  /** The markers to read: the declared ones, and the epoch if late tags are allowed. */
  readonly asked: readonly Marker[]
}

/** @throws {InvalidKeyError} When the key or a tag is not valid. */
export function targetOf({ names }: CacheContext, key: string, policy: Policy): Target {
  const declared = names.markers(key, policy.tags)
  const asked = policy.lateTags ? [...declared, names.epoch] : declared
  return { key, names: names.keyspace.namesOf(key), declared, asked }
}

/** The longest time that an entry can be served, in milliseconds: with maximal jitter and the longer window. */
export function lifeMs(policy: Policy): number {
  const windowMs = Math.max(policy.staleWhileRevalidateMs, policy.staleIfErrorMs)
  return Math.ceil(policy.ttlMs * (1 + policy.jitter)) + windowMs
}

/** Time for the commit, in milliseconds. A lease lasts this much longer than the work it is held for. */
const COMMIT_MS = 2_000
/** How long a load's lease lasts unless prolonged, in milliseconds. If its process dies, others wait this long. */
const HELD_MS = 6_000

/** How long the lease of a set or ticket lasts, in milliseconds; also the most that a load prolongs its lease to. */
export function leaseMs(policy: Policy): number {
  return policy.hardTimeoutMs + COMMIT_MS
}

/** How long a load's lease is to last from now, in milliseconds, if its loader may run for `leftMs` more. */
export function heldMs(leftMs: number): number {
  return Math.min(HELD_MS, leftMs + COMMIT_MS)
}

/** Whether an error is a failure of Redis or the connection, as opposed to a mistake in a program. */
export function isRemoteFailure(error: unknown): boolean {
  return (
    error instanceof RemoteError ||
    error instanceof RemoteTimeoutError ||
    error instanceof CircuitOpenError
  )
}

/** Counts how an operation ended, and tells listeners if there are any. */
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

/** Runs an operation and reports how it ended. An error is reported and rethrown. */
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

/** As {@link reported}, for many keys: one report per key, or a single one if the operation fails. */
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
