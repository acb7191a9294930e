/**
 * What callers experience while Redis is down: 100 reads of absent keys, one every 10 ms, with a loader of 5 ms
 * and the defaults of each cache; and how soon the cache works again once Redis is back.
 *
 * @module
 */

import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { RedisCacheManager, restTransport } from 'nearcache'
import { nodeFetch } from 'nearcache/redis/node'
import { median, quantile, type Report, type Target } from './measure.ts'
import { SERVICES, type Service, type Way } from './outage-service.ts'
import { BRIDGE_TOKEN, endAll } from './processes.ts'
import { CACHES, type Open, type RemoteCache } from './remote-caches.ts'

const CALLS = 100
const EVERY_MS = 10
const LOADER_MS = 5
/** A read without an answer by then is abandoned and counted as cut off. */
const CUT_OFF_MS = 8_000
/** Rounds of nearcache and of the loader. The others get one, because theirs waits for most of a minute. */
const ROUNDS = 7
/** Failures that open nearcache's circuit by default. */
const FAILURES = 5
/** How long nearcache's circuit stays open by default, until one request tries again. */
const COOLDOWN_MS = 1_000

type End = 'answered' | 'failed' | 'cut off'

/** How the service fails. */
type Outage = 'refused' | 'stopped' | 'silent'

const OUTAGES: Readonly<Record<Outage, string>> = {
  refused: 'connections refused',
  stopped: 'server stopped in mid-connection',
  silent: 'connections accepted, never answered',
}

interface Contender {
  readonly way: Way
  readonly open: Open
  readonly rounds: number
}

const OURS = { tcp: 'nearcache, TCP', http: 'nearcache, HTTP' } as const
const BARE = 'the loader alone'
const CONTENDERS: Readonly<Record<string, Contender>> = {
  [BARE]: { way: 'tcp', open: alone, rounds: ROUNDS },
  [OURS.tcp]: { way: 'tcp', open: CACHES['nearcache'] as Open, rounds: ROUNDS },
  [OURS.http]: { way: 'http', open: overHttp, rounds: ROUNDS },
  bentocache: { way: 'tcp', open: CACHES['bentocache'] as Open, rounds: 1 },
  cacheable: { way: 'tcp', open: CACHES['cacheable'] as Open, rounds: 1 },
}

/** Times in milliseconds; "later" are the calls that began after the first five had ended. */
interface Felt {
  readonly first: number
  readonly later: number
  readonly laterP99: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
  readonly cutOff: number
  /** Until a loaded value was stored again; NaN if there was no working server, or no cache. */
  readonly recovery: number
}

/** Runs the benchmark. */
export async function benchOutage(): Promise<Report> {
  const rows: (string | number)[][] = []
  const targets: Target[] = []
  try {
    for (const outage of ['refused', 'stopped', 'silent'] as const) {
      const felt = await sufferInTurn(outage)
      for (const [name, own] of felt) rows.push([`${name}: ${OUTAGES[outage]}`, ...cellsOf(own)])
      for (const name of Object.values(OURS)) targets.push(...targetsOf(name, outage, felt))
    }
  } finally {
    endAll()
  }
  return {
    title: `Outage: ${CALLS} reads of cold keys, a loader of ${LOADER_MS} ms`,
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables: [{ title: 'outages', heads: HEADS, rows }],
    notes: [
      `Each cache has its defaults. A call is abandoned after ${CUT_OFF_MS / 1_000} seconds. Medians of ${ROUNDS} rounds for nearcache and the loader; one round for the others, which are over TCP. "Later" are the reads that began after the first five had ended: ${FAILURES} failures open nearcache's circuit. The ideal is the loader's ${LOADER_MS} ms and no error. Over HTTP the bridge goes away, not Redis. Recovery: the time from the server's return until a newly read key is stored in it, checked every 20 ms; nearcache's circuit lets one request through each second.`,
    ],
  }
}

/** Runs all contenders in each round. */
async function sufferInTurn(outage: Outage): Promise<ReadonlyMap<string, Felt>> {
  const samples = new Map<string, Felt[]>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { way, open, rounds }] of Object.entries(CONTENDERS)) {
      if (round >= rounds) continue
      const felt = await suffer(outage, SERVICES[way], open)
      samples.set(name, [...(samples.get(name) ?? []), felt])
    }
  }
  return new Map([...samples].map(([name, own]) => [name, mediansOf(own)]))
}

/** Medians of times, sums of errors. */
function mediansOf(samples: readonly Felt[]): Felt {
  const over = (field: keyof Felt): number => median(samples.map((felt) => felt[field]))
  const all = (field: keyof Felt): number => samples.reduce((sum, felt) => sum + felt[field], 0)
  return {
    first: over('first'),
    later: over('later'),
    laterP99: over('laterP99'),
    p50: over('p50'),
    p99: over('p99'),
    errors: all('errors'),
    cutOff: all('cutOff'),
    recovery: over('recovery'),
  }
}

