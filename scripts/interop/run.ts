/**
 * Runs the test suites of other caches on our adapters for them, with the packed package.
 *
 * Builds and packs, installs the package and the suites into a temporary folder, and runs each suite on the
 * embedded engine and, if one is installed, on a redis-server. Before that, runs our own contracts in Node's
 * test runner. Prints the suites' own summaries, and at the end one line. Fails unless every test passes.
 *
 * Usage: `npm run test:interop`
 *
 * @module
 */

import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { findRedisServer, startRedisServer } from '../../test/support/redis-server.ts'
import { npm, packInto } from '../package/pack.ts'

/** A suite of another package, and how many tests it must run. */
interface Suite {
  readonly name: string
  readonly tests: number
  readonly command: readonly string[]
  /** How often a suite that is sensitive to load may be tried. @default 1 */
  readonly tries?: number
}

const ROOT = join(import.meta.dirname, '../..')
const NODE = process.execPath
const SUITE_TIMEOUT_MS = 120_000
const PACKAGES = [
  'bentocache@1',
  '@japa/runner@4',
  '@japa/assert@4',
  '@keyv/test-suite@2.1.2',
  'keyv@5',
  'keyv-6@npm:keyv@6',
  'vitest@4',
  // bentocache 1.6 supports no other version.
  'ioredis@5',
  'structured-headers@2',
  'connect-redis@9.0.0',
  'express-session@1.19.0',
  'express@5',
  'supertest@7',
  'hono@4',
  'hono-sessions@0.8.1',
  'unstorage@1.17.6',
  'better-auth@1.7.25',
]
const VITEST = ['node_modules/vitest/vitest.mjs', 'run']
const SUITES: readonly Suite[] = [
  { name: 'bentocache', tests: 21, command: ['bentocache.mjs'] },
  { name: 'keyv', tests: 38, command: [...VITEST, 'keyv.test.mjs'] },
  { name: 'keyv 6', tests: 3, command: [...VITEST, 'keyv-6.test.mjs'] },
  {
    name: 'connect-redis',
    tests: 4,
    command: [...VITEST, '--config', 'connect-redis/vitest.config.mjs'],
    // The suite stores a thousand sessions that live for a second, and expects all of them at the end.
    tries: 3,
  },
  { name: 'express-session', tests: 3, command: [...VITEST, 'express-session.test.mjs'] },
  { name: 'hono-sessions', tests: 2, command: [...VITEST, 'hono-sessions.test.mjs'] },
  { name: 'unstorage', tests: 2, command: [...VITEST, 'unstorage.test.mjs'] },
  { name: 'better-auth', tests: 2, command: [...VITEST, 'better-auth.test.mjs'] },
]
/** Our headers, read by an independent parser. */
const HEADERS: Suite = {
  name: 'structured-headers',
  tests: 3,
  command: [...VITEST, 'structured-headers.test.mjs'],
}
/** Tests of Keyv for adapters that can iterate, which are not in its main suite. */
const ITERATION: Suite = {
  name: 'keyv iterator',
  tests: 4,
  command: [...VITEST, 'keyv-iterator.test.mjs'],
}
/** Our structural types must be assignable to theirs. */
const TYPES = `
import { bentostore } from 'bentocache'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import type { RedisCacheManager } from 'nearcache'
import { nearcacheDriver } from 'nearcache/interop/bentocache'
import { betterAuthStorage } from 'nearcache/interop/better-auth'
import { HonoSessionsStore } from 'nearcache/interop/hono-sessions'
import { keyvStore } from 'nearcache/interop/keyv'
import { unstorageDriver } from 'nearcache/interop/unstorage'
import type { SealedStoreOptions } from 'nearcache/session'
import type { BetterAuthOptions } from 'better-auth'
import type { Store } from 'hono-sessions'
import type { Driver } from 'unstorage'

export function sessions(options: SealedStoreOptions): unknown {
  const auth: BetterAuthOptions = { secondaryStorage: betterAuthStorage(options) }
  const store: Store = new HonoSessionsStore(options)
  const driver: Driver = unstorageDriver(options)
  return [auth, store, driver]
}

export function fit(cache: RedisCacheManager): void {
  bentostore().useL2Layer(nearcacheDriver({ cache }))
  const store: KeyvStoreAdapter = keyvStore({ cache })
  new Keyv({ store })
  new Keyv(keyvStore({ cache }))
}
`

