/**
 * Runs the public suite of HTTP cache tests (github.com/http-tests/cache-tests) in the same way against our
 * reverse proxy, a proxy without a cache, and nginx if it is installed.
 *
 * Usage: `node scripts/outside/cache-tests.ts CHECKOUT [--only nearcache|nginx|none] [--id TEST]`. The
 * suite is copied into a temporary folder, and undici, the only package that it needs, is installed there.
 * The folder is deleted afterwards. Prints for each kind of test how many passed, and which of ours failed.
 * Fails if a required test fails that docs/guides/http-cache.md does not list, or if fewer than 85 % of the
 * optimal tests pass.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { serve } from '@hono/node-server'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { cachingProxy } from '../../src/http/caching-proxy.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import { freePort } from '../../test/support/free-port.ts'

type Kind = 'required' | 'optimal' | 'check'
type Results = Readonly<Record<string, true | readonly [name: string, message: string]>>

interface Test {
  readonly id: string
  readonly kind?: Kind
  readonly browser_only?: boolean
}

/** The parts of the suite that evaluate its results. */
interface Judge {
  readonly tests: readonly { readonly tests: readonly Test[] }[]
  readonly verdict: (id: string, results: Results) => string
}

/** The result of one proxy: for each kind, tests by verdict. */
type Score = ReadonlyMap<Kind, ReadonlyMap<string, readonly string[]>>

const UNDICI = 'undici@7'
const OPTIMAL_SHARE = 0.85
const GUIDE = join(import.meta.dirname, '../../docs/guides/http-cache.md')
const PASSED = new Set(['pass', 'yes'])

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, id: { type: 'string' } },
  allowPositionals: true,
})
const [checkout] = positionals
if (checkout === undefined || !existsSync(join(checkout, 'test-engine/cli.mjs'))) {
  console.error('Name a checkout of http-tests/cache-tests')
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'nearcache-cache-tests-'))
const children: ChildProcess[] = []
process.once('exit', () => {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

install(resolve(checkout))
const judge = await loadJudge()
const origin = await startOrigin()
const proxies: Readonly<Record<string, () => Promise<string>>> = {
  nearcache: () => startOurs(origin),
  nginx: () => startNginx(origin),
  none: async () => origin,
}
const scores = new Map<string, Score>()
for (const [name, start] of Object.entries(proxies)) {
  if (values.only !== undefined && values.only !== name) continue
  if (name === 'nginx' && !hasNginx()) {
    console.log('nginx is not installed here')
    continue
  }
  const base = await start()
  if (values.id !== undefined) console.log(await runSuite(base, values.id))
  else {
    const score = scoreOf(JSON.parse(await runSuite(base, '')) as Results)
    if (name !== 'none') checkSetUp(name, score)
    scores.set(name, score)
  }
}
for (const [name, score] of scores) print(name, score)
const ours = scores.get('nearcache')
process.exit(ours === undefined || isGood(ours) ? 0 : 1)

function install(from: string): void {
  for (const part of ['test-engine', 'tests']) {
    cpSync(join(from, part), join(folder, part), { recursive: true })
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const quiet = ['--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  execFileSync('npm', ['install', ...quiet, UNDICI], { cwd: folder, stdio: 'inherit' })
}

async function loadJudge(): Promise<Judge> {
  const { default: tests } = await import(join(folder, 'tests/index.mjs'))
  const { determineTestResult, resultTypes } = await import(
    join(folder, 'test-engine/lib/results.mjs')
  )
  const names = new Map(Object.entries(resultTypes).map(([name, type]) => [type, name]))
  return {
    tests,
    verdict: (id, results) => names.get(determineTestResult(tests, id, results)) ?? 'unknown',
  }
}

/** The environment that npm would give the suite. */
function settings(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const pidfile = join(folder, 'origin.pid')
  return { ...process.env, npm_config_protocol: 'http', npm_config_pidfile: pidfile, ...more }
}

async function startOrigin(): Promise<string> {
  const port = String(await freePort())
  const child = spawn(process.execPath, ['test-engine/server/server.mjs'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: settings({ npm_config_port: port }),
  })
  children.push(child)
  return answering(`http://127.0.0.1:${port}`)
}

async function startOurs(to: string): Promise<string> {
  const cache = new RedisCacheManager({ redis: embeddedTransport() }).namespace('http')
  const port = await freePort()
  // The suite tests what must never be served stale only on caches that serve other responses stale.
  const proxy = cachingProxy({ origin: to, cache, staleIfError: '1m' })
  serve({ fetch: proxy, hostname: '127.0.0.1', port })
  return answering(`http://127.0.0.1:${port}`)
}

function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Configured as in the suite's own image: a cache zone, revalidation, unchanged Vary and Cache-Control. */
async function startNginx(to: string): Promise<string> {
  const port = await freePort()
  const prefix = join(folder, 'nginx')
  mkdirSync(prefix)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    join(prefix, 'nginx.conf'),
    // If root starts nginx, its workers would run as a user who cannot write to this folder.
    `${process.getuid?.() === 0 ? 'user root; ' : ''}daemon off; pid ${prefix}/pid; error_log ${prefix}/error.log; worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off;
  ${paths.map((name) => `${name}_temp_path ${prefix}/${name};`).join(' ')}
  proxy_cache_path ${prefix}/cache keys_zone=tests:10m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${to}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache tests; proxy_cache_revalidate on;
      add_header Cache-Status $upstream_cache_status;
    }
  }
}
`,
  )
  const words = ['-p', prefix, '-c', join(prefix, 'nginx.conf')]
  children.push(spawn('nginx', words, { stdio: ['ignore', 'ignore', 'inherit'] }))
  return answering(`http://127.0.0.1:${port}`)
}

async function answering(url: string): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await (await fetch(`${url}/`)).arrayBuffer()
      return url
    } catch {
      // Not listening yet.
      await delay(100)
    }
  }
  throw new Error('A server did not start')
}