const HEADS = [
  'outage',
  'first, ms',
  'later, ms',
  'later p99, ms',
  'p50, ms',
  'p99, ms',
  'errors',
  'cut off',
  'recovery, ms',
]

function cellsOf(felt: Felt): (string | number)[] {
  const { first, later, laterP99, p50, p99, errors, cutOff, recovery } = felt
  return [first, later, laterP99, p50, p99]
    .map(tenth)
    .concat([errors, cutOff].map(String), Number.isNaN(recovery) ? '' : tenth(recovery))
}

function tenth(ms: number): string {
  return Number.isNaN(ms) ? 'none' : ms.toFixed(1)
}

function targetsOf(name: string, outage: Outage, felt: ReadonlyMap<string, Felt>): Target[] {
  const what = `${name}, Redis away (${OUTAGES[outage]})`
  const [own, bare] = [felt.get(name), felt.get(BARE)]
  if (own === undefined || bare === undefined) return []
  const target = (figure: string, measured: number, atMost: number): Target => ({
    what: `${what}: ${figure}`,
    measured,
    bound: { atMost },
  })
  const all = [
    // The deadline, the loader, and as much again for late timers.
    target('first read, ms', own.first, 500 + 2 * LOADER_MS),
    target(
      'p99 of reads once the circuit is open, ms above the loader',
      own.laterP99 - bare.laterP99,
      1,
    ),
    target('reads failed or cut off', own.errors + own.cutOff, 0),
  ]
  if (outage !== 'silent') all.push(target('recovery, ms', own.recovery, COOLDOWN_MS + 100))
  return all
}

async function suffer(outage: Outage, serve: () => Promise<Service>, open: Open): Promise<Felt> {
  return outage === 'silent' ? beforeSilence(open) : afterService(outage, serve, open)
}

/** The server never worked: it accepts connections and sends nothing. */
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
  return { ...felt, recovery: Number.NaN }
}

/** The cache has worked with the service before the service fails. */
async function afterService(
  outage: 'refused' | 'stopped',
  serve: () => Promise<Service>,
  open: Open,
): Promise<Felt> {
  const service = await serve()
  const subject = await open(service.port)
  for (let i = 0; i < 20; i++) await subject.read(`before:${i}`, load)

  process.kill(service.pid, outage === 'stopped' ? 'SIGSTOP' : 'SIGKILL')
  await delay(50)
  const felt = await callAll(subject)
  if (outage === 'stopped') process.kill(service.pid, 'SIGCONT')
  else await service.restart()
  const recovery = open === alone ? Number.NaN : await recoveryOf(subject, service)
  void subject.close().catch(() => undefined)
  await service.stop()
  return { ...felt, recovery }
}

async function callAll(subject: RemoteCache): Promise<Omit<Felt, 'recovery'>> {
  const calls: Promise<Call>[] = []
  const startedAt = performance.now()
  for (let i = 0; i < CALLS; i++) {
    calls.push(timed(subject, `during:${i}`))
    await delay(EVERY_MS)
  }
  const ends = await Promise.all(calls)
  const openAt = Math.max(startedAt, ...ends.slice(0, FAILURES).map(({ at, ms }) => at + ms))
  const times = ends.map(({ ms }) => ms)
  const later = ends.filter(({ at }) => at > openAt).map(({ ms }) => ms)
  const count = (end: End): number => ends.filter((call) => call.end === end).length
  return {
    first: times[0] ?? Number.NaN,
    later: median(later),
    laterP99: quantile(later, 0.99),
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    errors: count('failed'),
    cutOff: count('cut off'),
  }
}

/** One read: when it began and how long it took, in milliseconds, and how it ended. */
interface Call {
  readonly at: number
  readonly ms: number
  readonly end: End
}

async function timed(subject: RemoteCache, key: string): Promise<Call> {
  const startedAt = performance.now()
  const end = await Promise.race<End>([
    subject.read(key, load).then(
      () => 'answered',
      () => 'failed',
    ),
    delay(CUT_OFF_MS, 'cut off', { ref: false }),
  ])
  return { at: startedAt, ms: performance.now() - startedAt, end }
}

/** How long until a loaded value is stored again. Reads from the outage may still be under way. */
async function recoveryOf(subject: RemoteCache, { redisPort }: Service): Promise<number> {
  const startedAt = performance.now()
  const redis = new Redis(redisPort, '127.0.0.1')
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

/** No cache: every read calls the loader. */
async function alone(): Promise<RemoteCache> {
  return { read: (_key, load) => load(), drop: async () => undefined, close: async () => undefined }
}

async function overHttp(port: number): Promise<RemoteCache> {
  const url = `http://127.0.0.1:${port}`
  const redis = restTransport({ url, token: BRIDGE_TOKEN, fetch: nodeFetch() })
  const cache = new RedisCacheManager({ redis })
  return {
    read: (key, load) => cache.getOrSet(key, load),
    drop: (key) => cache.delete(key),
    close: () => cache.close(),
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
