/**
 * Decides whether a candidate without a veto is served.
 *
 * @module
 */

import { checkFields, oneOf } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import { correctness, type Observation, updated, type Weights } from './belief.ts'
import type { Prior } from './prior.ts'

/** Serves every candidate that is similar enough. How often that is wrong is not measured. */
export interface StaticPolicyOptions {
  /** Tells the policies apart. */
  readonly kind: 'static'
  /** The least cosine, from (0, 1]. */
  readonly minSimilarity: number
}

/** Serves candidates that judgements have shown to be right, to limit the share of wrong answers. */
export interface VerifiedPolicyOptions {
  /** Tells the policies apart. */
  readonly kind: 'verified'
  /** The share of all requests that may get a wrong answer, from (0, 0.5]. @default 0.01 */
  readonly maxErrorRate?: number
  /**
   * A candidate with a lower probability of being right is not served, from [0, 1). This bounds the error
   * rate of hits, which `maxErrorRate` does not. @default 0.5
   */
  readonly minConfidence?: number
  /** The least cosine of a candidate, from [0, 1]; a less similar one is not explored either. @default 0.6 */
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

/** How many judgements an entry needs if its scope has no prior of its own yet. */
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

/** The belief about one entry. */
export interface Belief {
  readonly weights: Weights
  /** Whether the entry, or its scope, has enough judgements for the entry to be served. */
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
 * probability `w` is served with probability `maxErrorRate / w`, otherwise explored. So the probability of
 * a wrong answer is at most `maxErrorRate` for each request. Below `minConfidence` the candidate is always
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
