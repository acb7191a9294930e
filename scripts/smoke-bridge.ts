/**
 * Runs the Worker on the bridge with a real redis-server: the workload of `npm start` with every answer
 * checked, every route, and the tests of the routes. Needs redis-server and, once, `npm run build`.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../test/support/free-port.ts'
import { Client } from './demo/client.ts'
import { drive } from './demo/drive.ts'
import { Ledger } from './demo/ledger.ts'
import { prepareMailbox } from './demo/local-mailbox.ts'
import { report } from './demo/report.ts'
import { startWorker } from './demo/worker-process.ts'
import { planWorkload } from './demo/workload.ts'

const CLI = join(import.meta.dirname, '../src/cli/main.ts')
const VITEST = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
const STEPS = 400

const folder = mkdtempSync(join(tmpdir(), 'nearcache-smoke-'))
const children: ChildProcess[] = []
process.once('exit', () => {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

function start(command: string, words: readonly string[]): ChildProcess {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

/** Starts redis-server and the bridge, and returns the variables that the bridge prints. */
async function startBridge(): Promise<Record<string, string>> {
  const port = String(await freePort())
  const words = ['--bind', '127.0.0.1', '--port', port, '--dir', folder, '--save', '']
  start('redis-server', [...words, '--appendonly', 'no']).stdout?.resume()
  const redis = `redis://127.0.0.1:${port}`
  const { stdout } = start(process.execPath, [CLI, 'bridge', '--port', '0', '--redis', redis])
  const vars: Record<string, string> = {}
  if (!stdout) throw new Error('The bridge has no output')
  for await (const line of createInterface({ input: stdout })) {
    const [, name, value] = /^(\w+)=(.+)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) vars[name] = value
    if (Object.keys(vars).length === 2) return vars
  }
  throw new Error('The bridge did not start')
}

function check(what: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'NOT OK'}  ${what}`)
  if (!holds) process.exitCode = 1
}

/** Runs the tests of the routes, in workerd, on the bridge. */
function passesTests(): Promise<boolean> {
  const tests = ['emails', 'operations', 'cross-request'].map(
    (name) => `test/workers/${name}.test.ts`,
  )
  const child = spawn(process.execPath, [VITEST, 'run', '--project', 'workers', ...tests], {
    stdio: 'inherit',
    env: {
      ...process.env,
      TEST_REDIS_REST_URL: vars['UPSTASH_REDIS_REST_URL'],
      TEST_REDIS_REST_TOKEN: vars['UPSTASH_REDIS_REST_TOKEN'],
    },
  })
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)))
}

const vars = await startBridge()
const { directory, emails } = await prepareMailbox(undefined)
const token = randomBytes(24).toString('base64url')
const worker = await startWorker({ directory, token, mode: 'on', port: await freePort(), vars })
try {
  const client = new Client(worker.origin, token)
  const ledger = new Ledger(emails)
  const newest = ledger.newest(300)
  const steps = planWorkload({ seed: 7, steps: STEPS, writeEvery: 20, newest })
  await client.read('nobody')
  const run = await drive({
    client,
    ledger,
    steps,
    concurrency: 4,
    run: randomBytes(6).toString('hex'),
  })
  console.log(`${report([{ title: 'on the bridge', run }])}\n`)
  check(`${STEPS} requests, none of them answered wrongly`, run.wrong === 0)
  check('the cache was hit', (run.hitRate ?? 0) > 0.5)

  const admin = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const health = await fetch(`${worker.origin}/health/cache`)
  check('GET /health/cache', health.ok && (await health.text()) === '{"status":"ok"}')
  const stats = await fetch(`${worker.origin}/admin/stats`, { headers: admin })
  check('GET /admin/stats', stats.ok)
  const body = JSON.stringify({ tags: ['emails'] })
  const invalidated = await fetch(`${worker.origin}/admin/invalidate`, {
    method: 'POST',
    headers: admin,
    body,
  })
  check('POST /admin/invalidate', invalidated.ok)
  const warmed = await fetch(`${worker.origin}/admin/warm`, {
    method: 'POST',
    headers: admin,
    body: '{}',
  })
  check('POST /admin/warm', warmed.ok)
  const wrong = { authorization: 'Bearer wrong' }
  const refused = await fetch(`${worker.origin}/admin/stats`, { headers: wrong })
  check('a wrong token is refused, and counted by Ratelimit in Redis', refused.status === 401)

  const size = await fetch(`${vars['UPSTASH_REDIS_REST_URL']}/keys/nc:admin*`, {
    headers: { authorization: `Bearer ${vars['UPSTASH_REDIS_REST_TOKEN']}` },
  })
  const { result } = (await size.json()) as { readonly result: readonly string[] }
  check('Redis holds the count', result.length > 0)
  check("the Worker's own tests", await passesTests())
} finally {
  await worker.stop()
}
process.exit()
