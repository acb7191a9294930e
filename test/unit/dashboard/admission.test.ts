import { describe, expect, test } from 'vitest'
import { dashboard } from '../../../src/dashboard/dashboard.ts'
import type { DashboardOptions } from '../../../src/dashboard/options.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { bench, TOKEN } from './bench.ts'

const PAGES = ['overview', 'namespaces', 'jobs', 'alerts', 'keys']
const FORMS = ['census', 'inspect', 'invalidate', 'delete-key', 'run-job', 'resolve-alert']

describe('who may enter', () => {
  test.each(PAGES)('%s redirects to the log-in form, and shows nothing', async (page) => {
    const { browser } = bench()

    const response = await browser.get(`/ops/${page}`)

    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('login')
    expect(await response.text()).toBe('')
  })

  test.each([...PAGES, 'snapshot.json'])('%s refuses a wrong bearer', async (page) => {
    const { app, redis } = bench()

    const response = await app.request(`/ops/${page}`, {
      headers: { authorization: 'Bearer dashboard-token-0124' },
    })

    expect(response.status).toBe(401)
    expect(redis.requests).toEqual([])
  })

  test.each(FORMS)('%s refuses requests without a session', async (form) => {
    const { browser, redis } = bench()
    await browser.get('/ops/login')

    const response = await browser.post(`/ops/${form}`, { id: 'mail', namespace: 'default' })

    expect(response.status).toBe(401)
    expect(redis.requests).toEqual([])
  })

  test('a form without an end is refused, and not read into memory', async () => {
    const { app } = bench()
    let pieces = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pieces++
        if (pieces > 10_000) controller.close()
        else controller.enqueue(new Uint8Array(10_000))
      },
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const form: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' }

    expect((await app.request('/ops/login', form)).status).toBe(403)
    expect(pieces).toBeLessThan(50)
  })

  test('a form with an ended session redirects to the log-in form, and changes nothing', async () => {
    const { browser, cache, platform } = bench({ session: '1h' })
    await cache.set('a', 1, { ttl: '2h' })
    await browser.logIn()
    await platform.advance(3_600_000)

    const response = await browser.post(
      '/ops/delete-key',
      { namespace: 'default', key: 'a' },
      { accept: 'text/html,*/*' },
    )

    expect(response.status).toBe(401)
    const page = await response.text()
    expect(page).toContain('Nothing was changed, because you are not logged in.')
    expect(page).toContain('<form method="post" action="login"')
    expect(await cache.get('a')).toBe(1)
  })

  test('the token opens the pages, as a bearer', async () => {
    const { app } = bench()

    const response = await app.request('/ops/overview', {
      headers: { authorization: `Bearer ${TOKEN}` },
    })

    expect(response.status).toBe(200)
  })

  test('a password for a proxy in front, which passes it on, is no wrong token', async () => {
    const { browser } = bench()
    const basic = { authorization: 'Basic b3BzOnNlY3JldA==' }
    expect((await browser.get('/ops/overview', basic)).headers.get('location')).toBe('login')
    await browser.logIn()

    expect((await browser.get('/ops/overview', basic)).status).toBe(200)
  })

  test('a wrong token at the form is refused with 401, in words', async () => {
    const { browser } = bench()

    const response = await browser.logIn('dashboard-token-0124')

    expect(response.status).toBe(401)
    expect(await response.text()).toContain('The token is wrong.')
    expect((await browser.get('/ops/overview')).status).toBe(303)
  })

  test('the right token opens a session, whose cookie is hidden from scripts and other sites', async () => {
    const { browser } = bench()

    const response = await browser.logIn()

    expect(response.status).toBe(303)
    const [cookie = ''] = response.headers.getSetCookie()
    expect(cookie).toMatch(/^nearcache-dashboard=\d+\.[\w-]+\.[\w-]{43}; /)
    expect(cookie).toContain('HttpOnly')
    expect(cookie).toContain('SameSite=Strict')
    expect(cookie).not.toContain('Path')
    expect(cookie).not.toContain(TOKEN)
    expect((await browser.get('/ops/overview')).status).toBe(200)
  })

  test('cookies are Secure over https', async () => {
    const { app } = bench()

    const response = await app.request('https://cache.example/ops/login')

    expect(response.headers.getSetCookie()).toEqual([expect.stringContaining('Secure')])
  })

  test('the cookie of a session is Secure also behind a proxy that ends TLS', async () => {
    const { browser } = bench()
    await browser.get('/ops/login')
    const logIn = async (origin: string): Promise<string[]> =>
      (await browser.post('/ops/login', { token: TOKEN }, { origin })).headers.getSetCookie()

    expect(await logIn('https://cache.example')).toEqual([expect.stringMatching(/; Secure\b/)])
    expect(await logIn('http://cache.example')).toEqual([expect.not.stringMatching(/Secure/)])
  })

  test('a session ends by its time, and by logging out', async () => {
    const { browser, platform } = bench({ session: '1h' })
    await browser.logIn()
    await platform.advance(3_599_999)
    expect((await browser.get('/ops/overview')).status).toBe(200)
    await platform.advance(1)
    expect((await browser.get('/ops/overview')).status).toBe(303)

    await browser.logIn()
    await browser.post('/ops/logout', {})

    expect([...browser.cookies.keys()]).toEqual(['nearcache-dashboard-form'])
    expect((await browser.get('/ops/overview')).status).toBe(303)
  })

  test('a session that was extended, or signed with another token, is refused', async () => {
    const { browser, app } = bench()
    await browser.logIn()
    const session = browser.cookies.get('nearcache-dashboard') ?? ''
    const longer = session.replace(/^\d+/, (until) => `${Number(until) + 1}`)
    const other = bench({ authenticate: 'another-token-0123' })
    const ask = (to: typeof app, cookie: string) =>
      to.request('/ops/overview', { headers: { cookie: `nearcache-dashboard=${cookie}` } })

    expect((await ask(app, session)).status).toBe(200)
    expect((await ask(app, longer)).status).toBe(303)
    expect((await ask(other.app, session)).status).toBe(303)
  })

  test('an open page gets an error when its session has ended, and no redirect', async () => {
    const { browser } = bench()

    expect((await browser.get('/ops/overview', { 'x-nearcache-live': '1' })).status).toBe(401)
  })

  test('a function can decide instead; then there is no log-in form', async () => {
    const { app } = bench({ authenticate: ({ headers }) => headers.get('x-user') === 'ada' })
    const ask = async (path: string, user: string) =>
      (await app.request(path, { headers: { 'x-user': user } })).status

    expect(await ask('/ops/overview', 'ada')).toBe(200)
    expect(await ask('/ops/overview', 'eve')).toBe(401)
    expect(await ask('/ops/login', 'eve')).toBe(401)
  })

  test('a function that returns anything but true admits nobody', async () => {
    const { app } = bench({ authenticate: (() => 'yes') as never })

    expect((await app.request('/ops/overview')).status).toBe(401)
  })
})

