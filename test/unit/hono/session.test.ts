import { type Context, Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import {
  CircuitOpenError,
  InvalidOptionError,
  SessionUnavailableError,
} from '../../../src/errors.ts'
import {
  cloudflareAddress,
  GUESS_POLICIES,
  type RequestSession,
  requireFresh,
  type SessionOptions,
  session,
  sessionCookie,
} from '../../../src/hono/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { limitsUnderTest } from '../ratelimit/limits.ts'
import { type Cart, FAST_MS, LIFE_MS, MemoryGate, SKEW_MS } from './memory-gate.ts'
import { Browser, bearer, shopWith } from './shop.ts'

const AWAY = new SessionUnavailableError('validate', 'unreachable')

let platform: ManualPlatform
let sessions: MemoryGate

beforeEach(() => {
  platform = new ManualPlatform()
  sessions = new MemoryGate(platform)
})
afterEach(() => {
  vi.useRealTimers()
})

const shop = (options: Partial<SessionOptions<Cart>> = {}) => shopWith(sessions, options)

test('the middleware throws when it is created without `sessions`', () => {
  expect(() => session({} as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'sessions' }),
  )
})

describe('a request without a valid session', () => {
  test.each([
    ['no credential', {}, 'session_required'],
    ['another scheme', { headers: { authorization: 'Basic dG9rZW4tMQ==' } }, 'session_required'],
    ['a malformed token', bearer('nonsense'), 'session_invalid'],
    ['an unknown token', bearer('token-999'), 'session_invalid'],
  ])('with %s gets 401 as problem details', async (_, init, code) => {
    const response = await shop().request('/my/id', init)

    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ status: 401, code })
  })

  test.each(['absent', 'expired', 'revoked', 'superseded', 'tampered'] as const)(
    'whose session is %s gets the same response as any other ended session',
    async (reason) => {
      const { token } = sessions.logIn()
      sessions.refuse(token, reason)

      const response = await new Browser(shop(), token).ask('/my/id')

      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ code: 'session_invalid' })
    },
  )

  test('whose session lacks the second factor gets session_pending, and never a fast-path token', async () => {
    const { token } = sessions.logIn({ state: 'pending' })
    const refused = await new Browser(shop(), token).ask('/my/id')
    const browser = new Browser(shop({ allow: ['pending', 'active'] }), token)

    expect(await refused.json()).toMatchObject({ code: 'session_pending' })
    expect((await browser.ask('/my/id')).status).toBe(200)
    expect([...browser.jar.keys()]).toEqual(['__Host-session'])
  })

  test('is admitted with `required: false`, except with a refused bearer token', async () => {
    const app = new Hono()
      .use(session<Cart>({ sessions, required: false }))
      .get('/', (c) => c.text(c.var.session?.userId ?? 'nobody'))
    const { token } = sessions.logIn()

    expect(await (await app.request('/')).text()).toBe('nobody')
    expect(await (await new Browser(app, 'token-999').ask('/')).text()).toBe('nobody')
    expect(await (await new Browser(app, token).ask('/')).text()).toBe('user-1')
    expect((await app.request('/', bearer('token-999'))).status).toBe(401)
  })

  test('is refused by requireFresh even below `required: false`', async () => {
    const handler = vi.fn((c: Context) => c.body(null))
    const app = new Hono()
      .use(session({ sessions, required: false }))
      .get('/', requireFresh(), handler)

    const response = await app.request('/')

    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'session_required' })
    expect(handler).not.toHaveBeenCalled()
  })

  test('causes no I/O if its token is malformed', async () => {
    for (const token of ['', 'x', 'v1.k.%00', '../../etc', 'é', 'a'.repeat(5_000)]) {
      await new Browser(shop(), token).ask('/my/id')
    }

    expect(sessions.asked).toEqual([])
  })
})

