import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { cloudflareAddress, rateLimit, session } from 'nearcache/hono'
import { RateLimiter } from 'nearcache/ratelimit'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { SessionUserCache } from 'nearcache/session'
import { describe, expect, test, vi } from 'vitest'
import { createApp } from '../../workers/app.ts'
import { compose } from '../../workers/compose.ts'
import { readEnv } from '../../workers/env.ts'
import { call } from './mailbox.ts'

const LOCAL = 'http://localhost'
const DEMO = { email: 'ada@demo.example', password: 'engine' }
const KEY = 'a'.repeat(64)

const appWith = (changes: Record<string, unknown> = {}) =>
  createApp(compose(readEnv({ ...env, DEMO_LOGIN: 'on', SESSION_KEYS: `k1:${KEY}`, ...changes })))

type App = ReturnType<typeof appWith>

/** A browser with cookies and its own address, so that limits of other tests do not affect it. */
class Device {
  readonly jar = new Map<string, string>()
  readonly #app: App
  readonly #address: string
  static #made = 0

  constructor(app: App, address = `2001:db8:${(++Device.#made).toString(16)}::1`) {
    this.#app = app
    this.#address = address
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    more: HeadersInit = {},
  ): Promise<Response> {
    const headers = new Headers({
      'cf-connecting-ip': this.#address,
      'sec-fetch-site': 'same-origin',
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      ...more,
    })
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    if (cookie !== '') headers.set('cookie', cookie)
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
    const response = await this.#app.request(`${LOCAL}${path}`, init)
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? []
      if (value === '') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return response
  }

  async logIn(body: object = DEMO): Promise<Response> {
    return this.ask('POST', '/sessions', body)
  }
}

interface Listed {
  readonly sessions: readonly { readonly id: string; readonly isCurrent: boolean }[]
}

async function loggedIn(app: App): Promise<Device> {
  const device = new Device(app)
  expect((await device.logIn()).status).toBe(201)
  return device
}

async function listedBy(device: Device): Promise<Listed['sessions']> {
  return (await (await device.ask('GET', '/sessions')).json<Listed>()).sessions
}

describe('logging in', () => {
  test('gives a browser a cookie, and no token', async () => {
    const device = new Device(appWith())
    const response = await device.logIn()

    expect(response.status).toBe(201)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie()[0]).toMatch(
      /^__Host-session=v1\..*; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    const { session } = await response.json<{ session: object }>()
    expect(session).toMatchObject({ state: 'active', device: 'Firefox on Linux' })
    expect(JSON.stringify(session)).not.toContain(device.jar.get('__Host-session'))
  })

  test('gives a program its token, and no cookie', async () => {
    const app = appWith()
    const device = new Device(app)
    const response = await device.logIn({ ...DEMO, as: 'bearer' })
    const { token } = await response.json<{ token: string }>()
    const me = await app.request(`${LOCAL}/me`, { headers: { authorization: `Bearer ${token}` } })

    expect(response.headers.getSetCookie()).toEqual([])
    expect(await me.json()).toMatchObject({ userId: 'demo-ada', isFresh: true })
  })

  test('needs nothing of a browser, as a program has it', async () => {
    const response = await appWith().request(`${LOCAL}/sessions`, {
      method: 'POST',
      body: JSON.stringify({ ...DEMO, as: 'bearer' }),
      headers: { 'cf-connecting-ip': '2001:db8:ffff::1' },
    })

    expect(response.status).toBe(201)
  })

  test("ends the browser's previous session, so that none can be planted", async () => {
    const app = appWith()
    const device = await loggedIn(app)
    const planted = device.jar.get('__Host-session') ?? ''
    await device.logIn()
    const replay = await app.request(`${LOCAL}/me`, {
      headers: { authorization: `Bearer ${planted}` },
    })

    expect(device.jar.get('__Host-session')).not.toBe(planted)
    expect(replay.status).toBe(401)
  })

  test('wrong credentials are refused, and limited by account and address', async () => {
    const device = new Device(appWith())
    const wrong = { email: `${crypto.randomUUID()}@demo.example`, password: 'guess' }
    for (let i = 0; i < 5; i++) expect((await device.logIn(wrong)).status).toBe(401)

    const limited = await device.logIn(wrong)

    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(limited.headers.get('content-type')).toBe('application/problem+json')
    expect((await device.logIn()).status).toBe(201)
  })

  test.each([
    ['no JSON', '{', undefined],
    ['a field that is missing', { email: 'a@b.example' }, 'password'],
    ['one too many', { ...DEMO, admin: true }, 'body'],
  ])('%s is refused with 400', async (_, body, field) => {
    const app = appWith()
    const response =
      typeof body === 'string'
        ? await app.request(`${LOCAL}/sessions`, {
            method: 'POST',
            body,
            headers: { origin: LOCAL },
          })
        : await new Device(app).logIn(body)

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ ...(field && { field }) })
  })

  test('from another site is refused', async () => {
    const device = new Device(appWith())
    const response = await device.ask('POST', '/sessions', DEMO, { 'sec-fetch-site': 'cross-site' })

    expect(response.status).toBe(403)
    expect([...device.jar]).toEqual([])
  })

  test('with the demo account works on localhost alone', async () => {
    const init = {
      method: 'POST',
      body: JSON.stringify(DEMO),
      headers: { origin: 'https://mail.example' },
    }
    const response = await appWith().request('https://mail.example/sessions', init)

    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'demo_local_only' })
  })

  test('is closed, and says why, where nobody can', async () => {
    for (const path of ['/sessions', '/sessions/current', '/me', '/login']) {
      const response = await call(path)

      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({
        detail: expect.stringContaining('AUTHENTICATOR'),
      })
    }
  })
})

