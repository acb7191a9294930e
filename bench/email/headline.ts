/**
 * What a large mailbox gains from caching: SQL statements avoided, response times at the same arrival rate, and
 * how many requests a second are served with the same 95th percentile.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EmailQuery } from 'nearcache/email'
import { meanOf, median, quantile, type Report, type Target } from '../measure.ts'
import { peerFolder } from '../peers.ts'
import { endAll } from '../processes.ts'
import type { AppContender } from './app-protocol.ts'
import { App } from './apps.ts'
import { arrive, type Waits } from './open-loop.ts'
import { Played } from './played.ts'
import { stockOf } from './stock.ts'
import { type Operation, Workload } from './workload.ts'

const STOCK = { seed: 20_251_125, emails: 200_000, queries: 100, writeShare: 0.1 } as const
const CONTENDERS: readonly AppContender[] = ['none', 'tag', 'drizzle', 'nearcache', 'near', 'lag']
/** The contenders that have targets. */
const JUDGED: readonly AppContender[] = ['near', 'lag']
const OPERATIONS = 60_000
/**
 * Operations before the measurement, which fill the caches and get the code compiled. After only 500, every
 * process still spends a third of its time on compilation, and more if it has more code.
 */
const WARM_UP = 4_000
/** Operations over which statements are counted, and bursts after which answers are checked. */
const COUNTED = 500
const BURSTS = 15
/** Requests to one contender in a round. */
const ARRIVALS = 250
const ROUNDS = 5
/** The common rate, as a part of what SQL alone can serve: no queue forms, even on a shared machine. */
const LOAD = 0.25
/** With more requests under way than this, the application is overloaded and the run ends. */
const AT_MOST_UNDER_WAY = 300
/** Arrival rates to try, as multiples of the common rate. */
const STEPS = [1, 1.5, 2, 3, 4.5, 6, 8]
const TRIES = 3
/** A percentile up to a tenth above the bound still meets it: so much is random. */
const CHANCE = 0.1
/** After so many failed rates in a row, no higher rate is tried. */
const MISSES = 2

/** Where the database is: in the application's process, or a round trip away. */
interface Place {
  readonly name: string
  readonly roundTripMs?: number
}

const PLACES: readonly Place[] = [
  { name: 'SQLite in the process' },
  { name: 'SQLite 5 ms away', roundTripMs: 5 },
]

/** The results of one contender at one place. Times are medians of the rounds, in milliseconds. */
interface Performance {
  readonly statementsPerRead: number
  readonly wrong: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly writeMean: number
  readonly writeP95: number
  /** CPU time of the application, in microseconds. */
  readonly cpuPerRequest: number
  /** The highest multiple of the common rate at which the p95 of reads is not above that of SQL alone. */
  readonly mostSteps: number
}

/** What all contenders have in common. */
interface Stage {
  readonly stock: string
  readonly folder: string
  readonly queries: readonly EmailQuery[]
  readonly operations: readonly Operation[]
}