describe('while Redis is unreachable', () => {
  const failing = (error: SessionUnavailableError): void => {
    sessions.failure = error
  }

  test.each<[string, RequestInit | undefined]>([
    ['a cookie', undefined],
    ['a bearer token', bearer('token-1')],
  ])('a request with %s gets 503, not 401, and its cookie is not deleted', async (_, init) => {
    const { token } = sessions.logIn()
    failing(AWAY)
    const app = shop()

    const response = init
      ? await app.request('/my/id', init)
      : await new Browser(app, token).ask('/my/id')

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await response.json()).toMatchObject({ code: 'session_unavailable' })
  })

  test('a request with a session cookie is not treated as anonymous with `required: false`', async () => {
    const { token } = sessions.logIn()
    failing(AWAY)
    const app = new Hono()
      .use(session<Cart>({ sessions, required: false }))
      .get('/', (c) => c.text('nobody'))

    expect((await new Browser(app, token).ask('/')).status).toBe(503)
    expect((await app.request('/')).status).toBe(200)
  })

  test('an open circuit sets Retry-After', async () => {
    const { token } = sessions.logIn()
    failing(new SessionUnavailableError('validate', 'unreachable', new CircuitOpenError(2_400)))

    const response = await new Browser(shop(), token).ask('/my/id')

    expect(response.headers.get('retry-after')).toBe('3')
  })

  test('the fast path works within its bound, and sensitive routes get 503', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    await browser.ask('/my/id')
    failing(AWAY)

    expect((await browser.ask('/my/id')).status).toBe(200)
    expect((await browser.ask('/my/cart')).status).toBe(503)
    expect((await browser.ask('/my/secret')).status).toBe(503)
    await platform.advance(FAST_MS)
    expect((await browser.ask('/my/id')).status).toBe(503)
  })

  test('logging out deletes the cookies and answers 503', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    await browser.ask('/my/id')
    failing(AWAY)

    const response = await browser.post('/my/logout')

    expect(response.status).toBe(503)
    expect([...browser.jar.keys()]).toEqual([])
  })

  test('logging out deletes the cookies even if the app handles the error', async () => {
    const app = shop().onError((_error, c) => c.text('an answer of the app', 503))
    const browser = new Browser(app, sessions.logIn().token)
    await browser.ask('/my/id')
    failing(AWAY)

    await browser.post('/my/logout')

    expect([...browser.jar.keys()]).toEqual([])
  })

  test('an error that is not a session error reaches the app as the same object', async () => {
    const own = new Error('own')
    let seen: unknown
    const broken = Object.assign(new MemoryGate(platform), {
      validate: () => Promise.reject(own),
    })
    const app = shop({ sessions: broken }).onError((error, c) => {
      seen = error
      return c.text('', 500)
    })

    await new Browser(app, 'token-1').ask('/my/id')

    expect(seen).toBe(own)
  })
})