describe("a deployment's own authenticator", () => {
  const appBy = (answer: (body: unknown) => Response | Promise<Response>) =>
    appWith({
      DEMO_LOGIN: 'off',
      AUTHENTICATOR: {
        fetch: async (_url: string, init: RequestInit) => answer(JSON.parse(String(init.body))),
      },
    })

  test('is asked, and its account logged in with its permissions', async () => {
    let asked: unknown
    const device = new Device(
      appBy((body) => {
        asked = body
        return Response.json({
          userId: `u-${crypto.randomUUID()}`,
          email: DEMO.email,
          permissions: ['a'],
        })
      }),
    )

    expect((await device.logIn()).status).toBe(201)
    expect(asked).toEqual(DEMO)
    expect(await (await device.ask('GET', '/me')).json()).toMatchObject({ permissions: ['a'] })
  })

  test('that names no permissions any more takes them from the user', async () => {
    const account = { userId: `u-${crypto.randomUUID()}`, email: DEMO.email }
    let permissions: string[] | undefined = ['admin']
    const app = appBy(() => Response.json({ ...account, permissions }))
    const before = await loggedIn(app)
    permissions = undefined

    const after = await loggedIn(app)

    expect(await (await after.ask('GET', '/me')).json()).toMatchObject({ permissions: [] })
    expect(await (await before.ask('GET', '/me')).json()).toMatchObject({ permissions: [] })
  })

  test.each<[string, number, () => Response]>([
    ['refuses', 401, () => new Response(null, { status: 401 })],
    ['fails', 503, () => new Response('broken', { status: 500 })],
    ['answers nonsense', 503, () => Response.json({ user: 'ada' })],
    ['answers a page', 503, () => new Response('<h1>Back soon</h1>')],
    [
      'cannot be reached',
      503,
      () => {
        throw new Error('Network connection lost.')
      },
    ],
  ])('that %s is answered %i', async (_, status, answer) => {
    const email = `${crypto.randomUUID()}@shop.example`

    expect((await new Device(appBy(answer)).logIn({ ...DEMO, email })).status).toBe(status)
  })

  test('that is away for a while costs users none of their attempts', async () => {
    let isAway = true
    const answer = { userId: `u-${crypto.randomUUID()}`, email: DEMO.email }
    const app = appBy(() => (isAway ? new Response(null, { status: 502 }) : Response.json(answer)))
    const credentials = { ...DEMO, email: `${crypto.randomUUID()}@shop.example` }
    const device = new Device(app)
    for (let i = 0; i < 6; i++) expect((await device.logIn(credentials)).status).toBe(503)
    isAway = false

    expect((await device.logIn(credentials)).status).toBe(201)
  })
})

