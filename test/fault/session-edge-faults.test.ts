import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type SessionEnv, session, sessionCookie } from '../../src/hono/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../src/redis/embedded/index.ts'
import { SessionUserCache } from '../../src/session/index.ts'
import { ManualPlatform } from '../../src/testing/manual-platform.ts'
import { type Fate, type FaultyRequester, faultyRequester } from '../support/faulty-requester.ts'
import { found } from '../support/findings.ts'

const SITE = 'https://shop.example'
const EMAIL = 'ada.secretive@shop.example'
const USER = 'user-4711-secretive'
const DEADLINE_MS = 500
/** Longer than any wait: the deadline plus the pauses of retries. */
const PATIENCE_MS = 2 * DEADLINE_MS

/** Each way in which Redis can fail. */
const FAULTS: readonly (readonly [name: string, fate: Fate])[] = [
  ['refuses connections', { kind: 'fail', error: refused() }],
  ['hangs', { kind: 'hang' }],
  ['throws what it was sent', { kind: 'fail', error: new Error(`command was: ["${EMAIL}"]`) }],
  ['loses the reply', { kind: 'lose-reply', error: new Error('reset') }],
  ['is loading', answer({ error: 'LOADING Redis is loading the dataset' })],
  ['is out of memory', answer({ error: 'OOM command not allowed' })],
  ['is read only', answer({ error: 'READONLY You cannot write' })],
  ['is busy', answer({ error: 'BUSY Redis is busy running a script' })],
  ['refuses the credentials', answer({ error: 'WRONGPASS invalid' })],
  ['wants credentials', answer({ error: 'NOAUTH Authentication required.' })],
  ['has something else under the name', answer({ error: 'WRONGTYPE Operation against a key' })],
  ['is a cluster elsewhere', answer({ error: 'MOVED 1234 10.0.0.1:6379' })],
  ['crosses slots', answer({ error: 'CROSSSLOT Keys in request' })],
  ['has no scripts', answer({ error: "ERR unknown command 'EVALSHA'" })],
  ['forgets the script each time', answer({ error: 'NOSCRIPT No matching script' })],
  ['has spent its quota', answer({ error: 'ERR max daily request limit exceeded' })],
  ['answers text', answer({ result: 'OK' })],
  ['answers a number', answer({ result: 7 })],
  ['answers an empty list', answer({ result: [] })],
  ['answers lists of lists', answer({ result: [[], [null], 'x'] })],
  ['answers a word of another script', answer({ result: ['granted', 'x', '1'] })],
  ['answers HTML', answer('<html>502</html>')],
  ['answers nothing', answer(undefined)],
  ['answers null', answer(null)],
]

/** The requests to the edge, and their allowed answers while Redis fails. */
const REQUESTS = {
  get: ['GET', '/my/id'],
  'get, sensitive': ['GET', '/my/cart'],
  post: ['POST', '/my/order'],
  rotate: ['POST', '/my/rotate'],
  'log out': ['POST', '/my/logout'],
  'log in': ['POST', '/login'],
  'optional session': ['GET', '/optional'],
} as const

