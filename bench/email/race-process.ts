/**
 * One process of a race on a mailbox: a reader records its answers and the states of the database before and
 * after each; a writer writes until it is told to stop.
 *
 * @module
 */

import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type ContenderKind, digestOf, openMailDatabase } from './contender.ts'
import {
  cachedRepository,
  LAG_MS,
  lagRepository,
  nearRepository,
  noCache,
  tableTag,
  untold,
} from './contenders.ts'
import { drizzleWithCache } from './drizzle.ts'
import type { RaceOrder, RaceReport, SeenAnswer } from './race-protocol.ts'
import { Workload } from './workload.ts'

/** Concurrent reads in one reader: two are enough to join a load that another read has started. */
const LANES = 2

const order = JSON.parse(process.argv[2] ?? '') as RaceOrder
const database = await openMailDatabase(order.database)
const workload = new Workload({
  ...order.workload,
  part: order.part,
  writeShare: order.role === 'writer' ? 1 : 0,
})
const contender = await kindOf(order).open(database)
// Opens connections, and does the work of a first read.
await contender.read(workload.queries[0] ?? {})
/** Observed positions of the history, oldest first. */
const past: { readonly at: number; readonly position: number }[] = []
const signals = { go: Promise.withResolvers<void>(), isOver: false }

process.on('message', (message) => {
  if (message === 'go') signals.go.resolve()
  else signals.isOver = true
})
// Without the parent process there is nothing to do.
process.on('disconnect', () => process.exit(0))

tell({ kind: 'ready' })
await signals.go.promise
const operations = order.role === 'writer' ? await write() : await read()
await contender.close()
tell({ kind: 'done', operations, statements: database.counts.reads })

function kindOf({ contender: name, redis: url }: RaceOrder): ContenderKind {
  const redis = { url }
  switch (name) {
    case 'nearcache':
      return cachedRepository(redis)
    case 'near':
      return nearRepository(redis)
    case 'lag':
      return lagRepository(redis)
    case 'untold':
      return untold(redis)
    case 'tag':
      return tableTag(redis)
    case 'drizzle':
      return drizzleWithCache(url)
    case 'none':
      return noCache
  }
}

function tell(report: RaceReport): void {
  process.send?.(report)
}

async function read(): Promise<number> {
  database.counts.reads = 0
  const seen: SeenAnswer[] = []
  let left = order.reads
  const lane = async (): Promise<void> => {
    while (left-- > 0) seen.push(await readOnce())
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  appendFileSync(order.answers, seen.map((answer) => `${JSON.stringify(answer)}\n`).join(''))
  return seen.length
}

async function readOnce(): Promise<SeenAnswer> {
  const operation = workload.next()
  if (operation.kind !== 'read') throw new Error('A reader drew a write')
  const query = workload.queries.indexOf(operation.query)
  const now = position()
  const from = order.contender === 'lag' ? positionBefore(now) : now
  const emails = await contender.read(operation.query)
  return { query, from, to: position(), emails: emails.map(digestOf) }
}

/** The last committed state of the mailbox. */
function position(): number {
  const row = database.db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM history').get()
  return Number(row?.['seq'])
}

/** The latest position observed at least `LAG_MS` ago; 0 if there is none. */
function positionBefore(position: number): number {
  const at = performance.now()
  past.push({ at, position })
  while (at - (past[1]?.at ?? at) >= LAG_MS) past.shift()
  return at - (past[0]?.at ?? at) >= LAG_MS ? (past[0]?.position ?? 0) : 0
}

async function write(): Promise<number> {
  let writes = 0
  while (!signals.isOver) {
    const operation = workload.next()
    if (operation.kind !== 'write') throw new Error('A writer drew a read')
    await contender.write(operation.write)
    writes++
    await delay(order.pauseMs)
  }
  return writes
}
