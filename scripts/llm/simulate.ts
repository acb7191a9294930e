/**
 * Simulates requests to policies on a synthetic population of cached answers, whose correctness is known.
 *
 * Each entry is right for a request of similarity `s` with probability `1 / (1 + exp(-g (s - t)))`. The
 * population `usual` has t from N(0.82, 0.08) and g from U(25, 80); in `mixed` a fifth of the entries is
 * right for nothing but itself, and the others are from two groups; `shallow` has t from U(0.6, 1.05) and g
 * from U(6, 15), in part below what the policy believes possible. Similarities are 1 - Beta(1.6, 6).
 *
 * @module
 */

import type { Observation } from '../../src/llm/semantic/belief.ts'
import { SAMPLED_ENTRIES } from '../../src/llm/semantic/judgements.ts'
import {
  type Belief,
  believe,
  decide,
  resolveSemanticPolicy,
} from '../../src/llm/semantic/policy.ts'
import { type Prior, pool, UNPOOLED } from '../../src/llm/semantic/prior.ts'
import { Dice } from '../mailbox/dice.ts'

/** The counts of one policy. */
export interface Tally {
  requests: number
  hits: number
  wrong: number
}

/** A policy in the simulation. `serves` decides whether a request with this similarity is served from an entry. */
export interface Player {
  serves(entry: number, similarity: number, random: number): boolean
  learns(entry: number, observation: Observation): void
}

export type Population = 'usual' | 'mixed' | 'shallow'

/** The parameters of a run. */
export interface Scenario {
  readonly population: Population
  readonly entries: number
  readonly requestsAnEntry: number
}

interface Truth {
  readonly threshold: number
  readonly gain: number
}

/** One run. Runs with the same seed and scenario get the same requests in the same order. */
export function play(scenario: Scenario, seed: number, player: Player): Tally {
  const dice = new Dice(seed)
  const chance = (): number => dice.next()
  const truths = Array.from({ length: scenario.entries }, () =>
    truthOf(scenario.population, chance),
  )
  const tally: Tally = { requests: 0, hits: 0, wrong: 0 }
  const total = scenario.entries * scenario.requestsAnEntry
  for (let i = 0; i < total; i++) {
    const entry = Math.floor(chance() * scenario.entries)
    const { threshold, gain } = truths[entry] as Truth
    const similarity = 1 - beta(1.6, 6, chance)
    const same = chance() < 1 / (1 + Math.exp(-gain * (similarity - threshold)))
    const random = chance()
    tally.requests++
    if (player.serves(entry, similarity, random)) {
      tally.hits++
      if (!same) tally.wrong++
    } else {
      player.learns(entry, { similarity, same })
    }
  }
  return tally
}

function truthOf(population: Population, chance: () => number): Truth {
  if (population === 'shallow') return { threshold: 0.6 + 0.45 * chance(), gain: 6 + 9 * chance() }
  const gain = 25 + 55 * chance()
  if (population === 'usual') return { threshold: 0.82 + 0.08 * normal(chance), gain }
  const group = chance()
  if (group < 0.2) return { threshold: 1.2, gain }
  return { threshold: (group < 0.6 ? 0.72 : 0.93) + 0.03 * normal(chance), gain }
}

/** Serves above a fixed similarity. */
export function staticPlayer(minSimilarity: number): Player {
  return {
    serves: (_entry, similarity) => similarity >= minSimilarity,
    learns: () => undefined,
  }
}

/** The policy of this library. With `pooled: false`, it never learns from other entries. */
export function verifiedPlayer(
  maxErrorRate: number,
  { minConfidence = 0.5, pooled = true }: { minConfidence?: number; pooled?: boolean } = {},
): Player {
  const policy = resolveSemanticPolicy({
    kind: 'verified',
    maxErrorRate,
    minConfidence,
    minSimilarity: 0,
  })
  if (policy.kind !== 'verified') throw new Error('another policy')
  const known = new Map<number, Observation[]>()
  const beliefs = new Map<number, Belief>()
  let prior: Prior = UNPOOLED
  let judged = 0
  let pooledAt = 0
  return {
    serves: (entry, similarity, random) => {
      const belief = beliefs.get(entry) ?? believe(prior, known.get(entry) ?? [])
      beliefs.set(entry, belief)
      return decide(policy, belief, similarity, random).kind === 'serve'
    },
    learns: (entry, observation) => {
      known.set(entry, [...(known.get(entry) ?? []), observation].slice(-64))
      beliefs.delete(entry)
      judged++
      // The matcher recomputes the prior after some time; here it depends on the number of observations.
      if (!pooled || judged < 32 || judged < pooledAt * 1.25) return
      pooledAt = judged
      prior = pool([...known.values()].slice(0, SAMPLED_ENTRIES))
      beliefs.clear()
    },
  }
}

