/**
 * What a large mailbox gains: SQL statements avoided, response times at the same rate of arrival, and
 * how many requests a second are served with the same 95th percentile.
 *
 * @module
 */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SqlDriver } from 'nearcache/email'
import { type RedisServer, startRedisServer } from '../../test/support/redis-server.ts'
import type { Report, Table, Target } from '../measure.ts'
import { type Contender, type ContenderKind, openMailDatabase } from './contender.ts'
import { cachedRepository, nearRepository, noCache } from './contenders.ts'
import { arrive, meanOf, quantile, type Request, type Waits } from './open-loop.ts'
import { Workload } from './workload.ts'

const STOCK = { seed: 20_251_125, emails: 200_000, queries: 100, writeShare: 0.1 } as const
/** Played before anything is measured, so that caches are at work. */
const WARM_UP = 1_500
/** Operations by which statements are counted. */
const COUNTED = 4_000
/** Of a figure by the clock; at high rates as many as arrive in so many seconds. */
const ARRIVALS = 1_500
const SECONDS = 3
const MOST_ARRIVALS = 8_000
/** Part of its capacity at which SQL alone is measured: busy, and without a queue. */
const LOAD = 0.5
const AT_MOST_UNDER_WAY = 500
/** Rates that are tried, as multiples of the first. */
const STEP = 1.25
const MOST_STEPS = 16

/** Where the database is: in the process, or so many milliseconds away. */
interface Place {
  readonly name: string
  readonly roundTripMs: number
}

const PLACES: readonly Place[] = [
  { name: 'SQLite in the process', roundTripMs: 0 },
  { name: 'SQLite 5 ms away', roundTripMs: 5 },
]

/** What one contender does at one place. */
interface Performance {
  readonly statementsPerRead: number
  /** Waits at the common rate. */
  readonly waits: Waits
  /** Most requests a second whose reads have the common 95th percentile. */
  readonly most: number
}

