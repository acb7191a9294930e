/**
 * Compares the policies of semantic matching on synthetic populations whose correctness is known: prints how
 * often they hit, and how often they are wrong, as shares of all requests and of the hits.
 *
 * Usage: `node scripts/llm/verified-policy.ts [--seeds N] [--entries N] [--requests N]`; 20 seeds of
 * 50 entries with 120 requests each. Two runs print the same.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import {
  type Player,
  type Population,
  play,
  publishedPlayer,
  staticPlayer,
  verifiedPlayer,
} from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    entries: { type: 'string', default: '50' },
    requests: { type: 'string', default: '120' },
  },
})
const seeds = Number(values.seeds)

const POLICIES: readonly (readonly [string, number, () => Player])[] = [
  ...[0.01, 0.02, 0.05].flatMap((bound): (readonly [string, number, () => Player])[] => [
    [`verified, bound ${bound}`, bound, () => verifiedPlayer(bound)],
    [`  floor 0.8`, bound, () => verifiedPlayer(bound, { minConfidence: 0.8 })],
    [`  no floor`, bound, () => verifiedPlayer(bound, { minConfidence: 0 })],
    [`  no common prior`, bound, () => verifiedPlayer(bound, { pooled: false })],
    [`  as published`, bound, () => publishedPlayer(bound)],
  ]),
  ...[0.8, 0.85, 0.9, 0.95].map(
    (least) => [`static, from ${least}`, Number.NaN, () => staticPlayer(least)] as const,
  ),
]

for (const population of ['usual', 'mixed', 'shallow'] satisfies Population[]) {
  console.log(
    `\npopulation ${population}; ${seeds} seeds, ${values.entries} entries, ${values.requests} requests each`,
  )
  console.log(
    'policy'.padEnd(26),
    'hit rate',
    ' error/all',
    ' worst seed',
    ' error/hit',
    ' seeds over the bound',
  )
  for (const [name, bound, make] of POLICIES) {
    const scenario = {
      population,
      entries: Number(values.entries),
      requestsAnEntry: Number(values.requests),
    }
    const tallies = Array.from({ length: seeds }, (_, seed) => play(scenario, seed + 1, make()))
    const sum = (pick: (tally: (typeof tallies)[number]) => number): number =>
      tallies.reduce((total, tally) => total + pick(tally), 0)
    const requests = sum((tally) => tally.requests)
    const wrong = sum((tally) => tally.wrong)
    const hits = sum((tally) => tally.hits)
    const rates = tallies.map((tally) => tally.wrong / tally.requests)
    console.log(
      name.padEnd(26),
      (hits / requests).toFixed(3).padStart(8),
      (wrong / requests).toFixed(4).padStart(10),
      Math.max(...rates)
        .toFixed(4)
        .padStart(11),
      (wrong / Math.max(hits, 1)).toFixed(4).padStart(10),
      Number.isNaN(bound) ? '' : String(rates.filter((rate) => rate > bound).length).padStart(10),
    )
  }
}