function runSuite(base: string, id: string): Promise<string> {
  const child = spawn(process.execPath, ['--no-warnings', 'test-engine/cli.mjs'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', values.id === undefined ? 'ignore' : 'inherit'],
    env: settings({ npm_config_base: base, npm_config_id: id, npm_package_config_id: id }),
  })
  children.push(child)
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  return new Promise((done) => child.once('close', () => done(text)))
}

/** If the tests could not be set up, their results do not count. */
function checkSetUp(name: string, score: Score): void {
  const failed = [...score.values()].flatMap((verdicts) => verdicts.get('setup_fail') ?? [])
  if (failed.length > 100) throw new Error(`The suite does not get through to ${name}`)
}

function scoreOf(results: Results): Score {
  const score = new Map<Kind, Map<string, string[]>>()
  for (const test of judge.tests.flatMap(({ tests }) => tests)) {
    if (!(test.id in results)) continue
    const kind = test.kind ?? 'required'
    const verdicts = score.get(kind) ?? new Map<string, string[]>()
    const verdict = judge.verdict(test.id, results)
    verdicts.set(verdict, [...(verdicts.get(verdict) ?? []), test.id])
    score.set(kind, verdicts)
  }
  return score
}

function count(verdicts: ReadonlyMap<string, readonly string[]> | undefined): [number, number] {
  const entries = [...(verdicts ?? [])]
  const sum = (which: typeof entries): number => which.reduce((all, [, ids]) => all + ids.length, 0)
  return [sum(entries.filter(([verdict]) => PASSED.has(verdict))), sum(entries)]
}

function print(name: string, score: Score): void {
  const kinds = ['required', 'optimal', 'check'] as const
  const figures = kinds.map((kind) => {
    const [passed, all] = count(score.get(kind))
    return `${kind} ${passed} of ${all} (${((100 * passed) / all).toFixed(1)} %)`
  })
  console.log(`\n${name}: ${figures.join(', ')}`)
  const shown = name === 'nearcache' ? kinds : []
  for (const kind of shown) {
    for (const [verdict, ids] of score.get(kind) ?? []) {
      if (!PASSED.has(verdict)) console.log(`  ${kind}, ${verdict}: ${ids.join(' ')}`)
    }
  }
}

/** Whether all required tests pass, except those that the guide lists, and enough of the optimal ones. */
function isGood(score: Score): boolean {
  const listed = existsSync(GUIDE) ? readFileSync(GUIDE, 'utf8') : ''
  const missed = [...(score.get('required') ?? [])]
    .filter(([verdict]) => !PASSED.has(verdict))
    .flatMap(([, ids]) => ids)
    .filter((id) => !listed.includes(`\`${id}\``))
  for (const id of missed) console.log(`  not listed in the guide: ${id}`)
  const [passed, all] = count(score.get('optimal'))
  return missed.length === 0 && passed >= OPTIMAL_SHARE * all
}