describe('the fast path', () => {
  test('validates a session once within its lifetime, and applies to that session only', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    for (let i = 0; i < 20; i++) await browser.ask('/my/id')

    expect(sessions.asked).toHaveLength(1)
    browser.jar.set('__Host-session', sessions.logIn().token)
    await browser.ask('/my/id')
    expect(sessions.asked).toHaveLength(2)
  })

  test('applies a permission change within its bound, and at once on a sensitive route', async () => {
    const { token } = sessions.logIn()
    const browser = new Browser(shop(), token)
    await browser.ask('/my/rights')
    sessions.change(token, { permissions: [] })
    await platform.advance(FAST_MS - 1)

    expect(await (await browser.ask('/my/rights')).json()).toEqual(['mail:read'])
    expect(sessions.fastPathBoundMs).toBe(FAST_MS + SKEW_MS)
    await browser.ask('/my/secret')
    expect(await (await browser.ask('/my/rights')).json()).toEqual([])
  })

  test('refuses a revoked session within its bound, and at once on a sensitive route', async () => {
    const { token } = sessions.logIn()
    const browser = new Browser(shop(), token)
    await browser.ask('/my/id')
    sessions.refuse(token, 'revoked')

    expect((await browser.ask('/my/secret')).status).toBe(401)
    expect((await browser.ask('/my/cart')).status).toBe(401)
    await platform.advance(sessions.fastPathBoundMs)
    expect((await browser.ask('/my/id')).status).toBe(401)
  })

  test('fresh() asks Redis once, however often a handler calls it, and knows no less than a rotation', async () => {
    const { token } = sessions.logIn()
    const both = vi.fn()
    const app = new Hono()
      .use(session<Cart>({ sessions }))
      .get('/twice', async (c) => {
        const { session: own } = c.var
        both(...(await Promise.all([own.fresh(), own.fresh()])))
        return c.body(null)
      })
      .get('/rotated', async (c) => {
        const { session: own } = c.var
        const [, { session: next }] = await Promise.all([own.fresh(), own.rotate()])
        return c.json([(await own.fresh()).id, next.id])
      })
    const browser = new Browser(app, token)
    await browser.ask('/none')

    await browser.ask('/twice')
    expect(both.mock.lastCall?.[0]).toBe(both.mock.lastCall?.[1])
    expect(sessions.asked).toEqual([`validate ${token}`, `validate ${token}`])

    const [after, next] = await (await browser.ask('/rotated')).json()
    expect(after).toBe(next)
  })

  test.each<[string, () => Partial<SessionOptions<Cart>>]>([
    ['its time is 0', () => ({ sessions: new MemoryGate(platform, 0) })],
    ['requireFresh is set', () => ({ requireFresh: true })],
  ])('is not used if %s', async (_, options) => {
    const given = options()
    const gate = (given.sessions ?? sessions) as MemoryGate
    const browser = new Browser(shop(given), gate.logIn().token)
    for (let i = 0; i < 3; i++) {
      expect(await (await browser.ask('/my/id')).json()).toMatchObject({ fresh: true })
    }

    expect(gate.asked).toHaveLength(3)
  })

  test('sets a private Cache-Control, unless the handler sets its own', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    const controlOf = async (path: string): Promise<string | null> =>
      (await browser.ask(path)).headers.get('cache-control')

    expect(await controlOf('/my/id')).toBe('no-store')
    expect(await controlOf('/my/id')).toBe('private, no-cache')
    expect(await controlOf('/my/raw')).toBe('private, no-cache')
    expect(await controlOf('/my/logo')).toBe('public, max-age=60')
  })

  test('validates the session in Redis if the fast-path token is not valid', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    browser.jar.set('__Host-session-fast', 'f1.k1.zzz.AAAA')

    expect((await browser.ask('/my/id')).status).toBe(200)
    expect(sessions.asked).toHaveLength(1)
  })

  test('reaches the browser also where the handler makes its own response', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    const response = await browser.ask('/my/raw')

    expect(browser.jar.has('__Host-session-fast')).toBe(true)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('cookies', () => {
  test('have the prefix __Host- and secure attributes, less than 4096 bytes, and no-store responses', async () => {
    const cookie = sessionCookie()
    const app = new Hono().post('/login', (c) => {
      cookie.set(c, sessions.logIn())
      return c.body(null, 204)
    })
    const logIn = await app.request('/login', { method: 'POST' })
    const use = await new Browser(shop(), sessions.logIn().token).ask('/my/id')

    for (const response of [logIn, use]) {
      expect(response.headers.get('cache-control')).toBe('no-store')
      for (const text of response.headers.getSetCookie()) {
        const [pair = '', ...attributes] = text.split('; ')
        expect(pair).toMatch(/^__Host-session(-fast)?=/)
        expect(pair.length).toBeLessThan(4_096)
        expect(new Set(attributes)).toEqual(
          new Set([
            expect.stringMatching(/^Max-Age=\d+$/),
            'Path=/',
            'HttpOnly',
            'Secure',
            'SameSite=Lax',
          ]),
        )
      }
    }
    expect(logIn.headers.getSetCookie()[0]).toContain(`Max-Age=${LIFE_MS / 1_000};`)
    expect(use.headers.getSetCookie()[0]).toContain(`Max-Age=${(FAST_MS + SKEW_MS) / 1_000};`)
  })

  test('are Partitioned only with the options `partitioned` and SameSite=None', async () => {
    const cookie = sessionCookie({ name: '__Host-shop', sameSite: 'None', partitioned: true })
    const app = new Hono().get('/', (c) => {
      cookie.set(c, sessions.logIn())
      return c.body(null)
    })

    const [text] = (await app.request('/')).headers.getSetCookie()

    expect(text).toMatch(/^__Host-shop=.*; SameSite=None.*; Partitioned/)
  })

  test.each([
    ['cookie.name', { name: 'session' }],
    ['cookie.name', { name: '__Host-a b' }],
    ['cookie.name', { name: `__Host-${'a'.repeat(58)}` }],
    ['cookie.sameSite', { sameSite: 'lax' as 'Lax' }],
    ['cookie.partitioned', { partitioned: true }],
  ])('are refused with a bad %s', (option, options) => {
    expect(() => sessionCookie(options)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })

  test('are both deleted by logging out', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    await browser.ask('/my/id')
    await platform.advance(FAST_MS)

    const response = await browser.post('/my/logout')

    expect(response.status).toBe(204)
    expect([...browser.jar]).toEqual([])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('rotation', () => {
  test('gives the browser the new token and drops the fast path of the old one', async () => {
    const { token } = sessions.logIn()
    const browser = new Browser(shop(), token)
    await browser.ask('/my/id')

    await browser.post('/my/rotate')

    expect(browser.jar.get('__Host-session')).not.toBe(token)
    expect(browser.jar.has('__Host-session-fast')).toBe(false)
    expect((await browser.ask('/my/id')).status).toBe(200)
  })

  test('reaches the browser also where the handler makes its own response', async () => {
    const { token } = sessions.logIn()
    await sessions.rotate(token)
    const browser = new Browser(shop(), token)

    await browser.ask('/my/raw')

    expect(browser.jar.get('__Host-session')).toBe('token-2')
  })

  test('does not override the cookie of a handler that logs a user in', async () => {
    const cookie = sessionCookie()
    const app = new Hono().use(session<Cart>({ sessions, cookie })).post('/', (c) => {
      cookie.set(c, sessions.logIn())
      return c.body(null, 204)
    })
    const browser = new Browser(app, sessions.logIn().token)

    await browser.post('/')

    expect([...browser.jar]).toEqual([['__Host-session', 'token-2']])
  })

  test('gives the browser the new token also where a handler asks Redis after the fast path', async () => {
    const { token } = sessions.logIn()
    const app = new Hono()
      .use(session<Cart>({ sessions }))
      .get('/', (c) => c.body(null))
      .get('/fresh', requireFresh(), async (c) => {
        const twice = await Promise.all([c.var.session.fresh(), c.var.session.fresh()])
        return c.json(twice.map(({ isSuperseded }) => isSuperseded))
      })
    const browser = new Browser(app, token)
    await browser.ask('/') // gets a fast-path token
    const { token: next } = await sessions.rotate(token)

    const response = await browser.ask('/fresh')

    expect(await response.json()).toEqual([false, false])
    expect(browser.jar.get('__Host-session')).toBe(next)
    expect((await browser.ask('/')).status).toBe(200)
  })

  test('gives two tabs with the old token the same new token within the overlap', async () => {
    const { token } = sessions.logIn()
    await sessions.rotate(token)
    const tabs = [new Browser(shop(), token), new Browser(shop(), token)]

    const answers = await Promise.all(tabs.map((tab) => tab.ask('/my/id')))

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const tokens = tabs.map(({ jar }) => jar.get('__Host-session'))
    expect(tokens[0]).not.toBe(token)
    expect(tokens[0]).toBe(tokens[1])
  })
})

describe('guesses', () => {
  test('of tokens are limited by address, and valid sessions are not affected', async () => {
    const world = limitsUnderTest()
    const limiter = world.limiter({ policies: GUESS_POLICIES })
    const app = shop({ guesses: { limiter, address: cloudflareAddress } })
    const guess = (token: string, address: string) =>
      app.request('/my/id', {
        headers: { authorization: `Bearer ${token}`, 'cf-connecting-ip': address },
      })
    const statuses: number[] = []
    for (let i = 100; i < 140; i++) {
      statuses.push((await guess(`token-${i}`, `2001:db8::${i}`)).status)
    }

    expect(statuses).toEqual([...Array(30).fill(401), ...Array(10).fill(429)])
    // A valid session from the same network is still admitted.
    const { token } = sessions.logIn()
    expect((await guess(token, '2001:db8::1')).status).toBe(200)
    expect((await guess('token-99', '192.0.2.1')).status).toBe(401)
    await guess('malformed', '192.0.2.1')
    expect(limiter.counts).toMatchObject({ redis: 32 })
  })
})

describe('types', () => {
  test('give handlers the type of the session', () => {
    new Hono().use(session<Cart>({ sessions })).get('/', async (c) => {
      expectTypeOf(c.var.session).toEqualTypeOf<RequestSession<Cart>>()
      expectTypeOf((await c.var.session.fresh()).data).toEqualTypeOf<Readonly<Cart>>()
      return c.body(null)
    })
    new Hono().use(session<Cart>({ sessions, required: false })).get('/', (c) => {
      expectTypeOf(c.var.session).toEqualTypeOf<RequestSession<Cart> | undefined>()
      return c.body(null)
    })
  })

  test('the option `touch` is passed to `validate`', async () => {
    await new Browser(shop({ touch: false }), sessions.logIn().token).ask('/my/id')

    expect(sessions.asked).toEqual(['validate token-1 untouched'])
  })
})