/** Runs the benchmark. */
export async function benchEmailHeadline(): Promise<Report> {
  // Installs the peers once, before several processes try to.
  peerFolder()
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-headline-'))
  try {
    const workload = new Workload(STOCK)
    const stock = await stockOf('mail', workload.emails)
    const operations = Array.from({ length: OPERATIONS }, () => workload.next())
    const { queries } = workload
    const results: Result[] = []
    for (const place of PLACES) {
      results.push(await measureAt(place, { stock, folder, queries, operations }))
    }
    return reportOf(results)
  } finally {
    endAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The results at one place. */
interface Result {
  readonly place: Place
  readonly rate: number
  readonly performances: readonly Performance[]
}

/** Measures all contenders in turn; SQL alone comes first, because it sets the common rate. */
async function measureAt(place: Place, stage: Stage): Promise<Result> {
  const all: Played[] = []
  try {
    for (const contender of CONTENDERS) {
      const app = await App.start(contender, stage.queries, { ...stage, ...place })
      all.push(new Played(app, stage.operations, stage.queries))
    }
    const checks = await inTurn(all, async (played) => {
      await played.play(WARM_UP, 4)
      const counted = await played.count(COUNTED)
      const { wrong } = await played.burst(BURSTS)
      return { ...counted, wrong: counted.wrong + wrong }
    })
    const [plain] = all as [Played]
    const rate = (2_000 * ARRIVALS * LOAD) / (await plain.play(2 * ARRIVALS, 16))
    const rounds = await roundsOf(all, rate)
    const most = await mostOf(all, rate)
    const performances = checks.map(({ statementsPerRead, wrong }, i) => ({
      statementsPerRead,
      wrong,
      ...timesOf(rounds[i]?.waits ?? []),
      cpuPerRequest: rounds[i]?.cpuPerRequest ?? 0,
      mostSteps: most[i] ?? 0,
    }))
    return { place, rate, performances }
  } finally {
    for (const { app } of all) await app.close()
    endAll()
  }
}

interface Rounds {
  readonly waits: Waits[]
  readonly cpuPerRequest: number
}

/** Measures all contenders at the common rate, in turn in each round. */
async function roundsOf(all: readonly Played[], rate: number): Promise<Rounds[]> {
  const waits = all.map((): Waits[] => [])
  const before = await inTurn(all, ({ app }) => app.cpu())
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { request }] of all.entries()) {
      waits[i]?.push((await arrive(arrivalsAt(rate, ARRIVALS, round), request)) ?? {})
    }
  }
  const after = await inTurn(all, ({ app }) => app.cpu())
  return waits.map((own, i) => ({
    waits: own,
    cpuPerRequest: ((after[i] ?? 0) - (before[i] ?? 0)) / (ROUNDS * ARRIVALS),
  }))
}

async function inTurn<T>(
  all: readonly Played[],
  work: (played: Played) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  for (const played of all) results.push(await work(played))
  return results
}

type Times = Pick<Performance, 'mean' | 'p50' | 'p95' | 'writeMean' | 'writeP95'>

function timesOf(rounds: readonly Waits[]): Times {
  const over = (kind: string, figure: (waits: readonly number[]) => number): number =>
    median(rounds.map((waits) => figure(waits[kind] ?? [])))
  const quantileAt =
    (p: number) =>
    (waits: readonly number[]): number =>
      quantile(waits, p)
  return {
    mean: over('read', meanOf),
    p50: over('read', quantileAt(0.5)),
    p95: over('read', quantileAt(0.95)),
    writeMean: over('write', meanOf),
    writeP95: over('write', quantileAt(0.95)),
  }
}

/**
 * The highest step at which the 95th percentile of each contender is not above that of SQL alone at the common
 * rate. Both are measured shortly after each other, because other load on the machine varies.
 */
async function mostOf(all: readonly Played[], rate: number): Promise<number[]> {
  const most = all.map(() => 0)
  const missed = all.map(() => 0)
  for (const step of STEPS) {
    const going = [...all.keys()].filter((i) => isTried(i) && (missed[i] ?? 0) < MISSES)
    const kept = all.map(() => 0)
    for (let nth = 0; nth < TRIES; nth++) {
      const bound = (await p95At(all[0] as Played, rate, nth)) * (1 + CHANCE)
      for (const i of going) {
        if ((await p95At(all[i] as Played, rate * step, nth)) <= bound) kept[i] = (kept[i] ?? 0) + 1
      }
    }
    for (const i of going) {
      const isKept = (kept[i] ?? 0) > TRIES / 2
      if (isKept) most[i] = step
      missed[i] = isKept ? 0 : (missed[i] ?? 0) + 1
    }
  }
  return most
}

/** Whether the highest rate is searched: without targets it is not needed, and takes minutes. */
function isTried(i: number): boolean {
  const contender = CONTENDERS[i] as AppContender
  return contender === 'none' || JUDGED.includes(contender)
}

