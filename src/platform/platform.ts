/**
 * What nearcache needs from its host. Injected once per cache, so that tests control time and randomness.
 *
 * @module
 */

/** Clock, random numbers, timers and background work of the host. The library uses no others. */
export interface Platform {
  /** Wall-clock time, in milliseconds since the Unix epoch. Frozen between I/O on Workers. */
  now(): number
  /** A uniform draw from [0, 1). Used for jitter and early refresh, never for secrets. */
  random(): number
  /** Resolves after `ms` milliseconds, or rejects with `signal.reason` when aborted first. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
  /** As `delay`, but does not keep the process alive. @default delay */
  idle?(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Calls `ring` after `ms` milliseconds, unless the returned function was called before. Every request sets
   * an alarm, so it should be cheap. @default built on `delay`
   */
  alarm?(ms: number, ring: () => void): () => void
  /** Keeps the host alive until `work` settles, as `ctx.waitUntil` does. Never throws. */
  defer(work: Promise<unknown>): void
}
