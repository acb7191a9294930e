/**
 * Counts wrong answers of a mailbox with eight reading and four writing processes, for each way to cache it.
 *
 * @module
 */

import type { Report } from '../measure.ts'
import { peerFolder } from '../peers.ts'
import { type RaceResult, race } from './race.ts'
import type { RaceContender } from './race-protocol.ts'

const NAMES: Readonly<Record<RaceContender, string>> = {
  nearcache: 'nearcache',
  near: 'nearcache, near',
  lag: 'nearcache, near, lag 1 s',
  tag: 'one tag for the table',
  drizzle: 'Drizzle, upstashCache',
  none: 'no cache',
  untold: 'nearcache, writes untold',
}
/** Contenders that must not give a wrong answer. */
const OWN: readonly RaceContender[] = ['nearcache', 'near', 'lag']
const RACE = {
  seed: 20_251_125,
  emails: 4_000,
  queries: 100,
  readers: 8,
  writers: 4,
  reads: 1_000,
  pauseMs: 20,
} as const

/** Runs the benchmark. */
export async function benchEmailRace(): Promise<Report> {
  // Installs the peers once, before twelve processes try to.
  peerFolder()
  const results: (readonly [contender: RaceContender, result: RaceResult])[] = []
  for (const contender of Object.keys(NAMES) as RaceContender[]) {
    results.push([contender, await race({ ...RACE, contender })])
  }
  const own = results.filter(([contender]) => OWN.includes(contender))
  return {
    title: 'A mailbox of 4,000 messages, 8 readers and 4 writers',
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets: own.map(([contender, { wrong, disagreements }]) => ({
      what: `${NAMES[contender]}: wrong answers`,
      measured: wrong + disagreements,
      bound: { atMost: 0 },
    })),
    tables: [{ title: 'answers', heads: HEADS, rows: results.map(rowOf) }],
    notes: [
      'Each contender is a process of its own, on one redis-server and one SQLite file (WAL). A reader has two reads',
      'under way. An answer is right if its list is what a fresh query would have returned at some instant between',
      'the start and the end of the read, and if each message is as it was at such an instant. The database records',
      'its history itself, in the transaction of each change, and the history is replayed afterwards. "Spread": right,',
      'but no single instant fits both list and messages. With a lag of 1 s, the read counts as begun a second',
      'earlier. "Writes untold" writes without telling the cache, so wrong answers must be found there.',
    ],
  }
}

const HEADS = ['', 'reads', 'writes', 'SQL statements', 'reads that met a write', 'wrong', 'spread']

function rowOf([contender, result]: readonly [RaceContender, RaceResult]): (string | number)[] {
  const { reads, writes, statements, contended, wrong, spread } = result
  return [NAMES[contender], reads, writes, statements, contended, wrong, spread]
}
