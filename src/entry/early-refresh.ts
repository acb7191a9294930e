/**
 * Decides whether to refresh a popular entry shortly before it becomes stale, so that its readers do not all miss at
 * once.
 *
 * @module
 */

/** The part of an entry that the decision depends on. */
export interface RefreshCandidate {
  /** First instant at which the entry is stale, in epoch milliseconds. */
  readonly freshUntil: number
  /** How long its loader took, in milliseconds; at least 0. */
  readonly loadMs: number
}

/**
 * Whether this read should refresh the entry ahead of time: XFetch (Vattani, Chierichetti and
 * Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015).
 *
 * The lead time is `loadMs * beta` times an exponential draw of mean 1. The longer the load takes and the
 * more readers there are, the earlier one of them refreshes. An entry that is no longer fresh is always
 * due.
 *
 * @param now Epoch milliseconds.
 * @param beta Larger values refresh earlier; at least 0. 1 is the paper's optimum, 0 turns early refresh off.
 * @param random A uniform draw from [0, 1).
 */
export function shouldRefreshEarly(
  entry: RefreshCandidate,
  now: number,
  beta: number,
  random: number,
): boolean {
  // 1 - random is in (0, 1], so the logarithm is always finite.
  const draw = -Math.log(1 - random)
  return now + entry.loadMs * beta * draw >= entry.freshUntil
}
