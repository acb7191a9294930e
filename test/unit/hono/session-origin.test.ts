import { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import { refuseCrossSite, type SessionOptions } from '../../../src/hono/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type Cart, MemoryGate } from './memory-gate.ts'
import { Browser, bearer, SITE, shopWith } from './shop.ts'

let sessions: MemoryGate

beforeEach(() => {
  sessions = new MemoryGate(new ManualPlatform())
})

const shop = (options: Partial<SessionOptions<Cart>> = {}) => shopWith(sessions, options)

describe('requests from other sites', () => {
  const from = (headers: Record<string, string>, options: Partial<SessionOptions<Cart>> = {}) =>
    new Browser(shop(options), sessions.logIn().token).post('/my/order', headers)

  test.each<[string, Record<string, string>, number]>([
    ['of its own origin', { 'sec-fetch-site': 'same-origin' }, 200],
    ['typed by the user', { 'sec-fetch-site': 'none' }, 200],
    ['of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['of a subdomain', { 'sec-fetch-site': 'same-site', origin: 'https://a.shop.example' }, 403],
    ['that lies in Origin', { 'sec-fetch-site': 'cross-site', origin: SITE }, 403],
  ])('%s: %j is answered with %i', async (_, headers, status) => {
    expect((await from(headers)).status).toBe(status)
  })

  test.each<[string, string | undefined, number]>([
    ['its own origin', SITE, 200],
    ['another origin', 'https://evil.example', 403],
    ['no origin that may be told', 'null', 403],
    ['none at all', undefined, 403],
  ])(
    'without Sec-Fetch-Site: a request from %s (%s) is answered with %i',
    async (_, origin, status) => {
      const headers = {
        cookie: `__Host-session=${sessions.logIn().token}`,
        ...(origin && { origin }),
      }
      const response = await shop().request(`${SITE}/my/order`, { method: 'POST', headers })

      expect(response.status).toBe(status)
    },
  )

  test('are refused with problem details, without a request to Redis', async () => {
    const response = await from({ 'sec-fetch-site': 'cross-site' })

    expect(await response.json()).toMatchObject({ status: 403, code: 'cross_site' })
    expect(sessions.asked).toEqual([])
  })

  test('are admitted from a trusted origin', async () => {
    const origin = 'https://admin.example'
    const headers = { 'sec-fetch-site': 'cross-site', origin }

    expect((await from(headers, { trustedOrigins: [origin] })).status).toBe(200)
  })

  test('with a bearer token are admitted, because no browser sends one by itself', async () => {
    const { token } = sessions.logIn()
    const response = await shop().request('/my/order', { method: 'POST', ...bearer(token) })

    expect(response.status).toBe(200)
  })

  test('may read, but may not open a WebSocket', async () => {
    const browser = new Browser(shop(), sessions.logIn().token)
    const headers = { 'sec-fetch-site': 'cross-site' }

    expect((await browser.ask('/my/id', { headers })).status).toBe(200)
    const upgrade = { headers: { ...headers, upgrade: 'websocket' } }
    expect((await browser.ask('/my/id', upgrade)).status).toBe(403)
  })

  test('are refused by refuseCrossSite on routes without a session', async () => {
    const app = new Hono().use(refuseCrossSite()).post('/login', (c) => c.body(null, 204))
    const post = (headers: Record<string, string>) =>
      app.request(`${SITE}/login`, { method: 'POST', headers })

    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post({ origin: SITE })).status).toBe(204)
    expect((await post({})).status).toBe(204)
    expect((await post({ cookie: 'theme=dark' })).status).toBe(403)
    expect((await post({ origin: 'null' })).status).toBe(403)
  })

  test.each(['https://a.example/', 'https://a.example/path', 'a.example', 'https://a.example:443'])(
    'an invalid trusted origin %j is refused when the middleware is created',
    (origin) => {
      expect(() => shop({ trustedOrigins: [origin] })).toThrow(InvalidOptionError)
    },
  )

  test('a misspelled option is refused when the middleware is created', () => {
    expect(() => shop({ requirefresh: true } as never)).toThrow(InvalidOptionError)
    expect(() => refuseCrossSite({ trusted: [] } as never)).toThrow(InvalidOptionError)
  })
})
