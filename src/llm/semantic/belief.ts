/**
 * The belief about one stored answer: from which similarity on it is right.
 *
 * The model is that of vCache (arXiv 2502.03771): the answer to a request of similarity `s` is right with
 * probability `1 / (1 + exp(-gain (s - threshold)))`, where each entry has its own threshold and gain.
 * The belief is a weight for every pair of a grid. So there is no fit that could fail, and no special
 * case for judgements that a threshold separates without error.
 *
 * @module
 */

/** One judgement. */
export interface Observation {
  /** From [0, 1]; stored in thousandths. */
  readonly similarity: number
  readonly same: boolean
}

/** Weights of the grid's pairs; they sum to 1. */
export type Weights = Float64Array

/** A threshold above 1 stands for an answer that is right for no other prompt. */
const THRESHOLDS = Array.from({ length: 33 }, (_, i) => 0.44 + i * 0.02)
const GAINS = [5, 10, 20, 40, 80]

/** Every pair of a threshold and a gain. */
export const GRID: readonly (readonly [threshold: number, gain: number])[] = THRESHOLDS.flatMap(
  (threshold) => GAINS.map((gain) => [threshold, gain] as const),
)

/** Similarities are rounded to `1 / STEPS`, so that their curves can be kept. */
const STEPS = 1_000
/** The least probability of a judgement: one that is mistaken must not rule out a pair for good. */
const IMPOSSIBLE = 1e-4
/** Before any judgement: thresholds are high, and a tenth of all answers is right for no other prompt. */
const MEAN_THRESHOLD = 0.9
const THRESHOLD_SPREAD = 0.1

/** The belief before any judgement in a scope: too cautious rather than too bold. */
export const CAREFUL: Weights = normalized(
  Float64Array.from(
    GRID,
    ([threshold]) => Math.exp(-0.5 * ((threshold - MEAN_THRESHOLD) / THRESHOLD_SPREAD) ** 2) + 0.02,
  ),
)

/** The probabilities of all pairs of the grid at one similarity. */
interface Curve {
  /** For each pair, the probability that an answer is right. */
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

/** The likelihood of the observations for each pair of the grid, scaled so that the largest is 1. */
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

/** The belief after the observations (Bayes' rule). */
export function updated(prior: Weights, observations: readonly Observation[]): Weights {
  const likely = likelihood(observations)
  return normalized(prior.map((weight, i) => weight * (likely[i] as number)))
}

/**
 * The probability that the answer is right: the mean over the grid. vCache takes a lower bound of this
 * mean, the largest product of `1 - e` and a quantile over all doubts `e`. The mean itself determines
 * the error of a request.
 */
export function correctness(belief: Weights, similarity: number): number {
  const { right } = curveAt(similarity)
  let mean = 0
  for (let i = 0; i < right.length; i++) mean += (belief[i] as number) * (right[i] as number)
  return mean
}

/** @returns The weights, scaled to the sum 1. */
export function normalized(weights: Float64Array): Weights {
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / sum)
}