const folder = mkdtempSync(join(tmpdir(), 'nearcache-interop-'))
try {
  install()
  runContracts()
  const results = await judge()
  for (const line of [[ITERATION], [HEADERS], SUITES]) {
    console.log(`interop: ${line.map((suite) => verdict(suite, results)).join(', ')}`)
  }
  const isGreen = ({ name, tests }: Suite): boolean => results.get(name) === tests
  if (![ITERATION, HEADERS, ...SUITES].every(isGreen)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function verdict({ name, tests }: Suite, results: ReadonlyMap<string, number>): string {
  return `${name} ${results.get(name) ?? 0} of ${tests}`
}

function install(): void {
  const { tarball } = packInto(folder)
  cpSync(join(import.meta.dirname, 'suites'), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  npm(
    folder,
    'install',
    ...['--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'],
    ...PACKAGES,
    tarball,
  )
  // The suite of connect-redis is in its package, and imports files from its own folder.
  const suite = join(folder, 'node_modules/connect-redis/index_test.ts')
  cpSync(suite, join(folder, 'connect-redis/index.test.ts'))
  checkTypes()
}

function checkTypes(): void {
  writeFileSync(join(folder, 'types.ts'), TYPES)
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const options =
    '--noEmit --strict --skipLibCheck --module nodenext --target es2024 --lib es2024,dom'
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
  execFileSync(NODE, [tsc, ...options.split(' '), ...types, 'types.ts'], {
    cwd: folder,
    stdio: 'inherit',
  })
  console.log('types: the adapters are what those who call them take')
}

/** The contracts of `nearcache/testing` do not depend on a test runner: here they run in Node's. */
function runContracts(): void {
  console.log("\nthe published contracts in Node's test runner:")
  const reporter = '--test-reporter=dot'
  execFileSync(NODE, ['--test', reporter, 'contracts.test.mjs'], { cwd: folder, stdio: 'inherit' })
}

/** How many tests of each suite passed, on the transport with the fewest passes. */
async function judge(): Promise<ReadonlyMap<string, number>> {
  const results = await runSuites('embedded', {})
  if (findRedisServer() === undefined) {
    console.log('redis-server is not installed: the suites ran on the embedded engine only')
    return results
  }
  const server = await startRedisServer()
  try {
    const overTcp = await runSuites('tcp', { INTEROP_REDIS_URL: server.url })
    return new Map([...results].map(([name, n]) => [name, Math.min(n, overTcp.get(name) ?? 0)]))
  } finally {
    await server.stop()
  }
}

async function runSuites(
  transport: string,
  env: Readonly<Record<string, string>>,
): Promise<Map<string, number>> {
  const results = new Map<string, number>()
  for (const { name, tests, command, tries = 1 } of [...SUITES, ITERATION, HEADERS]) {
    console.log(`\n${name} over ${transport}:`)
    let outcome = await run(command, env)
    for (let again = 1; again < tries && outcome.passed < tests; again++) {
      outcome = await run(command, env)
    }
    if (outcome.code !== 0) process.exitCode = 1
    results.set(name, outcome.passed)
  }
  return results
}

/**
 * Runs a suite, prints its output, and reads from its summary how many tests passed. A suite that ends with an
 * error for any other reason than a failed test fails the whole run.
 */
function run(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly passed: number; readonly code: number | null }> {
  // Variables of a test runner around this script must not reach the inner one.
  const { NODE_OPTIONS: _options, VITEST: _vitest, ...outer } = process.env
  const child = spawn(NODE, command, {
    cwd: folder,
    env: { ...outer, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: SUITE_TIMEOUT_MS,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    process.stdout.write(text)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const summary = /^\s*Tests\s.*?(\d+) passed/m.exec(stripVTControlCharacters(output))
      resolve({ passed: Number(summary?.[1] ?? 0), code })
    })
  })
}
