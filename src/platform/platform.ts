/**
 * Everything nearcache asks of its host. Injected once per cache, so tests own time and chance.
 *
 * @module
 */

/** The host abilities the library uses; nothing else reads a clock, dice or timer. */
export interface Platform {
  /** Wall-clock time, in milliseconds since the Unix epoch. Frozen between I/O on Workers. */
  now(): number
  /** A uniform draw from [0, 1). Used for jitter and early refresh, never for secrets. */
  random(): number
  /** Resolves after `ms` milliseconds, or rejects with `signal.reason` when aborted first. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
  /** As `delay`, but a process that has nothing else to do may end meanwhile. @default delay */
  idle?(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Calls `ring` after `ms` milliseconds, unless the function that it returns was called first. Every
   * request has one, so it should cost little. @default made of `delay`
   */
  alarm?(ms: number, ring: () => void): () => void
  /** Keeps the host alive until `work` settles, as `ctx.waitUntil` does. Never throws. */
  defer(work: Promise<unknown>): void
}
