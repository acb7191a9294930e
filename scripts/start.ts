/**
 * `npm start`: prepares a local mailbox, runs the same workload without and with the cache, and leaves the
 * Worker running to be tried.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { freePort } from '../test/support/free-port.ts'
import { readArguments, USAGE, UsageError } from './demo/arguments.ts'
import { Client } from './demo/client.ts'
import { drive, type Run } from './demo/drive.ts'
import { Ledger } from './demo/ledger.ts'
import { prepareMailbox } from './demo/local-mailbox.ts'
import { type Column, report } from './demo/report.ts'
import { type CacheMode, type RunningWorker, startWorker } from './demo/worker-process.ts'
import { planWorkload, type Step } from './demo/workload.ts'

const STEPS = 400
const WRITE_EVERY = 20
const CONCURRENCY = 4
const SEED = 7
/** The number of messages that the workload reads, changes and queries. */
const WORKING_SET = 300

/** Printed so that the times are not taken for those of a deployment. */
const CAVEAT = `Times are measured on this machine, where D1 is a file in the same process. In production, each SQL
statement that is saved also saves a network round trip.`

/** The modes that the workload is run in, one after the other. The last Worker keeps running. */
const MODES: readonly (readonly [CacheMode, string])[] = [
  ['off', 'without cache'],
  ['on', 'with cache'],
]

/** Enables the demo account, whose sessions end with this process, and the demo app; keeps what Redis holds. */
const DEMO = {
  DEMO_LOGIN: 'on',
  SESSION_KEYS: `k1:${randomBytes(32).toString('hex')}`,
  REALTIME_APPS: 'demo',
  // Otherwise sessions and figures are lost when workerd evicts the object after ten idle seconds.
  REDIS_SNAPSHOT: 'on',
}

let worker: RunningWorker | undefined

async function main(): Promise<void> {
  const { mbox, help } = readArguments(process.argv.slice(2))
  if (help) {
    console.log(USAGE)
    return
  }
  const { directory, emails } = await prepareMailbox(mbox)
  const token = randomBytes(24).toString('base64url')
  const ledger = new Ledger(emails)
  const steps = planWorkload({
    seed: SEED,
    steps: STEPS,
    writeEvery: WRITE_EVERY,
    newest: ledger.newest(WORKING_SET),
  })

  const columns: Column[] = []
  for (const [mode, title] of MODES) {
    await worker?.stop()
    console.log(`Running ${STEPS} requests, ${title} …`)
    worker = await startWorker({ directory, token, mode, port: await freePort(), vars: DEMO })
    columns.push({ title, run: await measure(worker.origin, token, ledger, steps) })
  }
  console.log(`\n${report(columns)}\n\n${CAVEAT}\n`)
  if (columns.some(({ run }) => run.wrong > 0)) process.exitCode = 1
  await stayUp(token)
}

async function measure(
  origin: string,
  token: string,
  ledger: Ledger,
  steps: readonly Step[],
): Promise<Run> {
  const client = new Client(origin, token)
  // The first requests of an isolate compile its code, which must not count in either run.
  for (let i = 0; i < CONCURRENCY; i++) await client.read('nobody')
  const run = randomBytes(6).toString('hex')
  return drive({ client, ledger, steps, concurrency: CONCURRENCY, run })
}

async function stayUp(token: string): Promise<void> {
  if (!worker) return
  const { origin, ended } = worker
  console.log(`The Worker is running, with the cache on. Press Ctrl-C to stop it.

  ${origin}/emails?statuses=new,in_progress&limit=5
  ${origin}/login
  ${origin}/presence
  ${origin}/health/cache
  ${origin}/dashboard, with the token ${token}
  curl -H 'Authorization: Bearer ${token}' ${origin}/admin/stats
`)
  await ended
  throw new Error('wrangler dev has ended')
}

async function end(code: number): Promise<never> {
  await worker?.stop()
  process.exit(code)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void end(Number(process.exitCode ?? 0)))
}

// npm sends a signal only to its shell, which exits without passing it on. So watch for a new parent.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) void end(Number(process.exitCode ?? 0))
}, 500).unref()

try {
  await main()
} catch (error) {
  const isUsage = error instanceof UsageError
  console.error(isUsage ? `nearcache: ${error.message}` : error)
  await end(1)
}
