/**
 * What callers feel while Redis is away: 100 reads of cold keys, one every 10 ms, over a loader of
 * 5 ms, with the defaults of each cache; and how soon the cache works again once Redis is back.
 *
 * @module
 */

import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { RedisCacheManager } from 'nearcache'
import { tcpTransport } from 'nearcache/redis/tcp'
import { type RedisServer, startRedisServer } from '../test/support/redis-server.ts'
import { median, type Report, type Target } from './measure.ts'
import { loadPeer } from './peers.ts'

const CALLS = 100
const EVERY_MS = 10
const LOADER_MS = 5
/** Whoever is not answered by then is not waited for. */
const CUT_OFF_MS = 8_000

type End = 'answered' | 'failed' | 'cut off'

/** A cache on one Redis. */
interface Subject {
  read(key: string): Promise<unknown>
  close(): Promise<unknown>
}

type Open = (port: number) => Promise<Subject>

const SUBJECTS: Readonly<Record<string, Open>> = { nearcache, bentocache, cacheable }

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
    for (const [name, open] of Object.entries(SUBJECTS)) {
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
  for (let i = 0; i < 20; i++) await subject.read(`before:${i}`)

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

async function callAll(subject: Subject): Promise<Omit<Felt, 'recovery'>> {
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
  subject: Subject,
  key: string,
): Promise<{ readonly ms: number; readonly end: End }> {
  const startedAt = performance.now()
  const end = await Promise.race<End>([
    subject.read(key).then(
      () => 'answered',
      () => 'failed',
    ),
    delay(CUT_OFF_MS, 'cut off', { ref: false }),
  ])
  return { ms: performance.now() - startedAt, end }
}

/** How long until something is stored again; reads behind the outage may still be under way. */
async function recoveryOf(subject: Subject, { port }: RedisServer): Promise<number> {
  const startedAt = performance.now()
  const redis = new Redis(port, '127.0.0.1')
  redis.on('error', () => undefined)
  try {
    for (let i = 0; performance.now() - startedAt < 30_000; i++) {
      const key = `after-${i}-end`
      await Promise.race([subject.read(key).catch(() => undefined), delay(1_000)])
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

async function nearcache(port: number): Promise<Subject> {
  const cache = new RedisCacheManager({ redis: tcpTransport({ url: `redis://127.0.0.1:${port}` }) })
  return { read: (key) => cache.getOrSet(key, load), close: () => cache.close() }
}

async function bentocache(port: number): Promise<Subject> {
  interface Stores {
    useL1Layer(driver: object): Stores
    useL2Layer(driver: object): Stores
  }
  const { BentoCache, bentostore } = await loadPeer<{
    BentoCache: new (
      options: object,
    ) => {
      getOrSet(options: object): Promise<unknown>
      disconnectAll(): Promise<void>
    }
    bentostore(): Stores
  }>('bentocache')
  const { memoryDriver } = await loadPeer<{ memoryDriver(options: object): object }>(
    'bentocache/drivers/memory',
  )
  const { redisDriver } = await loadPeer<{ redisDriver(options: object): object }>(
    'bentocache/drivers/redis',
  )
  const { Redis: Client } = await loadPeer<{ Redis: typeof Redis }>('ioredis')
  const connection = new Client(port, '127.0.0.1')
  connection.on('error', () => undefined)
  const layers = bentostore()
    .useL1Layer(memoryDriver({ maxItems: 1_000 }))
    .useL2Layer(redisDriver({ connection }))
  const cache = new BentoCache({ default: 'both', ttl: '1h', stores: { both: layers } })
  return {
    read: (key) => cache.getOrSet({ key, factory: load }),
    close: () => cache.disconnectAll(),
  }
}

async function cacheable(port: number): Promise<Subject> {
  const { Cacheable } = await loadPeer<{
    Cacheable: new (
      options: object,
    ) => {
      getOrSet(key: string, load: () => Promise<string>, options: object): Promise<unknown>
      on(event: string, listener: () => void): void
      disconnect(): Promise<void>
    }
  }>('cacheable')
  const { default: KeyvRedis } = await loadPeer<{ default: new (url: string) => object }>(
    '@keyv/redis',
  )
  const cache = new Cacheable({ secondary: new KeyvRedis(`redis://127.0.0.1:${port}`), ttl: '1h' })
  cache.on('error', () => undefined)
  return {
    read: (key) => cache.getOrSet(key, load, { ttl: '1h' }),
    close: () => cache.disconnect(),
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
