import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../../workers/app.ts'
import { compose } from '../../workers/compose.ts'
import { readEnv } from '../../workers/env.ts'
import { transportTo } from '../../workers/redis.ts'
import {
  beat,
  call,
  callAdmin,
  emptyMailbox,
  forgetWarming,
  statements,
  store,
  TOKEN,
} from './mailbox.ts'

beforeEach(emptyMailbox)

/** The Worker's own Redis, even if these tests run on another one. */
const onItsObject = {
  ...env,
  MAIL_TOKEN: '', // open to this machine, whose name `request` gives
  UPSTASH_REDIS_REST_URL: undefined,
  UPSTASH_REDIS_REST_TOKEN: undefined,
}

describe('the admin routes', () => {
  test('are closed, and say why, where no token is configured', async () => {
    const app = createApp(compose(readEnv({ ...env, ADMIN_TOKEN: '' })))

    const response = await app.request('/admin/stats', {
      headers: { authorization: 'Bearer undefined' },
    })

    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('ADMIN_TOKEN') })
  })

  test.each([
    ['no token', undefined],
    ['a wrong token', 'Bearer test-admin-tokem'],
    ['a beginning of the token', 'Bearer test-admin'],
    ['the token in another scheme', `Basic ${TOKEN}`],
  ])('refuse %s', async (_, authorization) => {
    const response = await call('/admin/stats', {
      headers: { 'cf-connecting-ip': '192.0.2.1', ...(authorization && { authorization }) },
    })

    expect(response.status).toBe(401)
  })

  test('refuse an address after ten wrong tokens, even with the right one, and no other', async () => {
    const tryFrom = (address: string, token: string) =>
      call('/admin/stats', {
        headers: { 'cf-connecting-ip': address, authorization: `Bearer ${token}` },
      })
    for (let i = 0; i < 10; i++) expect((await tryFrom('192.0.2.9', 'guess')).status).toBe(401)

    const limited = await tryFrom('192.0.2.9', TOKEN)

    expect(limited.status).toBe(429)
    expect(limited.headers.get('retry-after')).toMatch(/^[1-9]\d?$/)
    expect((await tryFrom('192.0.2.10', TOKEN)).status).toBe(200)
  })

  test('stats tell the figures of the cache and the SQL statements', async () => {
    await store()

    const stats = await (await callAdmin('/stats')).json<Record<string, object>>()

    expect(stats).toMatchObject({
      cache: { totals: expect.any(Object), remote: { circuit: 'closed' } },
      sql: { statements: expect.any(Number) },
    })
  })

  test('after changed, reads go to SQL, which was changed without the Worker', async () => {
    const id = await store()
    await call('/emails')
    await env.DB.prepare("UPDATE emails SET subject = 'By hand' WHERE id = ?").bind(id).run()

    const response = await callAdmin('/changed', { ids: [id] })

    expect(response.status).toBe(204)
    expect(await (await call(`/emails/${id}`)).json()).toMatchObject({ subject: 'By hand' })
    expect(await (await call('/emails')).json()).toMatchObject({ emails: [{ subject: 'By hand' }] })
    expect((await callAdmin('/changed', { ids: [] })).status).toBe(400)
  })

  test('invalidate answers 204 when Redis has acknowledged', async () => {
    expect((await callAdmin('/invalidate', { tags: ['list'] })).status).toBe(204)
  })

  test.each([
    ['tags', {}],
    ['tags', { tags: [] }],
    ['tags.0', { tags: [''] }],
    ['body', { tags: ['list'], extra: true }],
  ])('invalidate refuses a bad body and names %s', async (field, body) => {
    const response = await callAdmin('/invalidate', body)

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ field })
  })

  test('warm reads messages in advance, so that the next list costs no SQL statement', async () => {
    await store()
    await store({ status: 'in_progress', priority: 'critical' })

    const response = await callAdmin('/warm', { recentDays: 7, priorityEmails: true })

    expect(await response.json()).toMatchObject({ emails: 2, isComplete: true })
    const before = await statements()
    await call('/emails?statuses=new,in_progress')
    expect(await statements()).toBe(before)
  })
})

