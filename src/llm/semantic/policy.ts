/**
 * Decides whether a candidate that no veto speaks against is served.
 *
 * @module
 */

import { checkFields, oneOf } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import { correctness, type Observation, updated, type Weights } from './belief.ts'
import type { Prior } from './prior.ts'

/** Serves whatever is similar enough. How often that is wrong is not known. */
export interface StaticPolicyOptions {
  /** Tells the policies apart. */
  readonly kind: 'static'
  /** The least cosine, from (0, 1]. */
  readonly minSimilarity: number
}

/** Serves what has proven right, so that at most a part of all requests is answered wrongly. */
export interface VerifiedPolicyOptions {
  /** Tells the policies apart. */
  readonly kind: 'verified'
  /** The part of all requests that may get a wrong answer, from (0, 0.5]. @default 0.01 */
  readonly maxErrorRate?: number
  /**
   * Nothing is served that is right with a lesser probability, from [0, 1). It bounds the error among
   * hits, which `maxErrorRate` does not. @default 0.5
   */
  readonly minConfidence?: number
  /** The least cosine of a candidate, from [0, 1]; below it nothing is explored. @default 0.6 */
  readonly minSimilarity?: number
}

/** When a candidate is served. */
export type PolicyOptions = StaticPolicyOptions | VerifiedPolicyOptions

/** A policy with all its settings, checked. */
export type SemanticPolicy = Required<StaticPolicyOptions> | Required<VerifiedPolicyOptions>

/** What is done with a candidate. */
export type Verdict =
  | { readonly kind: 'serve'; readonly confidence: number }
  | { readonly kind: 'explore'; readonly confidence: number }

/** Judgements of its own that an entry needs where its scope has taught nothing yet. */
const MIN_OWN = 4

/** @throws {InvalidOptionError} When a setting is unknown or out of its range. */
export function resolveSemanticPolicy(options: PolicyOptions): SemanticPolicy {
  if (options?.kind === 'static') {
    checkFields(options, 'policy', ['kind', 'minSimilarity'])
    return {
      kind: 'static',
      minSimilarity: within(options.minSimilarity, 'minSimilarity', Number.MIN_VALUE, 1),
    }
  }
  checkFields(options, 'policy', ['kind', 'maxErrorRate', 'minConfidence', 'minSimilarity'])
  oneOf(options.kind, 'policy.kind', ['static', 'verified'])
  const { maxErrorRate = 0.01, minConfidence = 0.5, minSimilarity = 0.6 } = options
  return {
    kind: 'verified',
    maxErrorRate: within(maxErrorRate, 'maxErrorRate', Number.MIN_VALUE, 0.5),
    minConfidence: within(minConfidence, 'minConfidence', 0, 1 - Number.EPSILON),
    minSimilarity: within(minSimilarity, 'minSimilarity', 0, 1),
  }
}

/** What is believed of one entry. */
export interface Belief {
  readonly weights: Weights
  /** Whether enough was judged, of the entry or of its scope, for anything to be served. */
  readonly isProven: boolean
}

/** @param own The judgements of the entry itself. */
export function believe(prior: Prior, own: readonly Observation[]): Belief {
  return {
    weights: updated(prior.weights, own),
    isProven: prior.isPooled || own.length >= MIN_OWN,
  }
}

/**
 * The verified policy's decision (vCache, arXiv 2502.03771, section 4): a candidate that is wrong with
 * probability `w` is served with probability `maxErrorRate / w`, so that a request is
 * answered wrongly with at most `maxErrorRate`; else it is explored. Below `minConfidence` it is always
 * explored, which only lowers the error.
 *
 * @param random A draw from [0, 1).
 */
export function decide(
  policy: Required<VerifiedPolicyOptions>,
  { weights, isProven }: Belief,
  similarity: number,
  random: number,
): Verdict {
  const confidence = correctness(weights, similarity)
  const mayServe = isProven && confidence >= policy.minConfidence
  const isServed = mayServe && random * (1 - confidence) < policy.maxErrorRate
  return { kind: isServed ? 'serve' : 'explore', confidence }
}

function within(value: unknown, option: string, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new InvalidOptionError(
    `policy.${option}`,
    `a number from ${min === Number.MIN_VALUE ? 'above 0' : min} to ${max}`,
  )
}
