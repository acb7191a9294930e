import { env } from 'cloudflare:workers'
import type { CacheMonitor } from 'nearcache/monitor'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createApp } from '../../workers/app.ts'
import { compose } from '../../workers/compose.ts'
import { heartbeat } from '../../workers/cron.ts'
import { readEnv } from '../../workers/env.ts'
import { call, emptyMailbox, store, TOKEN } from './mailbox.ts'

const BEARER = { authorization: `Bearer ${TOKEN}` }

const appWith = (changes: Record<string, unknown>) =>
  createApp(compose(readEnv({ ...env, ...changes })))

beforeEach(emptyMailbox)

describe('/dashboard', () => {
  test('shows the figures of the mailbox in workerd', async () => {
    await store()
    await call('/emails')
    await call('/emails')

    const page = await call('/dashboard/overview', { headers: BEARER })

    expect(page.status).toBe(200)
    const html = await page.text()
    expect(html).toContain('<h1>Overview</h1>')
    expect(html).toContain('The cache is healthy.')
    const jobs = await (await call('/dashboard/jobs', { headers: BEARER })).text()
    expect(jobs).toContain('Mailbox')
    expect(jobs).toContain('Run now')
  })

  test('serves its files', async () => {
    const html = await (await call('/dashboard/login')).text()
    const [, script = ''] = /src="(dashboard\.js\?v=\w+)"/.exec(html) ?? []

    const response = await call(`/dashboard/${script}`)

    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  test('opens with the admin token, by the form that it shows', async () => {
    const opened = await call('/dashboard', { redirect: 'manual' })
    expect(opened.headers.get('location')).toBe('dashboard/overview')
    const form = await call('/dashboard/login')
    const [cookie = ''] = form.headers.getSetCookie()
    const [, token = ''] = /form=([\w-]+)/.exec(cookie) ?? []
    const logIn = (given: string) =>
      call('/dashboard/login', {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ token: given, 'form-token': token }),
        headers: { cookie: `nearcache-dashboard-form=${token}`, origin: 'https://mail.example' },
      })

    expect((await logIn('test-admin-tokem')).status).toBe(401)
    const response = await logIn(TOKEN)

    expect(response.status).toBe(303)
    expect(response.headers.getSetCookie()[0]).toMatch(/^nearcache-dashboard=.*HttpOnly; Secure/)
  })

  test('refuses an address after ten wrong tokens, even with the right one, and no other', async () => {
    const tryFrom = async (address: string, authorization: string) =>
      (
        await call('/dashboard/snapshot.json', {
          headers: { 'cf-connecting-ip': address, authorization },
        })
      ).status
    for (let i = 0; i < 10; i++) expect(await tryFrom('192.0.2.41', 'Bearer guess')).toBe(401)

    expect(await tryFrom('192.0.2.41', BEARER.authorization)).toBe(429)
    expect(await tryFrom('192.0.2.42', BEARER.authorization)).toBe(200)
  })

  test.each([
    [403, 'ADMIN_TOKEN', { ADMIN_TOKEN: '' }],
    [403, 'off', { DASHBOARD: 'off' }],
    [409, 'off', { CACHE: 'off' }],
  ])('answers %i, with "%s" in words, given %o', async (status, word, changes) => {
    const response = await appWith(changes).request('/dashboard/overview', { headers: BEARER })

    expect(response.status).toBe(status)
    expect(JSON.stringify(await response.json())).toContain(word)
  })

  test('changes nothing in the mode read-only', async () => {
    const app = appWith({ DASHBOARD: 'read-only' })

    const response = await app.request('/dashboard/run-job', {
      method: 'POST',
      body: new URLSearchParams({ id: 'mail' }),
      headers: BEARER,
    })

    expect(response.status).toBe(403)
  })
})

describe('/metrics', () => {
  const SCRAPE = 'scrape-token-0123'

  test('answers the figures of all isolates', async () => {
    const composition = compose(readEnv({ ...env, MAIL_TOKEN: '' }))
    await createApp(composition).request('/emails')
    await composition.caching?.watch.metrics.flush()

    const response = await call('/metrics', { headers: BEARER })

    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    expect(text).toMatch(/^cache_redis_commands_total\{cache=""\} [1-9]/m)
    expect(text).toMatch(/^cache_breaker_open 0$/m)
  })

  test('has a token of its own, which opens nothing else', async () => {
    const app = appWith({ METRICS_TOKEN: SCRAPE })
    const ask = async (path: string, token: string) =>
      (await app.request(path, { headers: { authorization: `Bearer ${token}` } })).status

    expect(await ask('/metrics', SCRAPE)).toBe(200)
    expect(await ask('/metrics', TOKEN)).toBe(401)
    expect(await ask('/admin/stats', SCRAPE)).toBe(401)
    expect(await ask('/dashboard/overview', SCRAPE)).toBe(401)
  })

  test('is closed without any token, and with the cache off', async () => {
    expect((await appWith({ ADMIN_TOKEN: '' }).request('/metrics')).status).toBe(403)
    expect((await appWith({ CACHE: 'off' }).request('/metrics', { headers: BEARER })).status).toBe(
      409,
    )
  })
})

describe('alerts of the Worker', () => {
  afterEach(() => void vi.restoreAllMocks())

  test('are posted to ALERT_WEBHOOK_URL by the first check that Redis does not answer', async () => {
    const posted: unknown[] = []
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      if (new Request(input).url !== 'https://hooks.example/cache')
        throw new TypeError('no network')
      posted.push(JSON.parse(String(init?.body)))
      return new Response(null, { status: 204 })
    })
    const { caching } = compose(
      readEnv({
        ...env,
        UPSTASH_REDIS_REST_URL: 'https://redis.example',
        UPSTASH_REDIS_REST_TOKEN: 'token',
        ALERT_WEBHOOK_URL: 'https://hooks.example/cache',
      }),
    )

    await caching?.watch.monitor.performHealthCheck()
    await caching?.watch.monitor.performHealthCheck()

    expect(posted).toMatchObject([{ id: 'connection', severity: 'critical', resolved: false }])
  })

  test('are logged if they cannot be posted, without the address', async () => {
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
      const { url } = new Request(input)
      if (url === 'https://hooks.example/secret') return new Response(null, { status: 410 })
      throw new TypeError(`no network to ${url}`)
    })
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const check = async (url: string): Promise<void> => {
      const wire = {
        UPSTASH_REDIS_REST_URL: 'https://redis.example',
        UPSTASH_REDIS_REST_TOKEN: 't',
      }
      const { caching } = compose(readEnv({ ...env, ...wire, ALERT_WEBHOOK_URL: url }))
      await caching?.watch.monitor.performHealthCheck()
    }

    await check('https://hooks.example/secret')
    await check('https://hooks.example/another-secret')

    const lines = logged.mock.calls.map(([line]) => JSON.parse(String(line)))
    expect(lines).toEqual([
      {
        title: 'An alert was not delivered',
        alert: 'connection',
        reason: expect.stringContaining('HTTP 410'),
      },
      { title: 'An alert was not delivered', alert: 'connection' },
    ])
  })

  test('are checked with every heartbeat, even if it fails', async () => {
    const error = new Error('no database')
    const fail = () => Promise.reject(error)
    const performHealthCheck = vi.fn<CacheMonitor['performHealthCheck']>()

    const beat = heartbeat(
      { all: fail, run: fail, batch: fail },
      undefined,
      { scheduledTime: 0 },
      { performHealthCheck },
    )

    await expect(beat).rejects.toBe(error)
    expect(performHealthCheck).toHaveBeenCalledOnce()
  })
})
