/**
 * What the entries of a scope have in common, learnt from those that were judged.
 *
 * An entry that was never judged is believed to be like the others of its scope: their thresholds, as
 * far as the judgements show them, are where its own is looked for (empirical Bayes, by the
 * non-parametric maximum likelihood of Laird, JASA 73, 1978, held back by a careful prior).
 *
 * @module
 */

import { CAREFUL, likelihood, normalized, type Observation, type Weights } from './belief.ts'

/** How many entries the careful prior counts for. */
const CAREFUL_ENTRIES = 8
const ROUNDS = 12
/** Of so many judgements in a scope at least is its common belief made. */
const MIN_OBSERVATIONS = 32

/** A scope's common belief. */
export interface Prior {
  readonly weights: Weights
  /** Whether there was enough to learn from; if not, an entry needs judgements of its own. */
  readonly isPooled: boolean
}

/** The belief when nothing is known of a scope. */
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

/** Adds what one entry's judgements say of each pair of the grid, in sum 1. */
function addResponsibility(into: Float64Array, weights: Weights, likely: Float64Array): void {
  let sum = 0
  for (let i = 0; i < likely.length; i++) sum += (weights[i] as number) * (likely[i] as number)
  if (sum === 0) return
  for (let i = 0; i < likely.length; i++) {
    into[i] = (into[i] as number) + ((weights[i] as number) * (likely[i] as number)) / sum
  }
}
