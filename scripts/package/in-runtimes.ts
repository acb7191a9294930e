/**
 * Tests that the installed package behaves the same in all runtimes other than browsers.
 *
 * @module
 */

import { execFile, execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual, promisify } from 'node:util'
import { build } from 'esbuild'
import {
  findRedisServer,
  type RedisServer,
  startRedisServer,
} from '../../test/support/redis-server.ts'
import { installedBridge } from './installed-bridge.ts'
import type { Place, Sights } from './story.ts'

/** Packages to install beside the package. */
export const RUNTIMES = ['bun@1', 'deno@2', '@edge-runtime/vm@5', 'ioredis@6'] as const

const run = promisify(execFile)
const TOKEN = 'a-token-of-the-runtimes'
const TIMEOUT_MS = 60_000
const SERVERS: Readonly<Record<string, readonly string[]>> = {
  Node: [process.execPath, 'server-story.ts'],
  Bun: ['node_modules/.bin/bun', 'run', 'server-story.ts'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--node-modules-dir=manual', 'server-story.ts'],
}
const EDGE = "Vercel's Edge runtime"
const KEPT = [2, 19_000, 0, true, true]
const READ_AT_ONCE = [true, 1_000, true, 1_000]
/** The expected results in all runtimes. */
const EVERYWHERE: Sights = {
  values: KEPT,
  'values, sealed': KEPT,
  'values, embedded': KEPT,
  'a thousand at once': READ_AT_ONCE,
  'Redis hangs': ['loaded', 'ERR_REMOTE_TIMEOUT'],
  'a wrong token': ['loaded', 'ERR_CIRCUIT_OPEN'],
  'a caller who gives up': 'it takes too long',
  'a session': ['user-1', null],
}
const ON_SERVERS: Sights = {
  ...EVERYWHERE,
  'values, by sockets of Node': KEPT,
  'a thousand at once, by sockets of Node': READ_AT_ONCE,
  mail: 0,
  'start-up': 1,
}
const OVER_TCP: Sights = {
  'values over TCP': KEPT,
  'a thousand at once over TCP': READ_AT_ONCE,
}

/** @returns The result, in one line. */
export async function tryInRuntimes(project: string): Promise<string> {
  for (const file of ['story.ts', 'server-story.ts']) {
    cpSync(join(import.meta.dirname, file), join(project, file))
  }
  // Install scripts are disabled, so that of Bun, which sets up its binary, is run here.
  execFileSync(process.execPath, ['node_modules/bun/install.js'], { cwd: project, stdio: 'pipe' })
  const listener = await installedBridge(project, TOKEN)
  const http = await listening(createServer(listener))
  const held = new Set<Socket>()
  const silent = await listening(
    createNetServer((socket) => {
      held.add(socket)
      socket.on('error', () => undefined) // reset by a client that gives up
    }),
  )
  const redis = findRedisServer() === undefined ? undefined : await startRedisServer()
  const place = (runtime: string): Place => ({
    ...{ url: addressOf(http), token: TOKEN, silentUrl: addressOf(silent) },
    runtime,
  })
  try {
    const told: string[] = []
    for (const [name, command] of Object.entries(SERVERS)) {
      expectSights(name, await seenByServer(project, command, place(name), redis), {
        ...ON_SERVERS,
        ...(redis && OVER_TCP),
      })
      told.push(`${name} ${versionOf(project, command)}`)
    }
    expectSights(EDGE, await seenAtTheEdge(project, place('edge')), EVERYWHERE)
    return `${[...told, EDGE].join(', ')}${redis ? '' : '; not over TCP, there is no redis-server'}`
  } finally {
    for (const socket of held) socket.destroy()
    silent.close()
    http.closeAllConnections()
    http.close()
    await redis?.stop()
  }
}

async function seenByServer(
  cwd: string,
  [file = '', ...words]: readonly string[],
  { url, token, silentUrl, runtime }: Place,
  redis: RedisServer | undefined,
): Promise<Sights> {
  const { PATH, HOME } = process.env
  const env = {
    ...{ PATH, HOME, URL: url, TOKEN: token, SILENT_URL: silentUrl, RUNTIME: runtime },
    ...(redis && { TCP_URL: redis.url }),
  }
  const { stdout } = await run(file, words, { cwd, env, timeout: TIMEOUT_MS })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

/** Bundles for the edge runtime, and runs in a context with only its globals. */
async function seenAtTheEdge(project: string, place: Place): Promise<Sights> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { tell } from './story.ts'; globalThis.told = (place) => tell(place).then(JSON.stringify)`,
      resolveDir: project,
    },
    ...{ bundle: true, write: false, format: 'iife', target: 'es2022', platform: 'browser' },
    conditions: ['edge-light'],
  })
  const { EdgeVM } = (await import(
    pathToFileURL(createRequire(join(project, 'package.json')).resolve('@edge-runtime/vm')).href
  )) as { EdgeVM: new () => { evaluate(code: string): unknown } }
  const vm = new EdgeVM()
  vm.evaluate(outputFiles[0]?.text ?? '')
  const told = (await vm.evaluate(`told(${JSON.stringify(place)})`)) as string
  return JSON.parse(told)
}

/** @throws {Error} Names the result that differs. */
function expectSights(runtime: string, seen: Sights, expected: Sights): void {
  for (const name of new Set([...Object.keys(expected), ...Object.keys(seen)])) {
    if (isDeepStrictEqual(seen[name], expected[name])) continue
    throw new Error(`${runtime} sees of ${name}: ${JSON.stringify(seen[name])}`)
  }
}

function versionOf(cwd: string, [file = '']: readonly string[]): string {
  const printed = execFileSync(file, ['--version'], { cwd, encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(printed)?.[0] ?? ''
}

async function listening<Any extends NetServer>(server: Any): Promise<Any> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function addressOf(server: NetServer): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
