/**
 * Runs the examples as their users do: installs the packed package into a copy of each, type-checks it, starts
 * it with `npm start`, and sends HTTP requests.
 *
 * Prints one line for each example; fails unless all pass.
 *
 * Usage: `npm run test:examples [-- worker-minimal …]`
 *
 * @module
 */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'
import { packInto } from '../package/pack.ts'
import type { Example } from './example.ts'
import { nodeExpressTrpc } from './node-express-trpc.ts'
import { workerMinimal } from './worker-minimal.ts'

const ROOT = join(import.meta.dirname, '../..')
const EXAMPLES: Readonly<Record<string, Example>> = {
  'node-express-trpc': nodeExpressTrpc,
  'worker-minimal': workerMinimal,
}
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const INSTALL = [
  'install',
  '--silent',
  '--no-audit',
  '--no-fund',
  '--no-package-lock',
  '--prefer-offline',
]
const READY_MS = 90_000

const folder = mkdtempSync(join(tmpdir(), 'nearcache-examples-'))
const given = process.argv.slice(2)
try {
  const { tarball } = packInto(folder)
  for (const name of given.length > 0 ? given : Object.keys(EXAMPLES)) await run(name, tarball)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function run(name: string, tarball: string): Promise<void> {
  const example = EXAMPLES[name]
  if (!example) throw new Error(`There is no example ${name}`)
  const cwd = join(folder, name)
  cpSync(join(ROOT, 'examples', name), cwd, { recursive: true })
  const manifest = join(cwd, 'package.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('file:../..', `file:${tarball}`))
  execFileSync('npm', INSTALL, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
  execFileSync(process.execPath, [TSC, '-p', cwd], { stdio: 'inherit' })
  const port = await freePort()
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', ...example.environment(port) }
  const args = ['start', '--silent', '--', ...example.args(port)]
  // A separate process group, so that processes started by npm stop with it.
  const child = spawn('npm', args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString()
    })
  }
  const ended = once(child, 'exit')
  try {
    const base = `http://127.0.0.1:${port}`
    await untilReady(`${base}${example.ready}`, () => child.exitCode === null)
    await example.ask(base)
    console.log(`example ${name}: 1 installed, 1 type-checked, 1 asked`)
  } catch (error) {
    console.error(output)
    throw error
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
  }
}

async function untilReady(url: string, isRunning: () => boolean): Promise<void> {
  const end = performance.now() + READY_MS
  while (performance.now() < end && isRunning()) {
    const response = await fetch(url).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.ok) return
    await delay(100)
  }
  throw new Error(`${url} did not answer`)
}
