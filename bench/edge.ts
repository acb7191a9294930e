/**
 * What a session costs at the edge: routes behind the middleware beside one without, in workerd.
 *
 * @module
 */

import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { workerdProcesses } from '../test/support/processes.ts'
import { compare, median, type Report } from './measure.ts'
import { cpuSeconds } from './processes.ts'

const ROUNDS = 9
/** Requests to a route in one request from outside. */
const PER_REQUEST = 500
/** Requests from outside in a round, for each way. */
const REQUESTS = 4

const WAYS = {
  'no session': '/open',
  'fast path': '/fast',
  'full validation': '/full',
} as const

/** Runs it. */
export async function benchEdge(): Promise<Report> {
  const before = new Set(workerdProcesses())
  const script = await bundle()
  const workerd = new Miniflare(
    convertV4MiniflareOptions({ modules: true, script, compatibilityDate: '2026-10-01' }),
  )
  try {
    const origin = (await workerd.ready).origin
    const pid = workerdProcesses().find((one) => !before.has(one))
    return await measure(origin, pid)
  } finally {
    await workerd.dispose()
  }
}

async function measure(origin: string, pid: number | undefined): Promise<Report> {
  const cookie = await (await fetch(`${origin}/log-in`)).text()
  const cpu = new Map<string, number[]>()
  const commands = new Map<string, number>()
  const subjects = Object.entries(WAYS).map(([name, path]) => ({
    name,
    run: async (count: number) => {
      // The fast path holds for a minute, and a run takes longer.
      const headers = {
        cookie: path === '/fast' ? await (await fetch(`${origin}/log-in`)).text() : cookie,
      }
      const startedAt = cpuSeconds(pid)
      for (let done = 0; done < count; done += PER_REQUEST) {
        const url = `${origin}${path}?count=${PER_REQUEST}`
        const response = await fetch(url, { headers })
        if (!response.ok) throw new Error(`${name} is refused`)
        commands.set(name, ((await response.json()) as { commands: number }).commands / PER_REQUEST)
      }
      const samples = cpu.get(name) ?? []
      samples.push(((cpuSeconds(pid) - startedAt) / count) * 1e6)
      cpu.set(name, samples)
    },
  }))
  const { figures, ratios } = await compare({
    subjects,
    concurrency: 1,
    count: PER_REQUEST * REQUESTS,
    rounds: ROUNDS,
    ratios: [
      ['fast path', 'no session'],
      ['full validation', 'no session'],
      ['fast path', 'full validation'],
    ],
  })
  // The first of each is the round that warms up.
  const cpuOf = (name: string): number => median((cpu.get(name) ?? []).slice(1))
  return {
    title: 'A session at the edge, in workerd',
    rounds: ROUNDS,
    ratios,
    figures,
    counts: Object.fromEntries(
      [...commands].map(([name, count]) => [`commands to Redis for a request, ${name}`, count]),
    ),
    tables: [
      {
        title: 'CPU of workerd',
        heads: ['CPU of workerd', 'us/request', 'above no session'],
        rows: Object.keys(WAYS).map((name) => [
          name,
          Math.round(cpuOf(name)),
          Math.round(cpuOf(name) - cpuOf('no session')),
        ]),
      },
    ],
    notes: [
      `A request of the figures is one of ${PER_REQUEST} to the app within one from outside. Redis is the engine in the same isolate: a full validation has its command in it, and no network.`,
    ],
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'edge-worker.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
