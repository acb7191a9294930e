/**
 * How many queries of a working mailbox are answered without SQL, and whether any answer is wrong:
 * ours beside one tag for the table, and no cache.
 *
 * @module
 */

import type { Report, Target } from '../measure.ts'
import type { ContenderKind } from './contender.ts'
import { cachedRepository, noCache, tableTag } from './contenders.ts'
import { type SimulationResult, simulate } from './simulate.ts'

const SEED = 20_251_125
const EMAILS = 4_000
const OPERATIONS = 6_000
/** Write share, distinct queries, and the hit rate in percent that a model of the scheme reached. */
const SETTINGS = [
  [0.05, 40, 90.5],
  [0.05, 100, 89],
  [0.05, 400, 81.6],
  [0.1, 40, 84.2],
  [0.1, 100, 82.9],
  [0.1, 400, 72.4],
] as const
/** Points below the model that count as reaching it. */
const TOLERANCE = 2

const CONTENDERS: readonly ContenderKind[] = [cachedRepository, tableTag, noCache]

/** Runs it. */
export async function benchEmail(): Promise<Report> {
  const rows: (string | number)[][] = []
  const targets: Target[] = []
  for (const kind of CONTENDERS) {
    const row: (string | number)[] = [kind.name]
    let wrong = 0
    let [statements, reads] = [0, 0]
    for (const [writeShare, queries, bound] of SETTINGS) {
      const options = { seed: SEED, emails: EMAILS, operations: OPERATIONS, queries, writeShare }
      const result = await simulate(kind, options)
      const rate = rateOf(result)
      row.push(rate)
      wrong += result.wrong
      statements += result.statements
      reads += result.reads
      if (kind !== cachedRepository) continue
      const what = `hit rate, ${writeShare * 100} % writes, ${queries} queries, %`
      targets.push({ what, measured: rate, bound: { atLeast: bound - TOLERANCE } })
    }
    rows.push([...row, Math.round((statements / reads) * 100) / 100, wrong])
    if (kind === cachedRepository) {
      targets.push({ what: 'wrong answers', measured: wrong, bound: { atMost: 0 } })
    }
  }
  return {
    title: `A mailbox of ${EMAILS} messages`,
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables: [{ title: 'reads answered without SQL, %', heads: HEADS, rows }],
    notes: [
      `${OPERATIONS} operations a figure, seed ${SEED}, node:sqlite, embedded engine. Every answer is`,
      'compared with a fresh query. A hit is a read, its messages included, without any SQL statement.',
    ],
  }
}

const HEADS = [
  '',
  ...SETTINGS.map(([share, queries]) => `${share * 100} % writes, ${queries} queries`),
  'SQL statements/read',
  'wrong',
]

function rateOf({ hits, reads }: SimulationResult): number {
  return Math.round((hits / reads) * 1_000) / 10
}
