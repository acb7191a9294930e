/**
 * Decides by its age whether an entry may be served. Pure: the caller supplies the time, and has
 * already compared the entry's tags with their markers.
 *
 * The states and their names follow RFC 9111 (fresh, stale) and RFC 5861
 * (stale-while-revalidate, stale-if-error).
 *
 * @module
 */

/**
 * The part of an entry that freshness depends on. All times are epoch milliseconds, whole, and in
 * this order: `createdAt <= freshUntil <= revalidateUntil <= staleUntil`.
 */
export interface Lifetimes {
  readonly createdAt: number
  /** First instant at which the entry is stale. */
  readonly freshUntil: number
  /** First instant at which a stale entry may no longer be served while it is refreshed. */
  readonly revalidateUntil: number
  /** First instant at which the entry is expired: the end of the longer of the stale windows. */
  readonly staleUntil: number
}

/**
 * `fresh`: serve. `stale`: serve, then refresh. `stale-if-error`: load, and serve only if the load
 * fails. `expired`: treat as absent.
 */
export type Freshness = 'fresh' | 'stale' | 'stale-if-error' | 'expired'

/** By how much the clocks of processes may differ, in milliseconds: see docs/decisions/0017. */
export const MAX_SKEW_MS = 1_000

/**
 * Classifies an entry at one instant.
 *
 * An entry from further in the future than {@link MAX_SKEW_MS} is stale: the writer's clock or this one is wrong, so
 * its age is unknown.
 *
 * @param entry Lifetimes as stored; boundaries are half-open, `[createdAt, freshUntil)`.
 * @param now Epoch milliseconds.
 */
export function classify(entry: Lifetimes, now: number): Freshness {
  if (now < entry.createdAt - MAX_SKEW_MS) return 'stale'
  if (now < entry.freshUntil) return 'fresh'
  if (now < entry.revalidateUntil) return 'stale'
  if (now < entry.staleUntil) return 'stale-if-error'
  return 'expired'
}

/** The input of {@link lifetimesOf}, in milliseconds. */
export interface LifetimePolicy {
  /** When the entry is created, in epoch milliseconds. */
  readonly now: number
  /** How long the entry is fresh; at least 0. */
  readonly ttlMs: number
  /** How long after that the entry may be served while it is refreshed; at least 0. */
  readonly staleWhileRevalidateMs: number
  /** How long after `ttlMs` the entry may be served if a load fails; at least 0. */
  readonly staleIfErrorMs: number
}

/** The lifetimes of an entry created at `now`. Both stale windows begin where freshness ends. */
export function lifetimesOf(policy: LifetimePolicy): Lifetimes {
  const createdAt = Math.floor(policy.now)
  const freshUntil = createdAt + Math.round(policy.ttlMs)
  const revalidateUntil = freshUntil + Math.round(policy.staleWhileRevalidateMs)
  const staleUntil = Math.max(revalidateUntil, freshUntil + Math.round(policy.staleIfErrorMs))
  return { createdAt, freshUntil, revalidateUntil, staleUntil }
}
