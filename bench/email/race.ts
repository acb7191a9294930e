/**
 * Runs readers and writers of one mailbox, each in its own process, on one Redis and one SQLite file, and counts
 * wrong answers.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRedisServer } from '../../test/support/redis-server.ts'
import { digestOf, openMailDatabase } from './contender.ts'
import { beginHistory, MailHistory } from './race-history.ts'
import type { RaceContender, RaceOrder, RaceReport, SeenAnswer } from './race-protocol.ts'
import { Workload } from './workload.ts'

const SCRIPT = fileURLToPath(new URL('race-process.ts', import.meta.url))
/** Node before 22.18 strips types only with a flag. */
const NODE_OPTIONS = ['--experimental-strip-types', '--no-warnings']

/** Options of a race. */
export interface RaceOptions {
  readonly contender: RaceContender
  readonly seed: number
  readonly emails: number
  readonly queries: number
  readonly readers: number
  readonly writers: number
  /** Reads of each reader. */
  readonly reads: number
  /** Pause between the writes of each writer, in milliseconds. */
  readonly pauseMs: number
  /** Options of Node for the processes, such as where the package is. */
  readonly nodeOptions?: readonly string[]
}

/** What a race found. */
export interface RaceResult {
  readonly reads: number
  readonly writes: number
  /** SQL statements of reads. */
  readonly statements: number
  /** Answers during whose read the mailbox changed. */
  readonly contended: number
  /** Answers with a list, or with a message, that was right at no instant of the read. */
  readonly wrong: number
  /** Right answers for which no single instant fits list and messages. */
  readonly spread: number
  /** Queries whose last state in the replayed history differs from SQL: the check itself would be wrong. */
  readonly disagreements: number
}

/** Runs a race, and checks every answer. */
export async function race(options: RaceOptions): Promise<RaceResult> {
  const { seed, emails, queries } = options
  const server = await startRedisServer()
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-mailbox-'))
  const children: ChildProcess[] = []
  try {
    const workload = new Workload({ seed, emails, queries, writeShare: 0 })
    const path = join(folder, 'mail.db')
    const database = await openMailDatabase(path)
    for (let i = 0; i < emails; i += 1_000) {
      await database.truth.batchCreate(workload.emails.slice(i, i + 1_000))
    }
    beginHistory(database.db)
    const orders = ordersOf(options, { path, folder, redis: server.url })
    const done = await play(orders, options.nodeOptions ?? [], children)
    const history = new MailHistory(database.db, workload.queries)
    const readers = orders.filter(({ role }) => role === 'reader')
    const answers = readers.flatMap(({ answers: file }) => answersOf(file))
    const disagreements = await disagreementsOf(history, database.truth, workload.queries)
    database.db.close()
    return { ...done, ...judge(history, answers), disagreements }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function ordersOf(
  options: RaceOptions,
  { path, folder, redis }: { path: string; folder: string; redis: string },
): RaceOrder[] {
  const { contender, seed, emails, queries, readers, writers, reads, pauseMs } = options
  return Array.from({ length: readers + writers }, (_, i) => ({
    role: i < readers ? 'reader' : 'writer',
    contender,
    part: i + 1,
    workload: { seed, emails, queries },
    database: path,
    answers: join(folder, `answers-${i}`),
    redis,
    reads,
    pauseMs,
  }))
}

/** Starts all processes together, once all are ready. Writers go on until the last reader has ended. */
async function play(
  orders: readonly RaceOrder[],
  nodeOptions: readonly string[],
  children: ChildProcess[],
): Promise<Pick<RaceResult, 'reads' | 'writes' | 'statements'>> {
  const players = orders.map((order) => new Player(order, nodeOptions))
  children.push(...players.map(({ child }) => child))
  await Promise.all(players.map(({ ready }) => ready))
  for (const { child } of players) child.send('go')
  const all = { reads: 0, writes: 0, statements: 0 }
  for (const { order, done } of players) {
    if (order.role === 'writer') continue
    const { operations, statements } = await done
    all.reads += operations
    all.statements += statements
  }
  for (const { order, child, done } of players) {
    if (order.role === 'reader') continue
    child.send('stop')
    all.writes += (await done).operations
  }
  for (const { child } of players) child.disconnect()
  return all
}

type Done = Extract<RaceReport, { kind: 'done' }>

/** A reader or writer process. */
class Player {
  readonly order: RaceOrder
  readonly child: ChildProcess
  readonly ready: Promise<void>
  readonly done: Promise<Done>

  constructor(order: RaceOrder, nodeOptions: readonly string[]) {
    const ready = Promise.withResolvers<void>()
    const done = Promise.withResolvers<Done>()
    this.order = order
    this.ready = ready.promise
    this.done = done.promise
    this.child = fork(SCRIPT, [JSON.stringify(order)], {
      execArgv: [...NODE_OPTIONS, ...nodeOptions],
    })
    this.child.on('message', (report: RaceReport) => {
      if (report.kind === 'ready') ready.resolve()
      else done.resolve(report)
    })
    this.child.once('exit', (code) => {
      const reason = new Error(`A ${order.role} ended with ${code}`)
      ready.reject(reason)
      done.reject(reason)
    })
    // The caller may await only one of the two: a rejection of the other must not be unhandled.
    ready.promise.catch(() => undefined)
    done.promise.catch(() => undefined)
  }
}

function answersOf(file: string): SeenAnswer[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as SeenAnswer)
}

/** Counts the contended, wrong and spread answers. */
export function judge(
  history: MailHistory,
  answers: readonly SeenAnswer[],
): Pick<RaceResult, 'contended' | 'wrong' | 'spread'> {
  const counts = { contended: 0, wrong: 0, spread: 0 }
  for (const answer of answers) {
    const { isListRight, wrongEmails, isOneState } = history.judge(answer)
    const isRight = isListRight && wrongEmails === 0
    if (answer.from < answer.to) counts.contended++
    if (!isRight) counts.wrong++
    else if (!isOneState) counts.spread++
  }
  return counts
}

/** Compares the last state of the history with SQL: a wrong check would prove nothing. */
async function disagreementsOf(
  history: MailHistory,
  truth: Awaited<ReturnType<typeof openMailDatabase>>['truth'],
  queries: Workload['queries'],
): Promise<number> {
  let disagreements = 0
  for (const [query, asked] of queries.entries()) {
    const { emails } = await truth.queryEmails(asked)
    const answer = { query, from: history.end, to: history.end, emails: emails.map(digestOf) }
    if (!history.judge(answer).isOneState) disagreements++
  }
  return disagreements
}
