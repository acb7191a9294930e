/**
 * What a session and a remote hit cost at the edge, in workerd: routes with the session middleware compared
 * with one without, and reads over HTTP compared with the bare client.
 *
 * @module
 */

import { join } from 'node:path'
import { startRedisServer } from '../test/support/redis-server.ts'
import { compare, type Report, ratioOf, type Subject } from './measure.ts'
import { peerFolder } from './peers.ts'
import { endAll, startBridge } from './processes.ts'
import { bundleWorker, type RunningWorker, startWorkerd } from './workerd.ts'

const ROUNDS = 9
/** Requests to a route in one request from outside. */
const PER_REQUEST = 500
/** Requests from outside in a round, for each route. */
const REQUESTS = 4
/** Concurrency, and reads in a round. */
const READS = [
  [1, 400],
  [16, 1_600],
] as const

const SESSIONS = {
  'no session': '/open',
  'fast path': '/fast',
  'full validation': '/full',
} as const
const HITS = {
  'nearcache, HTTP': '/ours',
  '@upstash/redis GET': '/upstash',
  '@upstash/redis GET with a deadline': '/upstash-bounded',
  'bare fetch of GET': '/fetch',
} as const

type Measured = Pick<Report, 'figures' | 'ratios'>

/** Runs the benchmark. */
export async function benchEdge(): Promise<Report> {
  const commands = new Map<string, number>()
  const sessions = await inWorkerd('edge-worker.ts', {}, (worker) =>
    measureSessions(worker, commands),
  )
  const hits = await remoteHits()
  const cpu = ratioOf(hits, 'nearcache, HTTP', '@upstash/redis GET', 1).clientCpu
  return {
    title: 'A session and a remote hit at the edge, in workerd',
    rounds: ROUNDS,
    figures: [...sessions.figures, ...hits.figures],
    ratios: [...sessions.ratios, ...hits.ratios],
    counts: Object.fromEntries(
      [...commands].map(([name, count]) => [`commands to Redis for a request, ${name}`, count]),
    ),
    targets: [
      {
        what: 'remote hit over HTTP in workerd, one at a time: its CPU, of @upstash/redis GET',
        measured: cpu,
        bound: { atMost: 1 },
      },
    ],
    notes: [
      'CPU is that of workerd.',
      `Sessions: each request from outside makes ${PER_REQUEST} requests to the app, and a figure is for one of these. Redis is the embedded engine in the same isolate: a full validation includes its command, but no network.`,
      'Remote hits: all reads of a round are made in one request from outside. A value is 1 KB of JSON with two tags, read through the bridge in front of a Redis. A Worker may have six connections to a host, so 16 concurrent bare fetches wait for one another.',
    ],
  }
}

async function inWorkerd<T>(
  file: string,
  options: object,
  use: (worker: RunningWorker) => Promise<T>,
): Promise<T> {
  const entryPoints = [join(import.meta.dirname, file)]
  const nodePaths = [join(peerFolder(), 'node_modules')]
  const worker = await startWorkerd(await bundleWorker({ entryPoints, nodePaths }), options)
  try {
    return await use(worker)
  } finally {
    await worker.miniflare.dispose()
  }
}

async function measureSessions(
  { miniflare, cpu }: RunningWorker,
  commands: Map<string, number>,
): Promise<Measured> {
  const { origin } = await miniflare.ready
  const cookie = await (await fetch(`${origin}/log-in`)).text()
  const subjects = Object.entries(SESSIONS).map(([name, path]) => ({
    name,
    run: async (count: number) => {
      // A fast-path token is valid for a minute, and the benchmark takes longer.
      const headers = {
        cookie: path === '/fast' ? await (await fetch(`${origin}/log-in`)).text() : cookie,
      }
      for (let done = 0; done < count; done += PER_REQUEST) {
        const url = `${origin}${path}?count=${PER_REQUEST}`
        const response = await fetch(url, { headers })
        if (!response.ok) throw new Error(`${name} is refused`)
        commands.set(name, ((await response.json()) as { commands: number }).commands / PER_REQUEST)
      }
    },
  }))
  return compare({
    subjects,
    concurrency: 1,
    count: PER_REQUEST * REQUESTS,
    rounds: ROUNDS,
    cpu,
    ratios: [
      ['fast path', 'no session'],
      ['full validation', 'no session'],
      ['fast path', 'full validation'],
    ],
  })
}

async function remoteHits(): Promise<Measured> {
  const server = await startRedisServer()
  try {
    const { url, token } = await startBridge(server.url)
    const bindings = { URL: url, TOKEN: token }
    return await inWorkerd('edge-remote-worker.ts', { bindings }, measureHits)
  } finally {
    endAll()
    await server.stop()
  }
}

async function measureHits({ miniflare, cpu }: RunningWorker): Promise<Measured> {
  const { origin } = await miniflare.ready
  const ask = async (path: string, count: number, atOnce: number): Promise<void> => {
    const response = await fetch(`${origin}${path}?count=${count}&at-once=${atOnce}`)
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  }
  await ask('/fill', 256, 16)
  const subjects: readonly Subject[] = Object.entries(HITS).map(([name, path]) => ({
    name,
    run: (count, concurrency) => ask(path, count, concurrency),
  }))
  const [ours = '', ...others] = Object.keys(HITS)
  const parts: Measured[] = []
  for (const [concurrency, count] of READS) {
    const ratios = others.map((name) => [ours, name] as const)
    parts.push(await compare({ subjects, concurrency, count, rounds: ROUNDS, cpu, ratios }))
  }
  return {
    figures: parts.flatMap(({ figures }) => figures),
    ratios: parts.flatMap(({ ratios }) => ratios),
  }
}