describe('forms', () => {
  const fields = { namespace: 'default', key: 'a' }

  test('from this origin with the token of the page are accepted', async () => {
    const { browser, cache } = bench()
    await cache.set('a', 1)
    await browser.logIn()

    expect((await browser.post('/ops/delete-key', fields)).status).toBe(303)
    expect(await cache.get('a')).toBeUndefined()
  })

  test.each([
    ['of another site', {}, { 'sec-fetch-site': 'cross-site' }],
    ['of another host of the same site', {}, { 'sec-fetch-site': 'same-site' }],
    ['with another form token', { 'form-token': 'x'.repeat(32) }, {}],
    ['with no form token', { 'form-token': '' }, {}],
  ])('%s are refused, and change nothing', async (_, more, headers) => {
    const { browser, cache } = bench()
    await cache.set('a', 1)
    await browser.logIn()

    const response = await browser.post(
      '/ops/delete-key',
      { ...fields, ...more },
      headers as Record<string, string>,
    )

    expect(response.status).toBe(403)
    expect(await cache.get('a')).toBe(1)
  })

  test('from browsers without Sec-Fetch-Site are checked by their origin', async () => {
    const { app, browser } = bench()
    await browser.logIn()
    const token = browser.cookies.get('nearcache-dashboard-form') ?? ''
    const send = (origin: string | undefined) =>
      app.request('http://cache.example/ops/delete-key', {
        method: 'POST',
        body: new URLSearchParams({ ...fields, 'form-token': token }),
        headers: {
          cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(origin !== undefined && { origin }),
        },
      })

    expect((await send('https://cache.example')).status).toBe(303)
    expect((await send('https://evil.example')).status).toBe(403)
    expect((await send('null')).status).toBe(403)
    expect((await send(undefined)).status).toBe(403)
  })

  test('to log in are protected too, so that nobody is logged in as somebody else', async () => {
    const { browser } = bench()
    await browser.get('/ops/login')

    const response = await browser.post(
      '/ops/login',
      { token: TOKEN },
      { 'sec-fetch-site': 'cross-site' },
    )

    expect(response.status).toBe(403)
  })

  test('need no form token with a bearer, which no page of another site can send', async () => {
    const { app, cache } = bench()
    await cache.set('a', 1)

    const response = await app.request('/ops/delete-key', {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { authorization: `Bearer ${TOKEN}` },
    })

    expect(response.status).toBe(303)
    expect(await cache.get('a')).toBeUndefined()
  })
})

