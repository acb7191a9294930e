/**
 * What it costs to identify the user of a request: a fast-path token, a validation in Redis, and the
 * equivalents of other packages. Each session has a user id, an e-mail address and four fields.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { Redis } from 'ioredis'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { tcpTransport } from 'nearcache/redis/tcp'
import { SessionUserCache } from 'nearcache/session'
import { countingTransport } from 'nearcache/testing'
import { startRedisServer } from '../test/support/redis-server.ts'
import { compare, type Report, ratioOf, repeat, type Subject } from './measure.ts'
import { loadPeer } from './peers.ts'

const ROUNDS = 9
const COUNT = 2_000
const SECRET = '5e'.repeat(32)
const USER = { userId: 'user-4711', userEmail: 'ada@example.com' }
const DATA = { theme: 'dark', locale: 'de-CH', team: 'team-7', cart: ['tea', 'cups'] }
/** Long, so that a pause of the machine does not turn validations into errors. */
const DEADLINE = '10s'

const FAST = 'nearcache fast path'
const FULL = 'nearcache validate, TCP'
const EMBEDDED = 'nearcache validate, in process'
const IRON = 'iron-session unsealData'
const JOSE = 'jose jwtVerify, HS256'
const EXPRESS = 'express-session + connect-redis'
const GET = 'ioredis GET'
const BY_HAND = 'ioredis EVALSHA of a validation, and node:crypto'

/** Runs the benchmark. */
export async function benchSession(): Promise<Report> {
  const server = await startRedisServer()
  const redis = new Redis(server.port, '127.0.0.1')
  const tcp = tcpTransport({ url: server.url })
  const closes: (() => Promise<unknown>)[] = []
  try {
    const wire = countingTransport(tcp)
    const ours = await nearcache(FULL, wire)
    const embedded = await nearcache(EMBEDDED, embeddedTransport())
    await redis.set('sess', JSON.stringify({ ...USER, ...DATA }))
    const subjects: Subject[] = [
      ours.fast,
      embedded.full,
      ours.full,
      await ironSession(),
      await jose(),
      await expressSession(server.url, closes),
      subject(GET, async () => JSON.parse((await redis.get('sess')) ?? '')),
      byHand(redis, await ours.command()),
    ]
    const found = await compare({
      ...{ subjects, concurrency: 1, count: COUNT, rounds: ROUNDS },
      ratios: [
        ...[IRON, JOSE, EXPRESS, GET].map((other) => [FAST, other] as const),
        ...[IRON, JOSE, EXPRESS, GET, BY_HAND].map((other) => [FULL, other] as const),
        [EMBEDDED, JOSE],
      ],
    })
    const counts = await ours.counts()
    return {
      title: 'Sessions',
      rounds: ROUNDS,
      ...found,
      counts,
      targets: [
        {
          what: 'fast path: client CPU, of iron-session unsealData',
          measured: ratioOf(found, FAST, IRON, 1).clientCpu,
          bound: { atMost: 0.5 },
        },
        {
          what: 'full validation: client CPU, of express-session + connect-redis',
          measured: ratioOf(found, FULL, EXPRESS, 1).clientCpu,
          bound: { atMost: 1.5 },
        },
        ...['requests', 'commands'].map((what) => ({
          what: `${what} of a validation`,
          measured: counts[`${what} of a validation`] ?? Number.NaN,
          bound: { atMost: 1 },
        })),
      ],
    }
  } finally {
    for (const close of closes) await close()
    redis.disconnect()
    await tcp.close()
    await server.stop()
  }
}

type Command = readonly [name: string, ...args: string[]]

interface Ours {
  readonly fast: Subject
  readonly full: Subject
  /** The command that a validation sends. */
  command(): Promise<Command>
  counts(): Promise<Record<string, number>>
}

async function nearcache(name: string, wire: ReturnType<typeof embeddedTransport>): Promise<Ours> {
  let latest: unknown
  const redis: typeof wire = {
    kind: wire.kind,
    close: () => wire.close(),
    request: (request) => {
      latest = request.body
      return wire.request(request)
    },
  }
  const sessions = new SessionUserCache({
    ...{ redis, keys: [{ id: 'k1', secret: SECRET }], deadline: DEADLINE },
    fastPath: '60s',
    maxAge: '1h',
    slidingExpiration: true,
  })
  const { userId, userEmail } = USER
  const token = await sessions.createSession(userId, userEmail, { data: DATA })
  let issued = { token: '', at: Number.NEGATIVE_INFINITY }
  const fastToken = async (): Promise<string> => {
    // Renewed after 30 s: the token is valid for 60 s, and the benchmark runs longer.
    if (performance.now() - issued.at > 30_000) {
      const session = await sessions.getSession(token)
      const fast = session && (await sessions.issueFastPath(token, session))
      issued = { token: fast ?? '', at: performance.now() }
    }
    return issued.token
  }
  const fast: Subject = {
    name: FAST,
    run: async (count, concurrency) => {
      const one = await fastToken()
      await repeat(count, concurrency, async () => {
        const session = await sessions.verifyFastPath(token, one)
        if (session?.userId !== userId) throw new Error('the fast path is off')
      })
    },
  }
  const full = subject(name, () => sessions.getSession(token))
  const command = async (): Promise<Command> => {
    // The first validation may send the whole script; the second one sends its hash.
    for (let i = 0; i < 2; i++) await sessions.getSession(token)
    return latest as Command
  }
  const counts = async (): Promise<Record<string, number>> => {
    const before = { ...sessions.redis.counts }
    await sessions.getSession(token)
    const { requests, commands } = sessions.redis.counts
    const one = await fastToken()
    const after = sessions.redis.counts.requests
    await sessions.verifyFastPath(token, one)
    return {
      'requests of a validation': requests - before.requests,
      'commands of a validation': commands - before.commands,
      'requests of a fast-path validation': sessions.redis.counts.requests - after,
    }
  }
  return { fast, full, command, counts }
}