describe('The session middleware, while Redis', () => {
  let platform: ManualPlatform
  let redis: FaultyRequester
  let engine: EmbeddedRedis
  let sessions: SessionUserCache
  let handled: number
  let logged: string[]
  let unhandled: number
  const countUnhandled = (): void => {
    unhandled++
  }

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    redis = faultyRequester(embeddedTransport({ engine }))
    sessions = new SessionUserCache({
      redis,
      platform,
      keys: [{ id: 'k1', secret: '11'.repeat(32) }],
      deadline: DEADLINE_MS,
    })
    handled = 0
    logged = []
    unhandled = 0
    process.on('unhandledRejection', countUnhandled)
  })
  afterEach(() => {
    process.off('unhandledRejection', countUnhandled)
  })

  function app(): Hono {
    const cookie = sessionCookie()
    const made = new Hono()
    const own = new Hono<SessionEnv>()
      .use(session({ sessions, cookie }))
      .get('/id', (c) => {
        handled++
        return c.text(c.var.session.userId)
      })
      .get('/cart', async (c) => {
        const { data } = await c.var.session.fresh()
        handled++
        return c.json(data)
      })
      .post('/order', (c) => {
        handled++
        return c.text('ordered')
      })
      .post('/rotate', async (c) => {
        await c.var.session.rotate()
        return c.text('rotated')
      })
      .post('/logout', async (c) => {
        await c.var.session.destroy()
        return c.body(null, 204)
      })
    made.route('/my', own)
    made.use('/optional', session({ sessions, cookie, required: false }))
    made.get('/optional', (c) => {
      handled++
      return c.text('nobody')
    })
    made.post('/login', async (c) => {
      cookie.set(c, await sessions.openSession(USER, EMAIL))
      return c.body(null, 204)
    })
    made.onError((error, c) => {
      if ('getResponse' in error) return error.getResponse()
      logged.push(`${error.name} ${error.message} ${error.stack} ${JSON.stringify(error)}`)
      const isUnavailable = error.name === 'SessionUnavailableError'
      return c.json({ status: 'unavailable' }, isUnavailable ? 503 : 500)
    })
    return made
  }

  /** Sends a request and lets as much time pass as an answer may take. */
  async function ask(
    method: string,
    path: string,
    cookie: string,
  ): Promise<{ readonly response: Response; readonly tookMs: number }> {
    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    const startedAt = platform.now()
    let tookMs = Number.NaN
    const asked = Promise.resolve(app().request(`${SITE}${path}`, { method, headers })).then(
      (response) => {
        tookMs = platform.now() - startedAt
        return response
      },
    )
    for (let passed = 0; passed < PATIENCE_MS && Number.isNaN(tookMs); passed += 50) {
      await platform.advance(50)
    }
    return { response: await asked, tookMs }
  }

  const cells = FAULTS.flatMap(([name, fate]) =>
    Object.entries(REQUESTS).map(([what, request]) => [name, what, fate, request] as const),
  )

  test.each(cells)('%s: %s is 503 in bounded time', async (_name, what, fate, [method, path]) => {
    const token = await sessions.createSession(USER, EMAIL)
    const cookie = what === 'log in' ? '' : `__Host-session=${token}`
    redis.fate = () => fate

    const { response, tookMs } = await ask(method, path, cookie)

    const text = await response.text()
    expect(response.status).toBe(503)
    expect(tookMs).toBeLessThanOrEqual(DEADLINE_MS + 50)
    expect(handled).toBe(0)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(`${text}${logged}${[...response.headers]}`).not.toMatch(
      /secretive|k1:|__Host-session=v1/,
    )
    expect(`${text}${logged}`).not.toContain(token)
    // As long as the attempts to end a session whose creation was not confirmed.
    await platform.advance(60_000)
    await platform.settle()
    expect(unhandled).toBe(0)

    // Afterwards everything is as before, except for effects of the request itself.
    redis.fate = () => ({ kind: 'pass' })
    await platform.advance(60_000)
    const after = await ask('GET', '/my/id', `__Host-session=${token}`)
    expect(after.response.status).toBe(200)
  })

  test.each(FAULTS)('%s: a fast-path token is honoured inside its bound', async (_name, fate) => {
    const token = await sessions.createSession(USER, EMAIL)
    const first = await ask('GET', '/my/id', `__Host-session=${token}`)
    const [fast = ''] = first.response.headers.getSetCookie()[0]?.split(';') ?? []
    const cookie = `__Host-session=${token}; ${fast}`
    redis.fate = () => fate

    expect((await ask('GET', '/my/id', cookie)).response.status).toBe(200)
    expect((await ask('GET', '/my/cart', cookie)).response.status).toBe(503)
    await platform.advance(sessions.fastPathBoundMs)
    expect((await ask('GET', '/my/id', cookie)).response.status).toBe(503)
  })

  test.each(FAULTS)(
    '%s: a log-out clears the cookies, and reports that the session was not ended',
    async (_name, fate) => {
      const token = await sessions.createSession(USER, EMAIL)
      const first = await ask('GET', '/my/id', `__Host-session=${token}`)
      const [fast = ''] = first.response.headers.getSetCookie()[0]?.split(';') ?? []
      redis.fate = () => fate

      const { response } = await ask('POST', '/my/logout', `__Host-session=${token}; ${fast}`)

      expect(response.status).toBe(503)
      expect(response.headers.getSetCookie().map((text) => /Max-Age=0/.test(text))).toEqual([
        true,
        true,
      ])
    },
  )

  test('is slow but within the deadline, the middleware waits for it', async () => {
    const token = await sessions.createSession(USER, EMAIL)
    const inner = redis.request.bind(redis)
    redis.request = async (request) => {
      await platform.delay(DEADLINE_MS - 100)
      return inner(request)
    }

    const { response, tookMs } = await ask('GET', '/my/id', `__Host-session=${token}`)

    expect(response.status).toBe(200)
    expect(tookMs).toBe(DEADLINE_MS - 100)
  })

  test('answers, malformed ids cause no request to it', async ({ task }) => {
    const token = await sessions.createSession(USER, EMAIL)
    const texts = [
      ...Array.from({ length: token.length }, (_, i) => token.slice(0, i)),
      // Not the key id: an unknown key may be a matter of the deployment (503).
      ...Array.from({ length: token.length - 60 }, (_, i) => flip(token, i)).filter((text) =>
        text.startsWith('v1.k1.'),
      ),
      `${token}A`,
      token.toLowerCase(),
      '%00',
      '__proto__',
      'a'.repeat(4_000),
      '*',
    ]
    const before = redis.requests.length
    const statuses = new Set<number>()
    for (const text of texts) {
      statuses.add((await ask('GET', '/my/id', `__Host-session=${text}`)).response.status)
    }

    found(task, 'malformed ids at the edge', {
      tried: texts.length,
      'requests to Redis': redis.requests.length - before,
    })
    expect([...statuses]).toEqual([401])
    expect(redis.requests).toHaveLength(before)
  })

  test('is dumped after all of this, the dump contains nothing readable of the user', async () => {
    await ask('POST', '/login', '')
    const token = await sessions.createSession(USER, EMAIL)
    await ask('POST', '/my/rotate', `__Host-session=${token}`)
    const keys = engine.execute(['KEYS', '*']).result as string[]
    const dump = keys.map((key) => `${key} ${JSON.stringify(dumpOf(engine, key))}`).join('\n')

    expect(keys.length).toBeGreaterThan(2)
    expect(dump).not.toMatch(/secretive|4711|shop\.example/)
    expect(dump).not.toContain(token.slice(-40))
  })
})

function dumpOf(engine: EmbeddedRedis, key: string): unknown {
  const type = engine.execute(['TYPE', key]).result
  if (type === 'hash') return engine.execute(['HGETALL', key]).result
  if (type === 'zset') return engine.execute(['ZRANGE', key, 0, -1, 'WITHSCORES']).result
  if (type === 'list') return engine.execute(['LRANGE', key, 0, -1]).result
  return engine.execute(['GET', key]).result
}

function answer(reply: unknown): Fate {
  return { kind: 'answer', answer: reply }
}

function flip(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}

function refused(): Error {
  return Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }),
  })
}