/** The rule as published: a maximum-likelihood fit for each entry, a confidence band, no minimum similarity. */
export function publishedPlayer(maxErrorRate: number): Player {
  const known = new Map<number, Observation[]>()
  return {
    serves: (entry, similarity, random) => {
      const own = known.get(entry) ?? []
      if (own.length < 4) return false
      return random > publishedExploration(own, similarity, maxErrorRate)
    },
    learns: (entry, observation) => {
      known.set(entry, [...(known.get(entry) ?? []), observation])
    },
  }
}

/** The probability with which the published rule explores (arXiv 2502.03771, section 4). */
function publishedExploration(own: readonly Observation[], s: number, delta: number): number {
  const data = [{ similarity: 0, same: false }, { similarity: 1, same: true }, ...own]
  const { threshold, gain, variance } = fitCurve(data)
  let least = 1
  for (let i = 1; i < 50; i++) {
    const doubt = i / 50
    const moved = Math.min(1, Math.max(0, threshold + quantile(1 - doubt) * Math.sqrt(variance)))
    const right = (1 - doubt) / (1 + Math.exp(-gain * (s - moved)))
    least = Math.min(least, 1 - delta / Math.max(1 - right, 1e-12))
  }
  return least
}

/** Logistic regression by Newton's method. The small ridge only keeps the result finite. */
function fitCurve(data: readonly Observation[]): {
  threshold: number
  gain: number
  variance: number
} {
  let [b0, b1] = [0, 1]
  let [h00, h01, h11] = [1, 0, 1]
  for (let round = 0; round < 12; round++) {
    let [g0, g1] = [-1e-4 * b0, -1e-4 * b1]
    ;[h00, h01, h11] = [1e-4, 0, 1e-4]
    for (const { similarity: x, same } of data) {
      const p = 1 / (1 + Math.exp(-(b0 + b1 * x)))
      const w = p * (1 - p)
      const rest = (same ? 1 : 0) - p
      g0 += rest
      g1 += rest * x
      h00 += w
      h01 += w * x
      h11 += w * x * x
    }
    const det = h00 * h11 - h01 * h01
    if (!(det > 1e-12)) break
    b0 += (h11 * g0 - h01 * g1) / det
    b1 += (h00 * g1 - h01 * g0) / det
  }
  const gain = Math.max(b1, 1e-6)
  const threshold = Math.min(1, Math.max(0, -b0 / gain))
  const right = data.filter(({ same }) => same).map(({ similarity }) => similarity)
  const wrong = data.filter(({ same }) => !same).map(({ similarity }) => similarity)
  if (Math.min(...right) > Math.max(...wrong)) {
    return { threshold, gain: Math.min(gain, 200), variance: Math.max(0.0075, 0.25 / data.length) }
  }
  const det = Math.max(h00 * h11 - h01 * h01, 1e-12)
  const [d0, d1] = [-1 / gain, b0 / gain ** 2]
  const variance = (d0 * d0 * h11 - 2 * d0 * d1 * h01 + d1 * d1 * h00) / det
  return { threshold, gain, variance: Math.max(0, variance) }
}

/** The quantile of the normal distribution. A finer approximation, such as Acklam's, is not needed here. */
function quantile(p: number): number {
  const [sign, tail] = p < 0.5 ? [-1, p] : [1, 1 - p]
  const t = Math.sqrt(-2 * Math.log(tail))
  // Abramowitz and Stegun, 26.2.23.
  const above = 2.515517 + 0.802853 * t + 0.010328 * t * t
  const below = 1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3
  return sign * (t - above / below)
}

function normal(chance: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}

/** By two gamma draws (Marsaglia and Tsang, TOMS 26, 2000). Both shapes are above 1. */
function beta(a: number, b: number, chance: () => number): number {
  const x = gamma(a, chance)
  return x / (x + gamma(b, chance))
}

function gamma(shape: number, chance: () => number): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(chance)
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - chance()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
