/**
 * Computes the wait before a retry.
 *
 * @module
 */

/** Bounds of a back-off, in milliseconds. */
export interface Backoff {
  /** Upper bound of the first wait. */
  readonly baseMs: number
  /** Upper bound of every wait. */
  readonly capMs: number
}

/**
 * Exponential back-off with equal jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015): between half of
 * `min(cap, base * 2^attempt)` and all of it. The random half spreads concurrent retries; the fixed half prevents
 * an immediate retry.
 *
 * @param attempt Counted from 0.
 * @param random A draw from [0, 1).
 */
export function backoffMs({ baseMs, capMs }: Backoff, attempt: number, random: number): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** attempt)
  return ceiling / 2 + (ceiling / 2) * random
}
