/**
 * How long to wait before the next attempt.
 *
 * @module
 */

/** Bounds of a back-off, in milliseconds. */
export interface Backoff {
  /** The longest first wait. */
  readonly baseMs: number
  /** The longest wait at all. */
  readonly capMs: number
}

/**
 * Exponential back-off with equal jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015): at
 * least half of `min(cap, base * 2^attempt)`, at most all of it, so that rivals spread out and
 * nobody retries at once.
 *
 * @param attempt Counted from 0.
 * @param random A draw from [0, 1).
 */
export function backoffMs({ baseMs, capMs }: Backoff, attempt: number, random: number): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** attempt)
  return ceiling / 2 + (ceiling / 2) * random
}
