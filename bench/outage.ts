/**
 * What callers feel while Redis is away: 100 reads of cold keys, one every 10 ms, over a loader of
 * 5 ms, with the defaults of each cache; and how soon the cache works again once Redis is back.
 *
 * @module
 */

import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type RedisServer, startRedisServer } from '../test/support/redis-server.ts'
import { median, type Report, type Target } from './measure.ts'
import { CACHES, type Open, type RemoteCache } from './remote-caches.ts'

const CALLS = 100
const EVERY_MS = 10
const LOADER_MS = 5
/** Whoever is not answered by then is not waited for. */
const CUT_OFF_MS = 8_000

type End = 'answered' | 'failed' | 'cut off'

/** A way to be away. */
type Outage = 'refused' | 'stopped' | 'silent'

const OUTAGES: Readonly<Record<Outage, string>> = {
  refused: 'connections refused',
  stopped: 'server stopped in mid-connection',
  silent: 'connections accepted, never answered',
}

interface Felt {
  readonly first: number
  /** Median of the calls that began after the first one had ended. */
  readonly later: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
  readonly cutOff: number
  /** Milliseconds until a load was kept again; undefined if the server never was one. */
  readonly recovery: number | undefined
}

/** Runs it. */
export async function benchOutage(): Promise<Report> {
  const rows: (string | number)[][] = []
  const targets: Target[] = []
  for (const outage of ['refused', 'stopped', 'silent'] as const) {
    for (const [name, open] of Object.entries(CACHES)) {
      const felt = await suffer(outage, open)
      rows.push([`${name}: ${OUTAGES[outage]}`, ...cellsOf(felt)])
      if (name === 'nearcache') targets.push(...targetsOf(outage, felt))
    }
  }
  const heads = [
    'outage',
    'first, ms',
    'later, ms',
    'p50, ms',
    'p99, ms',
    'errors',
    'cut off',
    'recovery, ms',
  ]
  return {
    title: `Outage: ${CALLS} reads of cold keys, a loader of ${LOADER_MS} ms`,
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables: [{ title: 'outages', heads, rows }],
    notes: [
      `One run each, over TCP, with each cache's defaults; a call is cut off after ${CUT_OFF_MS / 1_000} seconds. "Later" is the median of the reads that began after the first had ended. The ideal is the loader's ${LOADER_MS} ms and no error. Recovery: from the server's return until a read of a new key is found stored in it, looked for every 20 ms.`,
    ],
  }
}

function cellsOf({ first, later, p50, p99, errors, cutOff, recovery }: Felt): (string | number)[] {
  return [first, later, p50, p99]
    .map(tenth)
    .concat([errors, cutOff].map(String), recovery === undefined ? '' : tenth(recovery))
}

function tenth(ms: number): string {
  return Number.isNaN(ms) ? 'none' : ms.toFixed(1)
}

function targetsOf(outage: Outage, { first, later, errors, cutOff }: Felt): Target[] {
  const what = `Redis away (${OUTAGES[outage]})`
  return [
    { what: `${what}: first read, ms`, measured: first, bound: { atMost: 600 } },
    { what: `${what}: reads after that, median, ms`, measured: later, bound: { atMost: 15 } },
    { what: `${what}: reads failed or cut off`, measured: errors + cutOff, bound: { atMost: 0 } },
  ]
}

async function suffer(outage: Outage, open: Open): Promise<Felt> {
  return outage === 'silent' ? beforeSilence(open) : afterService(outage, open)
}

/** Nobody was ever there: a listener that takes connections and says nothing. */
async function beforeSilence(open: Open): Promise<Felt> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  const subject = await open(await listen(server))
  const felt = await callAll(subject)
  for (const socket of sockets) socket.destroy()
  server.close()
  void subject.close().catch(() => undefined)
  return { ...felt, recovery: undefined }
}

/** A cache that has worked, and whose Redis then goes away. */
async function afterService(outage: 'refused' | 'stopped', open: Open): Promise<Felt> {
  const server = await startRedisServer()
  const subject = await open(server.port)
  for (let i = 0; i < 20; i++) await subject.read(`before:${i}`, load)

  process.kill(server.pid, outage === 'stopped' ? 'SIGSTOP' : 'SIGKILL')
  await delay(50)
  const felt = await callAll(subject)
  if (outage === 'stopped') process.kill(server.pid, 'SIGCONT')
  else await server.restart()
  const recovery = await recoveryOf(subject, server)
  void subject.close().catch(() => undefined)
  await server.stop()
  return { ...felt, recovery }
}

async function callAll(subject: RemoteCache): Promise<Omit<Felt, 'recovery'>> {
  const calls: Promise<{ readonly ms: number; readonly end: End }>[] = []
  for (let i = 0; i < CALLS; i++) {
    calls.push(timed(subject, `during:${i}`))
    await delay(EVERY_MS)
  }
  const ends = await Promise.all(calls)
  const times = ends.map(({ ms }) => ms)
  const sorted = [...times].sort((a, b) => a - b)
  const first = times[0] ?? Number.NaN
  const count = (end: End): number => ends.filter((call) => call.end === end).length
  return {
    first,
    later: median(times.slice(Math.ceil(first / EVERY_MS))),
    p50: sorted[CALLS / 2] ?? Number.NaN,
    p99: sorted[CALLS - 2] ?? Number.NaN,
    errors: count('failed'),
    cutOff: count('cut off'),
  }
}

async function timed(
  subject: RemoteCache,
  key: string,
): Promise<{ readonly ms: number; readonly end: End }> {
  const startedAt = performance.now()
  const end = await Promise.race<End>([
    subject.read(key, load).then(
      () => 'answered',
      () => 'failed',
    ),
    delay(CUT_OFF_MS, 'cut off', { ref: false }),
  ])
  return { ms: performance.now() - startedAt, end }
}

/** How long until something is stored again; reads behind the outage may still be under way. */
async function recoveryOf(subject: RemoteCache, { port }: RedisServer): Promise<number> {
  const startedAt = performance.now()
  const redis = new Redis(port, '127.0.0.1')
  redis.on('error', () => undefined)
  try {
    for (let i = 0; performance.now() - startedAt < 30_000; i++) {
      const key = `after-${i}-end`
      await Promise.race([subject.read(key, load).catch(() => undefined), delay(1_000)])
      if ((await redis.keys(`*${key}*`)).length > 0) return performance.now() - startedAt
      await delay(20)
    }
    return Number.POSITIVE_INFINITY
  } finally {
    redis.disconnect()
  }
}

async function load(): Promise<string> {
  await delay(LOADER_MS)
  return 'loaded'
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