/** The 95th percentile of reads, in milliseconds; infinite if the application is overloaded. */
async function p95At({ request }: Played, perSecond: number, nth: number): Promise<number> {
  // At least half a second, to measure what the application sustains and not a burst at the start.
  const count = Math.max(ARRIVALS, Math.round(perSecond / 2))
  const waits = await arrive(arrivalsAt(perSecond, count, nth), request)
  return waits ? quantile(waits['read'] ?? [], 0.95) : Number.POSITIVE_INFINITY
}

function arrivalsAt(perSecond: number, count: number, round: number): Parameters<typeof arrive>[0] {
  return { perSecond, count, seed: STOCK.seed + round, atMostUnderWay: AT_MOST_UNDER_WAY }
}

const HEADS = [
  '',
  'arrivals/s',
  'SQL statements/read',
  'wrong',
  'read mean, ms',
  'read p50, ms',
  'read p95, ms',
  'write mean, ms',
  'write p95, ms',
  'CPU/request, us',
  'most/s with the p95',
]

function rowsOf({ place, rate, performances }: Result): (string | number)[][] {
  return performances.map((own, i) => [
    `${place.name}: ${App.nameOf(CONTENDERS[i] as AppContender)}`,
    Math.round(rate),
    Math.round(own.statementsPerRead * 1_000) / 1_000,
    own.wrong,
    ...[own.mean, own.p50, own.p95, own.writeMean, own.writeP95].map(
      (ms) => Math.round(ms * 100) / 100,
    ),
    Math.round(own.cpuPerRequest),
    isTried(i) ? Math.round(rate * own.mostSteps) : '',
  ])
}

function targetsOf({ place, performances }: Result): Target[] {
  const [plain] = performances as [Performance]
  return JUDGED.flatMap((contender) => {
    const own = performances[CONTENDERS.indexOf(contender)] as Performance
    const name = `${place.name}, ${App.nameOf(contender)}`
    const avoided = 100 * (1 - own.statementsPerRead / plain.statementsPerRead)
    return [
      { what: `${name}: SQL statements avoided, %`, measured: avoided, bound: { atLeast: 70 } },
      { what: `${name}: wrong answers`, measured: own.wrong, bound: { atMost: 0 } },
      {
        what: `${name}: mean of reads, ours : SQL alone`,
        measured: own.mean / plain.mean,
        bound: { atMost: 0.5 },
      },
      {
        what: `${name}: p95 of reads, ours : SQL alone`,
        measured: own.p95 / plain.p95,
        bound: { atMost: 0.5 },
      },
      {
        what: `${name}: requests a second with the same p95, ours : SQL alone`,
        measured: own.mostSteps / plain.mostSteps,
        bound: { atLeast: 3 },
      },
    ]
  })
}

function reportOf(results: readonly Result[]): Report {
  return {
    title: 'A mailbox of 200,000 messages',
    rounds: ROUNDS,
    ratios: [],
    figures: [],
    counts: {},
    targets: results.flatMap(targetsOf),
    tables: [{ title: 'a mailbox of 200,000', heads: HEADS, rows: results.flatMap(rowsOf) }],
    notes: NOTES,
  }
}

const NOTES = [
  `${STOCK.queries} queries by Zipf's law, ${STOCK.writeShare * 100} % writes. Each contender is an application in its own process, with its own copy of the mailbox and its own redis-server (TCP). The load comes from another process, to which the application returns only the number of messages in a page. All processes share the machine's two cores.`,
  `Arrivals are a Poisson process and do not wait for answers. A time is counted from when the request was due, and includes the way to the application and back. Contenders take turns, round by round. The common rate is a quarter of what SQL alone can serve.`,
  `"5 ms away" is SQLite in another process, which answers each statement or transaction 5 ms after it has arrived. "near" keeps lists and messages in the process and is strict. With "lag 1 s", an answer may be up to a second behind the writes of other processes, and is never behind the application's own writes.`,
  `"Wrong" counts the answers that differ from those of a fresh query, of ${COUNTED} operations in sequence, and after each of ${BURSTS} bursts of 32 concurrent operations.`,
]