describe('the sessions of a user', () => {
  test('are listed with this one marked, and another is out at once where it matters', async () => {
    const app = appWith()
    const [laptop, phone] = [await loggedIn(app), await loggedIn(app)]
    await phone.ask('GET', '/me')
    const listed = await listedBy(laptop)
    const phoneId = (await listedBy(phone)).find(({ isCurrent }) => isCurrent)?.id

    expect(listed.filter(({ isCurrent }) => isCurrent)).toHaveLength(1)
    expect(listed.map(({ id }) => id)).toContain(phoneId)
    expect((await laptop.ask('DELETE', `/sessions/${phoneId}`)).status).toBe(204)
    expect((await laptop.ask('DELETE', `/sessions/${phoneId}`)).status).toBe(404)
    expect((await phone.ask('GET', '/sessions/current')).status).toBe(401)
    // Within the bound of the fast path the example route still lets it in.
    expect((await phone.ask('GET', '/me')).status).toBe(200)
    phone.jar.delete('__Host-session-fast')
    expect((await phone.ask('GET', '/me')).status).toBe(401)
  })

  test('all but this one end together', async () => {
    const app = appWith()
    const [laptop, phone] = [await loggedIn(app), await loggedIn(app)]

    const answer = await laptop.ask('POST', '/sessions/revoke-others')

    expect((await answer.json<{ revoked: number }>()).revoked).toBeGreaterThanOrEqual(1)
    expect(await listedBy(laptop)).toHaveLength(1)
    expect((await phone.ask('GET', '/sessions/current')).status).toBe(401)
  })

  test('end by logging out, which takes the cookies away', async () => {
    const device = await loggedIn(appWith())
    await device.ask('GET', '/me')

    expect((await device.ask('DELETE', '/sessions/current')).status).toBe(204)
    expect([...device.jar]).toEqual([])
    expect((await device.ask('GET', '/me')).status).toBe(401)
  })

  test('cannot be ended from another site', async () => {
    const device = await loggedIn(appWith())
    const response = await device.ask('DELETE', '/sessions/current', undefined, {
      'sec-fetch-site': 'same-site',
      origin: 'http://localhost:8080',
    })

    expect(response.status).toBe(403)
    expect((await device.ask('GET', '/sessions/current')).status).toBe(200)
  })

  test('of another user are out of reach', async () => {
    const app = appWith()
    const ada = await loggedIn(app)
    const own = (await listedBy(ada)).find(({ isCurrent }) => isCurrent)?.id
    const other = appWith({
      DEMO_LOGIN: 'off',
      AUTHENTICATOR: {
        fetch: async () => Response.json({ userId: 'bob', email: 'bob@shop.example' }),
      },
    })
    const bob = await loggedIn(other)

    expect((await bob.ask('DELETE', `/sessions/${own}`)).status).toBe(404)
    expect((await bob.ask('DELETE', '/sessions/nonsense')).status).toBe(400)
    expect((await ada.ask('GET', '/sessions/current')).status).toBe(200)
  })
})

describe('/me', () => {
  test('is answered without asking Redis, the second time', async () => {
    const device = await loggedIn(appWith())

    expect(await (await device.ask('GET', '/me')).json()).toMatchObject({ isFresh: true })
    expect(await (await device.ask('GET', '/me')).json()).toMatchObject({
      userId: 'demo-ada',
      isFresh: false,
      fastPathBoundMs: 35_000,
    })
  })

  test('asks Redis each time with a fast path of 0s', async () => {
    const device = await loggedIn(appWith({ SESSION_FAST_PATH: '0s' }))

    for (let i = 0; i < 2; i++) {
      const me = await device.ask('GET', '/me')
      expect(await me.json()).toMatchObject({ isFresh: true, fastPathBoundMs: 0 })
    }
  })

  test('returns the permissions of the log-in for as long as the session lives', async () => {
    const device = await loggedIn(appWith({ SESSION_FAST_PATH: '0s' }))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 23 * 3_600_000 })
    try {
      const me = await device.ask('GET', '/me')
      expect(await me.json()).toMatchObject({ permissions: ['mail:read', 'mail:write'] })
    } finally {
      vi.useRealTimers()
    }
  })

  test('ends when its key is dropped, and the browser can log in again', async () => {
    const device = await loggedIn(appWith())
    const keys = { SESSION_KEYS: `k2:${'b'.repeat(64)}` }
    const move = async (changes: object): Promise<Device> => {
      const moved = new Device(appWith({ ...keys, ...changes }))
      for (const [name, value] of device.jar) moved.jar.set(name, value)
      return moved
    }
    const unaware = await move({})
    const aware = await move({ SESSION_RETIRED_KEYS: 'k0,k1' })

    expect((await unaware.ask('GET', '/me')).status).toBe(503)
    expect((await aware.ask('GET', '/me')).status).toBe(401)
    for (const one of [unaware, aware]) {
      expect((await one.logIn()).status).toBe(201)
      expect((await one.ask('GET', '/me')).status).toBe(200)
    }
  })

  test('answers 503 while Redis is away, and a session is neither refused nor forgotten', async () => {
    const device = await loggedIn(appWith())
    const away = {
      idFromName: () => 'id',
      get: () => ({ execute: () => Promise.reject(new Error('away')) }),
    }
    const without = new Device(
      appWith({ REDIS: away, UPSTASH_REDIS_REST_URL: '', UPSTASH_REDIS_REST_TOKEN: '' }),
    )
    for (const [name, value] of device.jar) without.jar.set(name, value)

    const response = await without.ask('GET', '/me')

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(without.jar).toEqual(device.jar)
  })
})