/** The minimum of a validation: its command, two digests and a decryption, without any checks. */
function byHand(redis: Redis, [name, ...args]: Command): Subject {
  const key = createSecretKey(Buffer.from(SECRET, 'hex'))
  const nonce = Buffer.alloc(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const content = JSON.stringify({ ...USER, data: DATA })
  const sealed = Buffer.concat([cipher.update(content), cipher.final()]).toString('base64')
  const tag = cipher.getAuthTag()
  const token = 'x'.repeat(104)
  return subject(BY_HAND, async () => {
    createHmac('sha256', key).update(token.slice(0, 52)).digest('base64url')
    hash('sha256', token.slice(-44), 'base64url')
    await redis.call(name, args)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAuthTag(tag)
    const opened = decipher.update(Buffer.from(sealed, 'base64'))
    decipher.final()
    return JSON.parse(opened.toString())
  })
}

async function ironSession(): Promise<Subject> {
  const iron = await loadPeer<{
    sealData(data: unknown, options: object): Promise<string>
    unsealData<T>(seal: string, options: object): Promise<T>
  }>('iron-session')
  const options = { password: SECRET, ttl: 3_600 }
  const seal = await iron.sealData({ ...USER, ...DATA }, options)
  return subject(IRON, () => iron.unsealData(seal, options))
}

async function jose(): Promise<Subject> {
  const { SignJWT, jwtVerify } = await loadPeer<{
    SignJWT: new (
      claims: object,
    ) => {
      setProtectedHeader(header: object): {
        setExpirationTime(time: string): { sign(key: Uint8Array): Promise<string> }
      }
    }
    jwtVerify(jwt: string, key: Uint8Array): Promise<{ payload: unknown }>
  }>('jose')
  const key = Buffer.from(SECRET, 'hex')
  const claims = new SignJWT({ ...USER, ...DATA }).setProtectedHeader({ alg: 'HS256' })
  const jwt = await claims.setExpirationTime('1h').sign(key)
  return subject(JOSE, async () => (await jwtVerify(jwt, key)).payload)
}

type Middleware = (request: object, response: object, next: (error?: unknown) => void) => void

/** The middleware on a minimal request and response: only what it reads. */
async function expressSession(url: string, closes: (() => Promise<unknown>)[]): Promise<Subject> {
  const { default: session } = await loadPeer<{ default: (options: object) => Middleware }>(
    'express-session',
  )
  const { RedisStore } = await loadPeer<{ RedisStore: new (options: object) => object }>(
    'connect-redis',
  )
  const { createClient } = await loadPeer<{
    createClient(options: object): {
      connect(): Promise<unknown>
      set(key: string, value: string): Promise<unknown>
      close(): Promise<unknown>
    }
  }>('redis')
  const client = createClient({ url })
  await client.connect()
  closes.push(async () => client.close())
  const id = 'a-session-id-of-32-characters-ok'
  const cookie = { originalMaxAge: 3_600_000, httpOnly: true, path: '/' }
  await client.set(`sess:${id}`, JSON.stringify({ cookie, ...USER, ...DATA }))
  const use = session({
    ...{ secret: SECRET, resave: false, saveUninitialized: false },
    store: new RedisStore({ client }),
  })
  const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')
  const header = `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
  return subject(EXPRESS, () => {
    const request = { url: '/', headers: { cookie: header }, session: undefined }
    const response = Object.assign(new EventEmitter(), { end: () => undefined })
    return new Promise((resolve, reject) => {
      use(request, response, (error) =>
        error === undefined ? resolve(request.session) : reject(error),
      )
    })
  })
}

/** A subject that repeats `run`, and checks that each result is the user's session. */
function subject(name: string, run: () => Promise<unknown>): Subject {
  return {
    name,
    run: (count, concurrency) =>
      repeat(count, concurrency, async () => {
        const found = (await run()) as typeof USER | undefined
        if (found?.userId !== USER.userId) throw new Error(`${name} does not know who it is`)
      }),
  }
}
