/**
 * What a hit in Redis costs: 1 KB of JSON with two tags, over TCP and over HTTP, compared with the bare
 * clients. A cache can be faster than its client only if it sends less.
 *
 * @module
 */

import { Redis } from 'ioredis'
import { RedisCacheManager, type RestFetch, restTransport } from 'nearcache'
import { nodeFetch } from 'nearcache/redis/node'
import { tcpTransport } from 'nearcache/redis/tcp'
import { type RedisServer, startRedisServer } from '../test/support/redis-server.ts'
import {
  compare,
  type Report,
  ratioOf,
  repeat,
  type Subject,
  type Table,
  type Target,
} from './measure.ts'
import { poster } from './node-http.ts'
import { loadPeer } from './peers.ts'
import { endAll, startBridge, BRIDGE_TOKEN as TOKEN } from './processes.ts'
import { recordOf } from './record.ts'

const ROUNDS = 9
const KEYS: readonly string[] = Array.from({ length: 1_024 }, (_, i) => `user:${i}`)
const TAGS = ['org:1', 'team:2']
/** Long, so that a pause of the machine does not turn hits into loads. */
const DEADLINE = '10s'
/**
 * Concurrency, and operations in a round over TCP and over HTTP. The first load needs 3,000: in a shorter one,
 * much of the time would go to code that the engine has not compiled yet.
 */
const LOADS = [
  { concurrency: 1, tcp: 3_000, http: 3_000 },
  { concurrency: 16, tcp: 4_000, http: 2_000 },
  { concurrency: 256, tcp: 10_000, http: 10_000 },
] as const
const OURS = { tcp: 'nearcache, TCP', http: 'nearcache, HTTP' }
const BY_FETCH = 'nearcache, HTTP by the global fetch'
const RAW = { tcp: 'ioredis GET', http: '@upstash/redis GET' }

const FLOOR = 'node:http, one MGET of the same keys a tick, parsed'

/** HTTP requests so far that did not use the global `fetch`. */
let ownRequests = 0

interface Family {
  readonly subjects: readonly Subject[]
  close(): Promise<unknown>
}

/** Runs the benchmark. */
export async function benchRemote(): Promise<Report> {
  const server = await startRedisServer()
  const redis = new Redis(server.port, '127.0.0.1')
  try {
    return await measure(server, redis)
  } finally {
    redis.disconnect()
    endAll()
    await server.stop()
  }
}

async function measure(server: RedisServer, redis: Redis): Promise<Report> {
  const bridge = await startBridge(server.url)
  for (const [i, key] of KEYS.entries()) await redis.set(key, JSON.stringify(recordOf(i)))
  const families = {
    tcp: await overTcp(server, redis),
    http: await overHttp(bridge.url, redis),
  }
  const parts: Pick<Report, 'figures' | 'ratios'>[] = []
  const sent = new Map<string, Sent[]>()
  for (const { concurrency, ...sizes } of LOADS) {
    for (const kind of ['tcp', 'http'] as const) {
      const { subjects } = families[kind]
      const others = subjects.map(({ name }) => name).slice(1)
      const ratios = others.map((name) => [OURS[kind], name] as const)
      const count = sizes[kind]
      parts.push(await compare({ subjects, concurrency, count, rounds: ROUNDS, ratios }))
      for (const subject of subjects) {
        const told = await sentBy(subject, concurrency, redis)
        sent.set(subject.name, [...(sent.get(subject.name) ?? []), told])
      }
    }
  }
  for (const { close } of Object.values(families)) await close()
  const found = {
    ratios: parts.flatMap(({ ratios }) => ratios),
    figures: parts.flatMap(({ figures }) => figures),
  }
  return {
    title: 'Remote hit',
    rounds: ROUNDS,
    ...found,
    counts: {},
    targets: targetsOf(found),
    tables: [sentTable(sent)],
    notes: [
      "A read by nearcache is one MGET of an entry, its lease and three markers, and parses the value. For comparison, ioredis sends the same MGET. @upstash/redis parses values, ioredis does not. HTTP goes through nearcache's bridge, in front of the same Redis.",
      'node:http sends and receives the same bytes as nearcache and checks nothing: the difference is what nearcache costs.',
    ],
  }
}

