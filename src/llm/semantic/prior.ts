/**
 * The prior of a scope: what is believed of an entry before its own judgements.
 *
 * The thresholds of the entries that were judged give the distribution in which the threshold of another
 * entry is expected (empirical Bayes, by the non-parametric maximum likelihood of Laird, JASA 73, 1978,
 * regularised by a cautious prior).
 *
 * @module
 */

import { CAREFUL, likelihood, normalized, type Observation, type Weights } from './belief.ts'

/** The weight of the cautious prior: it counts as this many entries. */
const CAREFUL_ENTRIES = 8
const ROUNDS = 12
/** A scope with fewer judgements has no prior of its own. */
const MIN_OBSERVATIONS = 32

/** The prior of a scope. */
export interface Prior {
  readonly weights: Weights
  /** Whether the scope had enough judgements; if not, an entry needs judgements of its own. */
  readonly isPooled: boolean
}

/** The prior of a scope with too few judgements. */
export const UNPOOLED: Prior = { weights: CAREFUL, isPooled: false }

/** @param entries The judgements of each entry of the scope, or of a sample of them. */
export function pool(entries: readonly (readonly Observation[])[]): Prior {
  const total = entries.reduce((sum, { length }) => sum + length, 0)
  if (total < MIN_OBSERVATIONS) return UNPOOLED
  const likely = entries.map(likelihood)
  let weights = CAREFUL
  for (let round = 0; round < ROUNDS; round++) {
    const next = CAREFUL.map((weight) => weight * CAREFUL_ENTRIES)
    for (const entry of likely) addResponsibility(next, weights, entry)
    weights = normalized(next)
  }
  return { weights, isPooled: true }
}

/** Adds the probability of each pair of the grid given one entry's judgements; the sum is 1. */
function addResponsibility(into: Float64Array, weights: Weights, likely: Float64Array): void {
  let sum = 0
  for (let i = 0; i < likely.length; i++) sum += (weights[i] as number) * (likely[i] as number)
  if (sum === 0) return
  for (let i = 0; i < likely.length; i++) {
    into[i] = (into[i] as number) + ((weights[i] as number) * (likely[i] as number)) / sum
  }
}