/** Runs it. */
export async function benchEmailHeadline(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-headline-'))
  const server = await startRedisServer()
  try {
    const stock = join(folder, 'stock.db')
    await build(stock)
    const targets: Target[] = []
    const rows: (string | number)[][] = []
    for (const place of PLACES) {
      const bench = new Bench(place, { stock, folder, server })
      const plain = await bench.plain()
      const { rate, p95 } = plain
      rows.push(rowOf(place, 'no cache', rate, plain.performance))
      for (const kind of [cachedRepository(server.url), nearRepository(server.url)]) {
        const own = await bench.measure(kind, { rate, p95 })
        rows.push(rowOf(place, kind.name, rate, own))
        targets.push(...targetsOf(`${place.name}, ${kind.name}`, plain.performance, own))
      }
    }
    return reportOf(targets, [{ title: 'a mailbox of 200,000', heads: HEADS, rows }])
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function build(path: string): Promise<void> {
  const { emails } = new Workload(STOCK)
  const { db, truth } = await openMailDatabase(path)
  db.exec('PRAGMA synchronous = OFF')
  for (let i = 0; i < emails.length; i += 1_000) await truth.batchCreate(emails.slice(i, i + 1_000))
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

/** Measures at one place, each contender on its own copy of the mailbox and an empty Redis. */
class Bench {
  readonly #place: Place
  readonly #files: { readonly stock: string; readonly folder: string; readonly server: RedisServer }

  constructor(
    place: Place,
    files: { readonly stock: string; readonly folder: string; readonly server: RedisServer },
  ) {
    this.#place = place
    this.#files = files
  }

  /** SQL alone, which sets the rate and the percentile that all are held to. */
  async plain(): Promise<{ rate: number; p95: number; performance: Performance }> {
    const played = await this.#open(noCache)
    const capacity = await capacityOf(played)
    const rate = capacity * LOAD
    const { waits, statementsPerRead } = await this.#figures(played, rate)
    const p95 = quantile(waits['read'] ?? [], 0.95)
    const most = await this.#most(played, { rate, p95 })
    await played.close()
    return { rate, p95, performance: { statementsPerRead, waits, most } }
  }

  async measure(
    kind: ContenderKind,
    { rate, p95 }: { readonly rate: number; readonly p95: number },
  ): Promise<Performance> {
    const played = await this.#open(kind)
    const { waits, statementsPerRead } = await this.#figures(played, rate)
    const most = await this.#most(played, { rate, p95 })
    await played.close()
    return { statementsPerRead, waits, most }
  }

  async #figures(
    played: Played,
    rate: number,
  ): Promise<Pick<Performance, 'waits' | 'statementsPerRead'>> {
    const statementsPerRead = await played.count(COUNTED)
    const waits = await arrive(arrivalsAt(rate), played.request)
    if (waits === undefined) throw new Error('Requests pile up at the common rate')
    return { statementsPerRead, waits }
  }

  /** Steps up until the percentile is passed. One step over it is tried again: it may be chance. */
  async #most(
    played: Played,
    { rate, p95 }: { readonly rate: number; readonly p95: number },
  ): Promise<number> {
    let most = 0
    for (let step = 0; step < MOST_STEPS; step++) {
      const perSecond = rate * STEP ** step
      const isHeld = async (): Promise<boolean> => {
        const waits = await arrive(arrivalsAt(perSecond), played.request)
        await delay(200)
        return waits !== undefined && quantile(waits['read'] ?? [], 0.95) <= p95 * 1.05
      }
      if (!(await isHeld()) && !(await isHeld())) return most
      most = perSecond
    }
    return most
  }

  async #open(kind: ContenderKind): Promise<Played> {
    const { stock, folder, server } = this.#files
    const path = join(folder, `${Math.random().toString(36).slice(2)}.db`)
    copyFileSync(stock, path)
    await server.restart()
    const database = await openMailDatabase(path)
    const driver = away(database.driver, this.#place.roundTripMs)
    const contender = await kind.open({ ...database, driver })
    const played = new Played(contender, database.counts, () => {
      database.db.close()
      for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
    })
    await played.play(WARM_UP)
    return played
  }
}

/** A contender at work on the workload. */
class Played {
  readonly #contender: Contender
  readonly #counts: { readonly reads: number }
  readonly #workload = new Workload(STOCK)
  readonly #closed: () => void

  constructor(contender: Contender, counts: { readonly reads: number }, closed: () => void) {
    this.#contender = contender
    this.#counts = counts
    this.#closed = closed
  }

  /** Begins the next operation. */
  readonly request: Request = () => {
    const operation = this.#workload.next()
    if (operation.kind === 'read') {
      return { kind: 'read', done: this.#contender.read(operation.query) }
    }
    return { kind: 'write', done: this.#contender.write(operation.write) }
  }

  /** So many operations, one after the other. */
  async play(count: number): Promise<number> {
    let reads = 0
    for (let i = 0; i < count; i++) {
      const { kind, done } = this.request()
      if (kind === 'read') reads++
      await done
    }
    return reads
  }

  /** @returns SQL statements a read. */
  async count(operations: number): Promise<number> {
    const before = this.#counts.reads
    const reads = await this.play(operations)
    return (this.#counts.reads - before) / reads
  }

  async close(): Promise<void> {
    await this.#contender.close()
    this.#closed()
  }
}

/** Operations a second, as many at once as keep the process busy. */
async function capacityOf(played: Played): Promise<number> {
  const lanes = 16
  const each = Math.ceil(ARRIVALS / lanes)
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: lanes }, () => played.play(each)))
  return (lanes * each * 1_000) / (performance.now() - startedAt)
}

function arrivalsAt(perSecond: number): Parameters<typeof arrive>[0] {
  const count = Math.min(MOST_ARRIVALS, Math.max(ARRIVALS, Math.round(perSecond * SECONDS)))
  return { perSecond, count, seed: STOCK.seed, atMostUnderWay: AT_MOST_UNDER_WAY }
}

/** A database at a distance: each statement or transaction takes a round trip more. */
function away(driver: SqlDriver, roundTripMs: number): SqlDriver {
  if (roundTripMs === 0) return driver
  return {
    all: async (sql, params) => {
      await delay(roundTripMs)
      return driver.all(sql, params)
    },
    run: async (sql, params) => {
      await delay(roundTripMs)
      return driver.run(sql, params)
    },
    batch: async (statements) => {
      await delay(roundTripMs)
      return driver.batch(statements)
    },
  }
}

const HEADS = [
  '',
  'arrivals/s',
  'SQL statements/read',
  'read mean, ms',
  'read p50, ms',
  'read p95, ms',
  'write mean, ms',
  'write p95, ms',
  'most/s with the p95',
]

function rowOf(
  { name }: Place,
  contender: string,
  rate: number,
  { statementsPerRead, waits, most }: Performance,
): (string | number)[] {
  const { read = [], write = [] } = waits
  const times = [
    meanOf(read),
    quantile(read, 0.5),
    quantile(read, 0.95),
    meanOf(write),
    quantile(write, 0.95),
  ]
  return [
    `${name}: ${contender}`,
    Math.round(rate),
    round(statementsPerRead),
    ...times.map(round),
    Math.round(most),
  ]
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function targetsOf(name: string, plain: Performance, own: Performance): Target[] {
  const [theirs, ours] = [plain.waits['read'] ?? [], own.waits['read'] ?? []]
  const avoided = 100 * (1 - own.statementsPerRead / plain.statementsPerRead)
  return [
    { what: `${name}: SQL statements avoided, %`, measured: avoided, bound: { atLeast: 70 } },
    {
      what: `${name}: mean of reads, ours : SQL alone`,
      measured: meanOf(ours) / meanOf(theirs),
      bound: { atMost: 0.5 },
    },
    {
      what: `${name}: p95 of reads, ours : SQL alone`,
      measured: quantile(ours, 0.95) / quantile(theirs, 0.95),
      bound: { atMost: 0.5 },
    },
    {
      what: `${name}: requests a second with the same p95, ours : SQL alone`,
      measured: own.most / plain.most,
      bound: { atLeast: 3 },
    },
  ]
}

function reportOf(targets: readonly Target[], tables: readonly Table[]): Report {
  return {
    title: 'A mailbox of 200,000 messages',
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables,
    notes: [
      `${STOCK.queries} queries by Zipf's law, ${STOCK.writeShare * 100} % writes, one process with SQLite in it,`,
      'redis-server over TCP on the same cores. Arrivals are a Poisson process and do not wait for answers;',
      'a time counts from when a request was due. The common rate is half of what SQL alone gets done. Near',
      'tier: "nearcache" has none, "nearcache, near" keeps messages in the process; both are strict.',
    ],
  }
}
