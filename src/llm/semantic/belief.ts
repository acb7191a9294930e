/**
 * What is believed of one stored answer: from which similarity on it is right.
 *
 * The model is vCache's (arXiv 2502.03771): a request of similarity `s` is rightly answered with
 * probability `1 / (1 + exp(-gain (s - threshold)))`, with a threshold and a gain of each entry's own.
 * The belief is a weight on every pair of a grid: no fit that could fail, no case for judgements that
 * a threshold separates.
 *
 * @module
 */

/** What a judgement has shown. */
export interface Observation {
  /** From [0, 1]; kept in thousandths. */
  readonly similarity: number
  readonly same: boolean
}

/** Weights over the grid, of sum 1. */
export type Weights = Float64Array

/** A threshold above 1 is that of an answer which is right for no other prompt. */
const THRESHOLDS = Array.from({ length: 33 }, (_, i) => 0.44 + i * 0.02)
const GAINS = [5, 10, 20, 40, 80]

/** Every pair of a threshold and a gain. */
export const GRID: readonly (readonly [threshold: number, gain: number])[] = THRESHOLDS.flatMap(
  (threshold) => GAINS.map((gain) => [threshold, gain] as const),
)

/** Similarities are rounded to this part, so that their curves can be kept. */
const STEPS = 1_000
/** One judgement, which may be mistaken, never rules out a pair for good. */
const IMPOSSIBLE = 1e-4
/** Before anything is known: thresholds are high, and a tenth of all answers is right for nothing else. */
const MEAN_THRESHOLD = 0.9
const THRESHOLD_SPREAD = 0.1

/** The belief before any judgement, of no scope in particular: rather too careful. */
export const CAREFUL: Weights = normalized(
  Float64Array.from(
    GRID,
    ([threshold]) => Math.exp(-0.5 * ((threshold - MEAN_THRESHOLD) / THRESHOLD_SPREAD) ** 2) + 0.02,
  ),
)

/** What the grid says at one similarity. */
interface Curve {
  /** For each pair, how probably an answer is right. */
  readonly right: Float64Array
  readonly logRight: Float32Array
  readonly logWrong: Float32Array
}

/** At most 1,001, of 3 KB each. */
const curves = new Map<number, Curve>()

function curveAt(similarity: number): Curve {
  const step = Math.round(Math.min(1, Math.max(0, similarity)) * STEPS)
  const known = curves.get(step)
  if (known !== undefined) return known
  const right = Float64Array.from(
    GRID,
    ([threshold, gain]) => 1 / (1 + Math.exp(gain * (threshold - step / STEPS))),
  )
  const curve = {
    right,
    logRight: Float32Array.from(right, (p) => Math.log(Math.max(p, IMPOSSIBLE))),
    logWrong: Float32Array.from(right, (p) => Math.log(Math.max(1 - p, IMPOSSIBLE))),
  }
  curves.set(step, curve)
  return curve
}

/** How probable the observations are, for each pair of the grid; scaled so that the largest is 1. */
export function likelihood(observations: readonly Observation[]): Float64Array {
  const logs = new Float64Array(GRID.length)
  for (const { similarity, same } of observations) {
    const { logRight, logWrong } = curveAt(similarity)
    const seen = same ? logRight : logWrong
    for (let i = 0; i < logs.length; i++) logs[i] = (logs[i] as number) + (seen[i] as number)
  }
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return logs.map((log) => Math.exp(log - largest))
}

/** A belief that has seen the observations (Bayes' rule). */
export function updated(prior: Weights, observations: readonly Observation[]): Weights {
  const likely = likelihood(observations)
  return normalized(prior.map((weight, i) => weight * (likely[i] as number)))
}

/**
 * How probably the answer is right, as the belief has it: the mean over the grid. vCache takes a lower
 * bound of it, the best over doubts `e` of `1 - e` times a quantile; the mean is what that bounds, and
 * what the error of a request is made of.
 */
export function correctness(belief: Weights, similarity: number): number {
  const { right } = curveAt(similarity)
  let mean = 0
  for (let i = 0; i < right.length; i++) mean += (belief[i] as number) * (right[i] as number)
  return mean
}

/** @returns The same weights, in sum 1. */
export function normalized(weights: Float64Array): Weights {
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / sum)
}