describe('in the mode read-only', () => {
  test.each([
    ['delete-key', { namespace: 'default', key: 'a' }],
    ['invalidate', { namespace: 'default', tags: 't', do: 'invalidate' }],
    ['run-job', { id: 'mail' }],
    ['resolve-alert', { id: 'hit-rate' }],
  ] as [string, Record<string, string>][])(
    '%s is refused, by browser and by bearer',
    async (form, fields) => {
      const { browser, app, cache } = bench({ mode: 'read-only' })
      await cache.set('a', 1, { tags: ['t'] })
      await browser.logIn()

      const byBrowser = await browser.post(`/ops/${form}`, fields)
      const byBearer = await app.request(`/ops/${form}`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { authorization: `Bearer ${TOKEN}` },
      })

      expect([byBrowser.status, byBearer.status]).toEqual([403, 403])
      expect(await cache.get('a')).toBe(1)
    },
  )

  test('is the default, and no page has a button that would be refused', async () => {
    const { cache, monitor, platform, warming } = bench()
    warming.register({
      id: 'mail',
      name: 'Mail',
      priority: 1,
      schedule: '0 0 * * *',
      handler: () => 1,
    })
    const app = dashboard({ cache, monitor, platform, warming, authenticate: TOKEN })
    const headers = { authorization: `Bearer ${TOKEN}` }
    const pages = await Promise.all(
      PAGES.map(async (page) => (await app.request(`/${page}`, { headers })).text()),
    )

    const text = pages.join('')
    expect(text).toContain('read-only')
    expect(text).not.toContain('Run now')
    expect(text).not.toContain('value="invalidate"')
  })

  test('inspecting and counting still work', async () => {
    const { browser } = bench({ mode: 'read-only' })
    await browser.logIn()
    const ask = async (form: string, fields: Record<string, string>) =>
      (await browser.post(`/ops/${form}`, { namespace: 'default', ...fields })).status

    expect(await ask('inspect', { key: 'a' })).toBe(200)
    expect(await ask('census', {})).toBe(200)
    expect(await ask('invalidate', { tags: 't', do: 'count' })).toBe(200)
  })
})

describe('options', () => {
  const parts = (): DashboardOptions => {
    const { cache, monitor } = bench()
    return { cache, monitor, authenticate: TOKEN }
  }

  test.each([
    ['authenticate', { authenticate: undefined }],
    ['authenticate', { authenticate: 'short' }],
    ['cache', { cache: {} }],
    ['monitor', { monitor: undefined }],
    ['mode', { mode: 'open' }],
    ['values', { values: true }],
    ['refresh', { refresh: '10ms' }],
    ['pricePer100k', { pricePer100k: -1 }],
    ['session', { session: '1s' }],
    ['session', { session: '401d' }],
  ])('a bad %s is refused', (option, changes) => {
    expect(() => dashboard({ ...parts(), ...changes } as DashboardOptions)).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option }),
    )
  })
})
