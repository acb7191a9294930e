/**
 * A Worker that waits for an origin in every part that uses the cache.
 *
 * @module
 */

import {
  CachedEmailRepository,
  type D1Like,
  migrate,
  type SqlDriver,
  toSqlDriver,
} from '../../src/email/index.ts'
import { cacheHandler, cachingProxy } from '../../src/http/index.ts'
import { RedisCacheManager, restTransport } from '../../src/index.ts'
import { LLMResponseCache } from '../../src/llm/index.ts'
import { CacheMonitor, RedisFigures } from '../../src/monitor/index.ts'
import { SessionUserCache } from '../../src/session/index.ts'
import { createCacheMiddleware } from '../../src/trpc/index.ts'

interface Env {
  readonly REDIS: string
  readonly ORIGIN: string
  readonly DB: D1Like
}

type Way = (url: URL, method: string, request: Request) => Promise<unknown>

/** The handlers, by the first part of the path. */
function waysOf({ REDIS: url, ORIGIN, DB }: Env): Readonly<Record<string, Way>> {
  const redis = restTransport({ url, token: 'endpoint-token' })
  const cache = new RedisCacheManager({ redis, deadline: '20s' })
  const breaker = { threshold: 1, cooldownMs: 1 }
  const frail = new RedisCacheManager({ redis, deadline: '1s', retries: 0, breaker })
  const origin = async (): Promise<Response> => fetch(ORIGIN)
  const text = async (): Promise<string> => (await origin()).text()
  const handler = cacheHandler(origin, { cache: cache.namespace('http') })
  const proxy = cachingProxy({ origin: ORIGIN, cache: cache.namespace('proxy') })
  const trpc = createCacheMiddleware({ cache, scope: 'public', tags: ['all'] })
  const emails = new CachedEmailRepository({
    db: heldDatabase(toSqlDriver(DB), text),
    cache,
    consistency: 'eventual',
  })
  const monitor = new CacheMonitor({
    cache,
    figures: new RedisFigures({ cache }),
    memoryLimitBytes: 1,
    rules: { memory: { firesAt: 50, resolvesAt: 50 } },
    notify: async () => void (await origin()),
  })
  const keys = [{ id: 'k1', secret: '5e'.repeat(32) }]
  const sessions = new SessionUserCache({ redis, keys, deadline: '20s' })
  const answers = new LLMResponseCache({ cache, maxAnswerChars: 6 })
  /** A model that continues when the origin answers; more than `one` and `two` is too long to store. */
  async function* parts(): AsyncIterable<string> {
    yield 'one'
    for (const next of ['too much', 'end']) yield (await text()) && next
  }
  /** An answer of three parts; slow clients get none of them before the origin has answered. */
  const streamed = async ({ pathname: prompt, search }: URL): Promise<Response> => {
    const read = await answers.getOrStream({ prompt, model: 'm' }, parts)
    const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
      const part = await read.parts.next()
      if (part.done) return controller.close()
      controller.enqueue(new TextEncoder().encode(part.value))
      if (search === '?slow') await text()
    }
    const cancel = async (): Promise<void> => void (await read.parts.return?.())
    return new Response(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }))
  }
  return {
    turn: async () => '',
    getOrSet: ({ pathname }) => cache.getOrSet(pathname, text),
    getOrSetMany: async ({ pathname }) => {
      const values = await cache.getOrSetMany(
        [pathname],
        async () => new Map([[pathname, await text()]]),
      )
      return values.get(pathname)
    },
    llm: streamed,
    proxy: (_url, _method, request) => proxy(request),
    http: ({ href }, method) => handler(new Request(href, { method })),
    trpc: async ({ pathname: path }, method) => {
      const type = method === 'GET' ? 'query' : 'mutation'
      const next = async () => ({ ok: true, data: await text() })
      const through = type === 'query' ? trpc : trpc.invalidates(['all'])
      return (await through({ type, path, ctx: {}, input: null, rawInput: null, next })).data
    },
    set: async ({ pathname }, method) =>
      method === 'GET' ? cache.get(pathname) : cache.set(pathname, 'the value'),
    told: ({ pathname }) => {
      if (pathname === '/told/cleared') return emails.clearCache()
      return emails.notifyChanged(pathname === '/told/named' ? { ids: ['held'] } : {})
    },
    checked: async () => {
      await cache.set('a', 'some memory')
      await monitor.performHealthCheck()
    },
    resolved: () => monitor.resolveAlert('memory'),
    role: async ({ pathname }, method) => {
      if (method === 'PUT') return sessions.changePermissions(pathname, ['read'])
      if (method === 'POST') return sessions.cacheUserData(pathname, 'admin')
      return sessions.getCachedUserData(pathname)
    },
    mail: async ({ searchParams }, method) => {
      const filter = searchParams.has('unread') ? { isRead: false } : {}
      if (method === 'GET') {
        return (await emails.queryEmails(filter)).emails.map((one) => one.subject)
      }
      return emails.createEmail({
        subject: 'Hello',
        senderEmail: 'ada@shop.example',
        receivedAt: '2026-03-01T09:00:00Z',
      })
    },
    circuit: async ({ pathname }) => {
      await frail.get(pathname)
      return frail.redis.circuit
    },
    migrate: () => migrate(toSqlDriver(DB)),
  }
}

/** A database that waits for the origin before it answers: after a write, and when `held` is queried. */
function heldDatabase(driver: SqlDriver, origin: () => Promise<unknown>): SqlDriver {
  return {
    all: async (sql, params) => {
      if (String(params).includes('held')) await origin()
      return driver.all(sql, params)
    },
    run: (sql, params) => driver.run(sql, params),
    batch: async (statements) => {
      const rows = await driver.batch(statements)
      if (statements.some(({ sql }) => /^insert/i.test(sql))) await origin()
      return rows
    },
  }
}

let ways: ReturnType<typeof waysOf> | undefined

/** The Worker's `fetch`. */
export async function answer(request: Request, env: Env): Promise<Response> {
  ways ??= waysOf(env)
  const url = new URL(request.url)
  const [, name = ''] = url.pathname.split('/')
  const told = await ways[name]?.(url, request.method, request)
  return told instanceof Response ? told : new Response(String(told))
}
