/**
 * The mail of accounts on a cold cache, with Redis over TCP and over HTTP: how many queries are avoided, how
 * long requests take in sequence, and how many requests a second are served with 32 at once.
 *
 * @module
 */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EmailQuery } from 'nearcache/email'
import { startRedisServer } from '../../test/support/redis-server.ts'
import { type BenchOptions, median, type Report, type Target } from '../measure.ts'
import { endAll, startProgram } from '../processes.ts'
import { Accounts, type AccountsOptions } from './accounts.ts'
import { ACCOUNTS_PEERS, type AccountsPeer } from './accounts-peers.ts'
import type { PassOrder, PassResult } from './accounts-protocol.ts'
import { bridgeTo } from './apps.ts'
import { applyWrite, digestOf, openMailDatabase } from './contender.ts'
import { stockOf } from './stock.ts'

/** One contender: how it reaches Redis and how far near copies may lag, in milliseconds; or another cache. */
interface Entrant {
  readonly name: string
  readonly isOverHttp?: boolean
  readonly lag?: number
  readonly peer?: AccountsPeer
}

const PLAIN: Entrant = { name: 'no cache' }
const ENTRANTS: readonly Entrant[] = [
  PLAIN,
  { name: 'nearcache, near, TCP', lag: 0 },
  { name: 'nearcache, near, lag 1 s, TCP', lag: 1_000 },
  { name: 'nearcache, near, HTTP', lag: 0, isOverHttp: true },
  { name: 'nearcache, near, lag 1 s, HTTP', lag: 1_000, isOverHttp: true },
  ...ACCOUNTS_PEERS.map((peer) => ({ name: peer, peer })),
]
const ROUNDS = 1
/** For each account: messages, operations in sequence, and concurrent operations. The same at both sizes. */
const EACH = { emails: 1_000, alone: 100, together: 20 }
/** Accounts. The quick size takes a minute on an idle machine, and three on a busy one. */
const SIZES = { quick: 40, full: 200 }

type Load = Pick<PassOrder, 'accounts' | 'skipped' | 'requests' | 'concurrency'>

/** One in twenty operations writes; a few accounts make half of all operations. */
function loadsOf(accounts: number): readonly [alone: Load, together: Load] {
  const options: AccountsOptions = {
    seed: 20_251_125,
    emails: accounts * EACH.emails,
    accounts,
    exponent: 0.99,
    writeShare: 0.05,
  }
  const [alone, together] = [accounts * EACH.alone, accounts * EACH.together]
  return [
    { accounts: options, skipped: 0, requests: alone, concurrency: 1 },
    { accounts: options, skipped: alone, requests: together, concurrency: 32 },
  ]
}

type Passes = readonly [alone: PassResult, together: PassResult]

