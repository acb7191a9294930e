import { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { type SessionEnv, session, sessionCookie } from '../../../src/hono/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { SessionUserCache } from '../../../src/session/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Browser, bearer, SITE, shopWith } from './shop.ts'

interface Cart {
  readonly items: number
}

const FAST_MS = 30_000
const OVERLAP_MS = 20_000

let platform: ManualPlatform
let sessions: SessionUserCache<{ readonly items: number }>

beforeEach(() => {
  platform = new ManualPlatform()
  sessions = new SessionUserCache({
    redis: embeddedTransport({ platform }),
    platform,
    keys: [{ id: 'k1', secret: '11'.repeat(32) }],
    fastPath: FAST_MS,
    overlap: OVERLAP_MS,
  })
})

const logIn = (data: Cart = { items: 2 }): Promise<string> =>
  sessions.createSession('user-1', 'ada@shop.example', { data })

/** The numbers of requests and commands sent to Redis during an action. */
async function sent(action: () => Promise<unknown>): Promise<readonly [number, number]> {
  const { requests, commands } = sessions.redis.counts
  await action()
  const { counts } = sessions.redis
  return [counts.requests - requests, counts.commands - commands]
}

describe('A SessionUserCache behind the session middleware', () => {
  test('costs one command a request; none on the fast path and for malformed ids', async () => {
    const browser = new Browser(shopWith(sessions), await logIn())
    const ask = (path: string) => () => browser.ask(path)
    await sent(ask('/my/id')) // loads the script into Redis

    browser.jar.delete('__Host-session-fast')
    expect(await sent(ask('/my/id'))).toEqual([1, 1])
    expect(await sent(ask('/my/id'))).toEqual([0, 0])
    expect(await sent(ask('/my/cart'))).toEqual([1, 1])
    browser.jar.set('__Host-session', 'malformed')
    expect(await sent(ask('/my/id'))).toEqual([0, 0])
  })

  test('applies a permission change within the fast-path bound, and at once on a sensitive route', async () => {
    await sessions.cacheUserPermissions('user-1', ['mail:read'])
    const browser = new Browser(shopWith(sessions), await logIn())
    await browser.ask('/my/rights')
    await sessions.cacheUserPermissions('user-1', [])

    expect(await (await browser.ask('/my/rights')).json()).toEqual(['mail:read'])
    await browser.ask('/my/secret')
    expect(await (await browser.ask('/my/rights')).json()).toEqual([])
  })

  test.each(['revokeAll', 'destroySession'] as const)(
    '%s takes effect within the fast-path bound, and at once on a sensitive route',
    async (how) => {
      const token = await logIn()
      const browser = new Browser(shopWith(sessions), token)
      await browser.ask('/my/id')
      await sessions[how](how === 'revokeAll' ? 'user-1' : token)

      expect((await browser.ask('/my/secret')).status).toBe(401)
      expect((await browser.ask('/my/id')).status).toBe(200)
      await platform.advance(sessions.fastPathBoundMs)
      expect((await browser.ask('/my/id')).status).toBe(401)
    },
  )

  test('gives all tabs the same new token within the overlap, and refuses the old token after it', async () => {
    const token = await logIn()
    const tabs = [1, 2, 3].map(() => new Browser(shopWith(sessions), token))
    const late = new Browser(shopWith(sessions), token)

    const statuses = await Promise.all(
      tabs.map(async (tab) => (await tab.post('/my/rotate')).status),
    )
    const tokens = new Set(tabs.map(({ jar }) => jar.get('__Host-session')))

    expect(statuses).toEqual([200, 200, 200])
    expect(tokens.size).toBe(1)
    expect(tokens).not.toContain(token)
    expect((await late.ask('/my/id')).status).toBe(200)
    expect(tokens).toContain(late.jar.get('__Host-session'))
    await platform.advance(OVERLAP_MS)
    expect((await new Browser(shopWith(sessions), token).ask('/my/id')).status).toBe(401)
    expect((await late.ask('/my/cart')).status).toBe(200)
  })

  test('admits a pending session only to routes that allow it, until the second factor activates it', async () => {
    const cookie = sessionCookie()
    const app = new Hono<SessionEnv<Cart>>()
      .post('/factor', session<Cart>({ sessions, cookie, allow: ['pending'] }), async (c) => {
        cookie.set(c, await sessions.activateSession(c.var.session.token))
        return c.body(null, 204)
      })
      .get('/mail', session<Cart>({ sessions, cookie }), (c) => c.text(c.var.session.userId))
    const token = await sessions.createSession('user-1', 'ada@shop.example', { state: 'pending' })
    const browser = new Browser(app, token)

    expect((await browser.ask('/mail')).status).toBe(401)
    expect((await browser.post('/factor')).status).toBe(204)
    expect(await (await browser.ask('/mail')).text()).toBe('user-1')
    // The old token has ended, and an active session is not admitted where only pending ones are.
    expect((await app.request(`${SITE}/mail`, bearer(token))).status).toBe(401)
    expect((await browser.post('/factor')).status).toBe(401)
  })

  test('a session used on the fast path stays alive; an unused one expires', async () => {
    const token = await sessions.createSession('user-1', 'ada@shop.example', {
      slidingExpiration: true,
      maxAge: 600,
    })
    const browser = new Browser(shopWith(sessions), token)
    for (let minute = 0; minute < 30; minute++) {
      await platform.advance(60_000)
      expect((await browser.ask('/my/id')).status).toBe(200)
    }
    await platform.advance(600_000)

    expect((await browser.ask('/my/id')).status).toBe(401)
  })
})