function sentTable(sent: ReadonlyMap<string, readonly Sent[]>): Table {
  const at = LOADS.map(({ concurrency }) => concurrency)
  return {
    title: 'what a read sends',
    heads: [
      'what a read sends',
      ...at.map((n) => `commands, ${n} at once`),
      ...at.map((n) => `calls of fetch, ${n} at once`),
    ],
    rows: [...sent].map(([name, told]) => [
      name,
      ...told.map(({ commands }) => commands),
      ...told.map(({ requests }) => Math.round(requests * 1e4) / 1e4),
    ]),
  }
}

function targetsOf(found: Pick<Report, 'ratios'>): Target[] {
  const of = (kind: 'tcp' | 'http', concurrency: number) =>
    ratioOf(found, OURS[kind], RAW[kind], concurrency)
  return [
    {
      what: 'remote hit over TCP, 256 at once: throughput, of ioredis GET',
      measured: of('tcp', 256).throughput,
      bound: { atLeast: 0.85 },
    },
    {
      what: 'remote hit over HTTP, 256 at once: throughput, of @upstash/redis GET',
      measured: of('http', 256).throughput,
      bound: { atLeast: 1.2 },
    },
    {
      what: 'remote hit over HTTP, one at a time: client CPU, of @upstash/redis GET',
      measured: of('http', 1).clientCpu,
      bound: { atMost: 0.6 },
    },
  ]
}

async function overTcp({ url, port }: RedisServer, redis: Redis): Promise<Family> {
  const cache = new RedisCacheManager({ redis: tcpTransport({ url }), deadline: DEADLINE })
  const bento = await bentocache(port)
  const names = await namesOf(redis, () => fill(cache))
  for (const [i, key] of KEYS.entries()) {
    await bento.getOrSet({ key, tags: TAGS, factory: async () => recordOf(i) })
  }
  return {
    subjects: [
      reading(OURS.tcp, (key) => cache.getOrSet(key, never, { tags: TAGS })),
      reading(RAW.tcp, (key) => redis.get(key)),
      reading('ioredis GET, parsed', async (key) => JSON.parse((await redis.get(key)) ?? '')),
      reading('ioredis MGET of the same keys', (key) => redis.mget(names(key))),
      reading('ioredis MGET of the same keys, parsed', async (key) => {
        const [entry] = await redis.mget(names(key))
        return JSON.parse(entry?.slice(entry.indexOf('\n') + 1) ?? '')
      }),
      reading(
        'ioredis, one MGET of those a tick, parsed',
        gathered((keys) => redis.mget([...keys]), names),
      ),
      reading(
        'bentocache, remote tier alone',
        (key) => bento.getOrSet({ key, tags: TAGS, factory: never }),
        0.2,
      ),
    ],
    close: () => Promise.all([cache.close(), bento.disconnectAll()]),
  }
}

/** A read without any checks: all reads of a tick share one command, as those of nearcache do. */
function gathered(
  mget: (names: Iterable<string>) => Promise<(string | null)[]>,
  names: (key: string) => string[],
): (key: string) => Promise<unknown> {
  let tick: { readonly places: Map<string, number>; readonly reply: Promise<(string | null)[]> }
  let isOpen = false
  const open = (): void => {
    const places = new Map<string, number>()
    const reply = Promise.resolve().then(() => {
      isOpen = false
      return mget(places.keys())
    })
    tick = { places, reply }
    isOpen = true
  }
  return (key) => {
    if (!isOpen) open()
    const { places, reply } = tick
    const wanted = names(key)
    for (const name of wanted) if (!places.has(name)) places.set(name, places.size)
    const place = places.get(wanted[0] ?? '') ?? -1
    return reply.then((texts) => {
      const text = texts[place] ?? ''
      return JSON.parse(text.slice(text.indexOf('\n') + 1))
    })
  }
}