/** Runs the benchmark. */
export async function benchWorkload({ isFull }: BenchOptions): Promise<Report> {
  const [alone, together] = loadsOf(isFull ? SIZES.full : SIZES.quick)
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-accounts-'))
  try {
    const { emails } = new Accounts(alone.accounts)
    const stock = await stockOf(`accounts-${emails.length}`, emails)
    const oracle = await avoidable(alone, stock, join(folder, 'oracle.db'))
    const rounds = ENTRANTS.map((): Passes[] => [])
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, entrant] of ENTRANTS.entries()) {
        const first = await pass(entrant, alone, stock, folder)
        rounds[i]?.push([first, await pass(entrant, together, stock, folder)])
      }
    }
    return reportOf({ oracle, rounds, loads: [alone, together], isFull })
  } finally {
    endAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs one pass on a copy of the mailbox and an empty Redis. */
async function pass(
  { lag, peer, isOverHttp = false }: Entrant,
  load: Load,
  stock: string,
  folder: string,
): Promise<PassResult> {
  const file = join(folder, 'pass.db')
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
  copyFileSync(stock, file)
  const server = await startRedisServer()
  try {
    const redis = isOverHttp ? await bridgeTo(server.url) : { url: server.url }
    const way = { ...(lag !== undefined && { lag }), ...(peer !== undefined && { peer }) }
    const order: PassOrder = { ...load, file, redis, ...way }
    const program = join(import.meta.dirname, 'accounts-process.ts')
    const words = [program, JSON.stringify(order)]
    return JSON.parse(await startProgram(process.execPath, words, /^result (.*)$/)) as PassResult
  } finally {
    endAll()
    await server.stop()
  }
}

/**
 * The percentage of the queries of the first pass that an ideal cache avoids: one that keeps every answer
 * exactly until a write changes it.
 */
async function avoidable(
  { accounts: options, requests }: Load,
  stock: string,
  file: string,
): Promise<number> {
  copyFileSync(stock, file)
  const { db, truth } = await openMailDatabase(file)
  const accounts = new Accounts(options)
  const emails = new Map(accounts.emails.map((email) => [email.id, email]))
  const digest = async (query: EmailQuery): Promise<string> =>
    (await truth.queryEmails(query)).emails.map(digestOf).join()
  const held = new Set<EmailQuery>()
  let [reads, hits] = [0, 0]
  for (let i = 0; i < requests; i++) {
    const operation = accounts.next()
    if (operation.kind === 'read') {
      reads++
      if (held.has(operation.query)) hits++
      held.add(operation.query)
      continue
    }
    const { write } = operation
    const email = write.kind === 'update' ? emails.get(write.id) : undefined
    const asked = email ? accounts.queriesOf(email).filter((query) => held.has(query)) : []
    const before: string[] = []
    for (const query of asked) before.push(await digest(query))
    await applyWrite(truth, write)
    for (const [nth, query] of asked.entries()) {
      if ((await digest(query)) !== before[nth]) held.delete(query)
    }
  }
  db.close()
  return (100 * hits) / reads
}

/** What the benchmark found. */
interface Found {
  /** Queries that an ideal cache avoids, in percent. */
  readonly oracle: number
  readonly rounds: readonly (readonly Passes[])[]
  readonly loads: readonly [alone: Load, together: Load]
  /** At the quick size a process ends before its code is compiled, so speeds have no targets. */
  readonly isFull: boolean
}

function reportOf({ oracle, rounds, loads: [first, second], isFull }: Found): Report {
  const over = (i: number, figure: (passes: Passes) => number): number =>
    median((rounds[i] ?? []).map(figure))
  const avoided = (i: number): number =>
    100 * (1 - over(i, ([alone]) => alone.statements) / over(0, ([alone]) => alone.statements))
  const faster = (i: number): number =>
    over(0, ([alone]) => alone.meanMs) / over(i, ([alone]) => alone.meanMs)
  const more = (i: number): number =>
    over(i, ([, together]) => together.perSecond) / over(0, ([, together]) => together.perSecond)
  const stale = (i: number): number => over(i, ([a, b]) => a.stale + b.stale + a.errors + b.errors)
  const targets = ENTRANTS.flatMap(({ name, isOverHttp, lag }, i): Target[] => {
    if (lag === undefined) return []
    const least = isOverHttp ? 1.5 : 3
    const speeds: Target[] = [
      { what: `${name}: mean, no cache : ours`, measured: faster(i), bound: { atLeast: least } },
      {
        what: `${name}: throughput, ours : no cache`,
        measured: more(i),
        bound: { atLeast: least },
      },
    ]
    return [
      {
        what: `${name}: SQL avoided, %`,
        measured: avoided(i),
        bound: { atLeast: Math.round((oracle - 2) * 10) / 10 },
      },
      ...(isFull ? speeds : []),
      { what: `${name}: stale answers and errors`, measured: stale(i), bound: { atMost: 0 } },
    ]
  })
  const rows = ENTRANTS.map(({ name }, i) => [
    name,
    ...[
      avoided(i),
      over(i, ([alone]) => alone.meanMs),
      over(i, ([alone]) => alone.p50Ms),
      over(i, ([alone]) => alone.p95Ms),
      over(i, ([alone]) => alone.p99Ms),
      over(i, ([alone]) => alone.cpuUs / 1_000),
      faster(i),
    ].map((value) => Math.round(value * 1_000) / 1_000),
    Math.round(over(i, ([, together]) => together.perSecond)),
    Math.round(more(i) * 100) / 100,
    stale(i),
  ])
  return {
    title: `Mail of ${first.accounts.accounts} accounts`,
    rounds: ROUNDS,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables: [{ title: 'cold', heads: HEADS, rows }],
    notes: [
      `${first.accounts.emails} messages in SQLite in the process. A query asks for the newest 50 messages of an account, by status, sender or month; accounts are chosen by Zipf's law (${first.accounts.exponent}); ${first.accounts.writeShare * 100} % of the operations set a status. Each pass is a process that starts with an empty Redis and no near copies: ${first.requests} operations in sequence, and then, empty again, ${second.requests} at ${second.concurrency} concurrent ones. Contenders take turns.`,
      `An ideal cache, which keeps every answer until a write changes it, avoids ${Math.round(oracle * 10) / 10} % of the queries. "Stale" is an answer that shows a message as it was before a write, although the write had returned before the read began. HTTP goes through nearcache's bridge, in front of the same Redis.`,
      `The others have their defaults and cache whole lists. A write deletes the lists that contain the message, or may contain it now. The Map does the same in one process, as an upper limit: it sends nothing to Redis, copies nothing and measures nothing.`,
    ],
  }
}

const HEADS = [
  '',
  'SQL avoided, %',
  'mean, ms',
  'p50, ms',
  'p95, ms',
  'p99, ms',
  'CPU/op, ms',
  'mean, no cache : ours',
  'ops/s at 32 at once',
  'throughput, ours : no cache',
  'stale',
]