describe('a WebSocket behind the middleware', () => {
  test('is opened, and its response left as it is', async () => {
    const redis = embeddedTransport()
    const sessions = new SessionUserCache({ redis, keys: [{ id: 'k1', secret: KEY }] })
    const limiter = new RateLimiter({
      redis,
      policies: [{ name: 'sockets', by: 'address', limit: 10, window: '1m' }],
    })
    const app = new Hono()
      .use(rateLimit({ limiter, address: cloudflareAddress }), session({ sessions }))
      .get('/', () => {
        const { 0: webSocket, 1: server } = new WebSocketPair()
        server.accept()
        return new Response(null, { status: 101, webSocket })
      })
    const token = await sessions.createSession('user-1', 'ada@shop.example')
    const ask = (site: string) =>
      app.request(LOCAL, {
        headers: {
          upgrade: 'websocket',
          cookie: `__Host-session=${token}`,
          'sec-fetch-site': site,
        },
      })

    const response = await ask('same-origin')

    expect(response.status).toBe(101)
    expect(response.webSocket).not.toBeNull()
    expect((await ask('cross-site')).status).toBe(403)
  })
})

describe('the log-in page', () => {
  test('runs only its own script, and sends requests only to the Worker', async () => {
    const page = await appWith().request(`${LOCAL}/login`)
    const html = await page.text()
    const policy = page.headers.get('content-security-policy') ?? ''
    const [, nonce = ''] = /script-src 'nonce-([^']+)'/.exec(policy) ?? []

    expect(policy).toMatch(/^default-src 'none';/)
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{24}$/)
    expect(html.match(/<(script|style)[^>]*>/g)).toHaveLength(2)
    for (const tag of html.match(/<(script|style)[^>]*>/g) ?? []) {
      expect(tag).toContain(`nonce="${nonce}"`)
    }
    expect(html).not.toMatch(/https?:\/\/|\son\w+=|style=/)
    expect(html).toContain(DEMO.email)
    const next = await appWith().request(`${LOCAL}/login`)
    expect(next.headers.get('content-security-policy')).not.toBe(policy)
  })

  test('shows the demo account on localhost alone', async () => {
    const page = await appWith().request('https://mail.example/login')

    expect(await page.text()).not.toContain(DEMO.email)
  })
})

describe('the environment of sessions', () => {
  test.each([
    ['SESSION_KEYS', { SESSION_KEYS: 'a passphrase' }],
    ['SESSION_KEYS', { SESSION_KEYS: `k1:${KEY},k1:${KEY}` }],
    ['SESSION_KEYS', { SESSION_KEYS: '' }],
    ['SESSION_RETIRED_KEYS', { SESSION_RETIRED_KEYS: 'k1, k2' }],
    ['SESSION_FAST_PATH', { SESSION_FAST_PATH: '61s' }],
    ['SESSION_FAST_PATH', { SESSION_FAST_PATH: '2m' }],
    ['SESSION_FAST_PATH', { SESSION_FAST_PATH: 'soon' }],
    ['AUTHENTICATOR', { AUTHENTICATOR: 'a URL' }],
    ['DEMO_LOGIN', { DEMO_LOGIN: 'perhaps' }],
    ['DEMO_LOGIN', { AUTHENTICATOR: { fetch: () => undefined } }],
  ])('names %s where it is wrong, and no value', (name, changes) => {
    expect(() => appWith(changes)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        problems: [expect.stringMatching(new RegExp(`^${name} `))],
        message: expect.not.stringMatching(/passphrase|aaaa|perhaps|soon|61/),
      }),
    )
  })

  test.each(['60s', '60000ms', '1m', '0s', '1500ms'])('takes a fast path of %s', (fastPath) => {
    expect(() => appWith({ SESSION_FAST_PATH: fastPath })).not.toThrow()
  })
})
