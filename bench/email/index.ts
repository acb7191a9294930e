/**
 * How many queries of a mailbox in use are answered without SQL, and whether any answer is wrong: nearcache
 * compared with one tag for the table, Drizzle with its cache, and no cache.
 *
 * @module
 */

import { type RedisServer, startRedisServer } from '../../test/support/redis-server.ts'
import type { Report, Table, Target } from '../measure.ts'
import type { ContenderKind } from './contender.ts'
import { cachedRepository, noCache, tableTag } from './contenders.ts'
import { drizzleWithCache } from './drizzle.ts'
import { type SimulationResult, simulate } from './simulate.ts'

const SEED = 20_251_125
const EMAILS = 4_000
const OPERATIONS = 6_000
/** Write share, distinct queries, and the hit rate in percent in a simulation of the invalidation scheme. */
const SETTINGS = [
  [0.05, 40, 90.5],
  [0.05, 100, 89],
  [0.05, 400, 81.6],
  [0.1, 40, 84.2],
  [0.1, 100, 82.9],
  [0.1, 400, 72.4],
] as const
/** Percentage points below the simulation that still meet the target. */
const TOLERANCE = 2

/** Runs the benchmark. */
export async function benchEmail(): Promise<Report> {
  const server = await startRedisServer()
  try {
    const kinds = [cachedRepository(), tableTag(), drizzleWithCache(server.url), noCache]
    const runs: (readonly [kind: ContenderKind, results: readonly SimulationResult[]])[] = []
    for (const kind of kinds) runs.push([kind, await runAll(kind, server)])
    return reportOf(runs)
  } finally {
    await server.stop()
  }
}

async function runAll(kind: ContenderKind, server: RedisServer): Promise<SimulationResult[]> {
  const results: SimulationResult[] = []
  for (const [writeShare, queries] of SETTINGS) {
    const options = { seed: SEED, emails: EMAILS, operations: OPERATIONS, queries, writeShare }
    await server.restart()
    results.push(await simulate(kind, options))
  }
  return results
}

type Runs = readonly (readonly [kind: ContenderKind, results: readonly SimulationResult[]])[]

function reportOf(runs: Runs): Report {
  const own = runs[0]?.[1] ?? []
  return {
    title: `A mailbox of ${EMAILS} messages`,
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets: targetsOf(own),
    tables: [
      tableOf('reads answered without SQL, %', runs, rateOf),
      tableOf('SQL statements of reads', runs, ({ statements }) => statements),
      tableOf('reads', runs.slice(0, 1), ({ reads }) => reads),
      tableOf('wrong answers', runs, ({ wrong }) => wrong),
    ],
    notes: [
      `${OPERATIONS} operations in sequence for each figure, seed ${SEED}, node:sqlite. Each contender has its own mailbox. Every answer is compared with a fresh query.`,
      'A hit is a read that needs no SQL statement, neither for the list nor for its messages.',
      'nearcache and the tag cache use the embedded engine. Drizzle caches every query for an hour (its default is a second), on redis-server over TCP, without HEXPIRE, which Redis 7.0 does not have.',
    ],
  }
}

function targetsOf(own: readonly SimulationResult[]): Target[] {
  const rates = SETTINGS.flatMap(([writeShare, queries, bound], i): Target[] => {
    const result = own[i]
    if (result === undefined) return []
    const what = `hit rate, ${writeShare * 100} % writes, ${queries} queries, %`
    return [{ what, measured: rateOf(result), bound: { atLeast: bound - TOLERANCE } }]
  })
  const wrong = own.reduce((sum, result) => sum + result.wrong, 0)
  return [...rates, { what: 'wrong answers', measured: wrong, bound: { atMost: 0 } }]
}

function tableOf(title: string, runs: Runs, figure: (result: SimulationResult) => number): Table {
  return {
    title,
    heads: [
      '',
      ...SETTINGS.map(([share, queries]) => `${share * 100} % writes, ${queries} queries`),
    ],
    rows: runs.map(([{ name }, results]) => [name, ...results.map(figure)]),
  }
}

function rateOf({ hits, reads }: SimulationResult): number {
  return Math.round((hits / reads) * 1_000) / 10
}