async function overHttp(url: string, redis: Redis): Promise<Family> {
  const open = (options: { fetch?: RestFetch }): RedisCacheManager =>
    new RedisCacheManager({
      redis: restTransport({ url, token: TOKEN, ...options }),
      prefix: 'http',
      deadline: DEADLINE,
    })
  const node = nodeFetch()
  const cache = open({
    fetch: (...args) => {
      ownRequests++
      return node(...args)
    },
  })
  const byFetch = open({})
  const names = await namesOf(redis, () => fill(cache))
  const post = poster(url, TOKEN)
  const mget = async (keys: Iterable<string>): Promise<(string | null)[]> => {
    ownRequests++
    return ((await post(['MGET', ...keys])) as { result: (string | null)[] }).result
  }
  const upstash = await loadPeer<{
    Redis: new (options: object) => { get(key: string): Promise<unknown> }
  }>('@upstash/redis')
  const raw = new upstash.Redis({ url, token: TOKEN, enableTelemetry: false })
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  return {
    subjects: [
      reading(OURS.http, (key) => cache.getOrSet(key, never, { tags: TAGS })),
      reading(BY_FETCH, (key) => byFetch.getOrSet(key, never, { tags: TAGS })),
      reading(RAW.http, (key) => raw.get(key)),
      reading(FLOOR, gathered(mget, names)),
      reading(
        'bare fetch of GET',
        async (key) => {
          const body = JSON.stringify(['GET', key])
          const response = await fetch(url, { method: 'POST', headers, body })
          return JSON.parse(((await response.json()) as { result: string }).result)
        },
        0.2,
      ),
    ],
    close: () => Promise.all([cache.close(), byFetch.close()]),
  }
}

/** Stores the same value for every key as the bare clients read. */
async function fill(cache: RedisCacheManager): Promise<void> {
  const load = new Map(KEYS.map((key, i) => [key, recordOf(i)]))
  await cache.getOrSetMany(KEYS, () => load, { tags: TAGS, ttl: '1d' })
}

/** The Redis keys that a read of nearcache asks for, taken from what filling the cache has created. */
async function namesOf(
  redis: Redis,
  fill: () => Promise<void>,
): Promise<(key: string) => string[]> {
  const before = new Set(await redis.keys('*'))
  await fill()
  const made = (await redis.keys('*')).filter((name) => !before.has(name))
  const markers = made.filter((name) => name.includes(':t:'))
  const entries = new Map(made.map((name) => [/:e:\{(.*)\}$/.exec(name)?.[1], name]))
  return (key) => {
    const entry = entries.get(encodeURIComponent(key)) ?? ''
    return [entry, entry.replace(':e:', ':l:'), ...markers]
  }
}

async function bentocache(port: number) {
  interface Stores {
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
  const { redisDriver } = await loadPeer<{ redisDriver(options: object): object }>(
    'bentocache/drivers/redis',
  )
  const layer = redisDriver({ connection: { host: '127.0.0.1', port } })
  const stores = { remote: bentostore().useL2Layer(layer) }
  return new BentoCache({ default: 'remote', ttl: '1d', prefix: 'bento', stores })
}

async function never(): Promise<never> {
  throw new Error('Every read is a hit')
}

/** A subject that cycles through the keys, so that concurrent reads are of different keys. */
function reading(name: string, read: (key: string) => Promise<unknown>, share = 1): Subject {
  let next = 0
  const run = (count: number, concurrency: number): Promise<void> =>
    repeat(count, concurrency, async () => {
      const value = await read(KEYS[next++ % KEYS.length] ?? '')
      if (value === null || value === undefined) throw new Error(`${name} found nothing`)
    })
  return { name, share, run }
}

/** What a subject sends for one operation. */
interface Sent {
  readonly commands: number
  /** HTTP requests; 0 over TCP. */
  readonly requests: number
}

async function sentBy({ run }: Subject, concurrency: number, redis: Redis): Promise<Sent> {
  const operations = concurrency * 4
  const real = globalThis.fetch
  let requests = 0
  const ownBefore = ownRequests
  globalThis.fetch = (...args) => {
    requests++
    return real(...args)
  }
  const before = await commandsOf(redis)
  await run(operations, concurrency)
  // INFO counts itself only after it has answered: the second answer includes the first INFO.
  const commands = (await commandsOf(redis)) - before - 1
  globalThis.fetch = real
  requests += ownRequests - ownBefore
  return { commands: commands / operations, requests: requests / operations }
}

async function commandsOf(redis: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
}