describe('GET /health/cache', () => {
  test('answers only that the cache is reachable', async () => {
    const response = await call('/health/cache')

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
  })

  test('answers 503 when Redis does not', async () => {
    const unreachable = {
      idFromName: () => 'id',
      get: () => ({ execute: () => Promise.reject(new Error('away')) }),
    }
    const app = createApp(compose(readEnv({ ...onItsObject, REDIS: unreachable })))

    const response = await app.request('/health/cache')

    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ status: 'unavailable' })
  })

  test('says so when the cache is off, and the mailbox works without it', async () => {
    const app = createApp(compose(readEnv({ ...env, CACHE: 'off', MAIL_TOKEN: '' })))
    const id = await store()

    expect(await (await app.request('/health/cache')).json()).toEqual({ status: 'off' })
    expect(await (await app.request('/emails')).json()).toMatchObject({ emails: [{ id }] })
  })
})

describe('a write while Redis is away', () => {
  test('answers 503, and a read answers from SQL', async () => {
    const unreachable = {
      idFromName: () => 'id',
      get: () => ({ execute: () => Promise.reject(new Error('away')) }),
    }
    const app = createApp(compose(readEnv({ ...onItsObject, REDIS: unreachable })))
    const id = await store()

    const write = await app.request(`/emails/${id}`, { method: 'PATCH', body: '{"isRead":true}' })

    expect(write.status).toBe(503)
    expect(write.headers.get('retry-after')).toBe('1')
    expect((await app.request('/emails')).status).toBe(200)
  })
})

describe('the heartbeat', () => {
  test('warms the mailbox', async () => {
    await forgetWarming()
    await store()

    await beat(Date.now())

    const before = await statements()
    await call('/emails?statuses=new')
    expect(await statements()).toBe(before)
  })
})

describe('the environment', () => {
  test('is refused with every problem at once, by name and without values', () => {
    const bad = {
      UPSTASH_REDIS_REST_URL: 'ftp://secret.example',
      UPSTASH_REDIS_REST_TOKEN: '',
      ADMIN_TOKEN: 'short-secret',
      CACHE: 'perhaps',
      NEAR_TTL: 'soon',
    }

    expect(() => readEnv(bad)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: expect.not.stringMatching(/secret|perhaps/),
        problems: expect.arrayContaining([
          expect.stringMatching(/^DB /),
          expect.stringMatching(/^REDIS /),
          expect.stringMatching(/^UPSTASH_REDIS_REST_URL /),
          expect.stringMatching(/^ADMIN_TOKEN /),
          expect.stringMatching(/^CACHE /),
          expect.stringMatching(/^NEAR_TTL /),
        ]),
      }),
    )
  })

  test.each([
    ['NEAR_TTL', '0s'],
    ['NEAR_TTL', '-1s'],
    ['NEAR_TTL', '1.5s'],
    ['SESSION_FAST_PATH', '-1s'],
    ['SESSION_FAST_PATH', '61s'],
  ])('%s is none of %s', (name, value) => {
    expect(() => readEnv({ ...onItsObject, [name]: value })).toThrow(name)
  })

  test.each(['1ms', '30s', '1m'])(
    '%s is how long copies and sessions may be served unseen',
    (value) => {
      const both = { ...onItsObject, NEAR_TTL: value, SESSION_FAST_PATH: value }

      expect(readEnv(both).nearTtl).toBe(value)
    },
  )

  test('with half of Upstash names the half that is missing', () => {
    const half = { ...onItsObject, UPSTASH_REDIS_REST_TOKEN: 'token' }

    expect(() => readEnv(half)).toThrow(/UPSTASH_REDIS_REST_URL must be set/)
  })

  test('with Upstash uses Upstash', () => {
    const settings = readEnv({
      ...env,
      UPSTASH_REDIS_REST_URL: 'https://redis.example',
      UPSTASH_REDIS_REST_TOKEN: 'token',
    })

    expect(transportTo(settings.redis).kind).toBe('rest')
    expect(transportTo(readEnv(onItsObject).redis).kind).toBe('durable')
  })
})
