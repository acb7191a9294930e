/**
 * One pass of the mail of accounts on one contender, in its own process. Prints the result.
 *
 * @module
 */

import type { EmailStatus } from 'nearcache/email'
import { meanOf, quantile } from '../measure.ts'
import { Accounts } from './accounts.ts'
import { peerOf } from './accounts-peers.ts'
import type { PassOrder, PassResult } from './accounts-protocol.ts'
import { type Contender, type ContenderKind, openMailDatabase } from './contender.ts'
import { nearCapacious, noCache } from './contenders.ts'
import type { Operation } from './workload.ts'

/** A status that was written, and when the write returned, as the number of operations ended by then. */
interface Written {
  readonly status: EmailStatus
  readonly at: number
}

const order = JSON.parse(process.argv[2] ?? '') as PassOrder
const database = await openMailDatabase(order.file)
const accounts = new Accounts(order.accounts)
const contender = await kindOf(order).open(database)
for (let i = 0; i < order.skipped; i++) accounts.next()
// Opens connections, and loads the cache's scripts into Redis.
await contender.read({ limit: 1 })

const written = new Map<string, Written>()
const underWay = new Map<string, number>()
const waits: number[] = []
let ended = 0
let stale = 0
let errors = 0

function kindOf({ peer, lag, redis }: PassOrder): ContenderKind {
  if (peer !== undefined) return peerOf(peer, accounts, new URL(redis.url))
  return lag === undefined ? noCache : nearCapacious(lag, redis)
}

async function perform(on: Contender, operation: Operation): Promise<void> {
  const startedAt = performance.now()
  if (operation.kind === 'read') await read(on, operation.query)
  else await write(on, operation.write)
  waits.push(performance.now() - startedAt)
  ended++
}

/** Reads, and counts the answer as stale if a message is older than a write that had already returned. */
async function read(
  on: Contender,
  query: Extract<Operation, { kind: 'read' }>['query'],
): Promise<void> {
  const from = ended
  const emails = await on.read(query)
  const isOld = emails.some(({ id, status }) => {
    const last = written.get(id)
    return last !== undefined && last.at <= from && !underWay.has(id) && last.status !== status
  })
  if (isOld) stale++
}

async function write(
  on: Contender,
  change: Extract<Operation, { kind: 'write' }>['write'],
): Promise<void> {
  if (change.kind !== 'update') return
  const { id, changes } = change
  underWay.set(id, (underWay.get(id) ?? 0) + 1)
  await on.write(change)
  const left = (underWay.get(id) ?? 1) - 1
  if (left === 0) underWay.delete(id)
  else underWay.set(id, left)
  if (changes.status) written.set(id, { status: changes.status, at: ended })
}

async function lane(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await perform(contender, accounts.next()).catch(() => errors++)
  }
}

const before = { statements: database.counts.reads, cpu: process.cpuUsage() }
const startedAt = performance.now()
const { requests, concurrency } = order
await Promise.all(Array.from({ length: concurrency }, () => lane(requests / concurrency)))
const seconds = (performance.now() - startedAt) / 1_000
const { user, system } = process.cpuUsage(before.cpu)
const result: PassResult = {
  statements: database.counts.reads - before.statements,
  meanMs: meanOf(waits),
  p50Ms: quantile(waits, 0.5),
  p95Ms: quantile(waits, 0.95),
  p99Ms: quantile(waits, 0.99),
  perSecond: requests / seconds,
  cpuUs: (user + system) / requests,
  stale,
  errors,
}
console.log(`result ${JSON.stringify(result)}`)
await contender.close()
process.exit(0)
