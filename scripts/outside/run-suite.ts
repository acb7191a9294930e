/**
 * Runs the tests of an Upstash client against `nearcache bridge`.
 *
 * Usage: `node scripts/outside/run-suite.ts FOLDER [--embedded] [-- WORDS FOR bun test]`, where FOLDER
 * is a package of a checked-out repository: `redis-js/packages/redis`, `ratelimit-js`. Bun comes from
 * `BUN`, or is installed into a temporary folder. The redis-server behind the bridge is started and stopped.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { freePort } from '../../test/support/free-port.ts'

const BUN_VERSION = '1.4.5'
/** Prefixes of the variables that name databases. The first is for all tests except those of regions. */
const REGIONS = ['', 'EU2_', 'US1_', 'APN_']
const CLI = join(import.meta.dirname, '../../src/cli/main.ts')

const { values, positionals } = parseArgs({
  options: { embedded: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [folder, ...words] = positionals
if (folder === undefined || !existsSync(join(folder, 'package.json'))) {
  console.error('Name the folder of a checked-out package, such as redis-js/packages/redis')
  process.exit(2)
}
const suite = resolve(folder)
const temporary = mkdtempSync(join(tmpdir(), 'nearcache-outside-'))
const children: ChildProcess[] = []
process.once('exit', () => {
  for (const child of children) child.kill()
  rmSync(temporary, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const bun = process.env['BUN'] ?? installBun()
if (!existsSync(join(suite, 'node_modules'))) {
  execFileSync(
    'npm',
    ['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--omit=dev'],
    {
      cwd: suite,
      stdio: 'inherit',
    },
  )
}
const bridge = await startBridge(values.embedded ? undefined : await startRedis())
const tests = words.length > 0 ? words : [existsSync(join(suite, 'pkg')) ? 'pkg' : 'src']
const test = spawn(bun, ['test', ...tests, '--timeout', '20000'], {
  cwd: suite,
  stdio: 'inherit',
  env: { ...process.env, ...bridge, UPSTASH_DISABLE_TELEMETRY: '1' },
})
children.push(test)
test.once('exit', (code) => process.exit(code ?? 1))

function installBun(): string {
  const words = ['install', '--prefix', temporary, '--ignore-scripts', `bun@${BUN_VERSION}`]
  execFileSync('npm', words, { stdio: 'inherit' })
  const [found] = globSync(join(temporary, 'node_modules/@oven/*/bin/bun'))
  if (found === undefined) throw new Error('Bun has no binary for this machine')
  return found
}

async function startRedis(): Promise<string> {
  const port = String(await freePort())
  const words = ['--bind', '127.0.0.1', '--port', port, '--dir', temporary, '--save', '']
  children.push(spawn('redis-server', [...words, '--appendonly', 'no'], { stdio: 'ignore' }))
  return `redis://127.0.0.1:${port}`
}

/** Starts a bridge with a database for each region, and returns the variables that name them. */
async function startBridge(redis: string | undefined): Promise<Record<string, string>> {
  const tokens = REGIONS.map(() => randomBytes(24).toString('base64url'))
  const config = join(temporary, 'bridge.json')
  const databases = tokens.map((token, number) => ({
    redis: redis === undefined ? 'embedded' : `${redis}/${number}`,
    token,
  }))
  writeFileSync(config, JSON.stringify({ databases }), { mode: 0o600 })
  const child = spawn(process.execPath, [CLI, 'bridge', '--port', '0', '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^UPSTASH_REDIS_REST_URL=(.*)$/.exec(line)?.[1]
    if (url === undefined) continue
    return Object.fromEntries(
      REGIONS.flatMap((region, number) => [
        [`${region}UPSTASH_REDIS_REST_URL`, url],
        [`${region}UPSTASH_REDIS_REST_TOKEN`, tokens[number] ?? ''],
      ]),
    )
  }
  throw new Error('The bridge did not start')
}
