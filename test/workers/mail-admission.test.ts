import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../../workers/app.ts'
import { compose } from '../../workers/compose.ts'
import { readEnv } from '../../workers/env.ts'
import { emptyMailbox, MAIL_TOKEN, TOKEN } from './mailbox.ts'

/** Each route that reads or changes mail. */
const ROUTES = [
  ['GET', '/emails'],
  ['POST', '/emails'],
  ['PATCH', '/emails'],
  ['GET', '/emails/1'],
  ['PATCH', '/emails/1'],
  ['DELETE', '/emails/1'],
  ['PUT', '/emails/1/entities'],
  ['GET', '/threads/1'],
  ['GET', '/conversations/1'],
  ['GET', '/analytics'],
  ['GET', '/graph/1'],
  ['PUT', '/graph/1'],
  ['GET', '/workflows/1'],
  ['PUT', '/workflows/1'],
] as const

/** @param token What the deployment is configured with; `''` for none. */
async function statusOf(
  token: string,
  url: string,
  method: string = 'GET',
  sent?: string,
): Promise<number> {
  const app = createApp(compose(readEnv({ ...env, MAIL_TOKEN: token })))
  const headers = sent === undefined ? {} : { authorization: `Bearer ${sent}` }
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{' }
  return (await app.request(url, { method, headers, ...body })).status
}

describe('the mailbox of a deployment', () => {
  beforeEach(emptyMailbox)

  test.each(ROUTES)(
    '%s %s is closed to the world where no token is configured',
    async (method, path) => {
      expect(await statusOf('', `https://mail.example${path}`, method)).toBe(403)
    },
  )

  test.each(ROUTES)('%s %s wants the token that is configured', async (method, path) => {
    const url = `https://mail.example${path}`

    expect(await statusOf(MAIL_TOKEN, url, method)).toBe(401)
    expect(await statusOf(MAIL_TOKEN, url, method, TOKEN)).toBe(401)
    expect([200, 400, 404]).toContain(await statusOf(MAIL_TOKEN, url, method, MAIL_TOKEN))
  })

  test('is not stored by HTTP caches, and names the authentication scheme', async () => {
    const app = createApp(compose(readEnv({ ...env, MAIL_TOKEN })))
    const refused = await app.request('https://mail.example/emails')
    const headers = { authorization: `Bearer ${MAIL_TOKEN}` }
    const answered = await app.request('https://mail.example/emails', { headers })
    const missing = await app.request('https://mail.example/emails/none', { headers })

    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
    for (const { headers } of [refused, answered, missing]) {
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })

  test('is open to this machine without a token, and not with one', async () => {
    expect(await statusOf('', 'http://127.0.0.1:8787/emails')).toBe(200)
    expect(await statusOf(MAIL_TOKEN, 'http://127.0.0.1:8787/emails')).toBe(401)
  })

  test.each([
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://other.example' }, 403],
    [{ 'sec-fetch-site': 'same-site', origin: 'http://localhost:3000' }, 403],
    [{ origin: 'https://other.example' }, 403],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost' }, 400],
    [{}, 400],
  ])(
    'is not written to by a page of another site that this machine looks at: %j',
    async (sent, status) => {
      const app = createApp(compose(readEnv({ ...env, MAIL_TOKEN: '' })))
      const headers = { ...sent, 'content-type': 'text/plain' }
      const answer = await app.request('http://localhost/emails', {
        method: 'POST',
        headers,
        body: '{',
      })

      expect(answer.status).toBe(status)
    },
  )

  test.each([
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{}, 200],
  ])(
    'is not asked by such a page either, which could tell from the time what is in it: %j',
    async (headers, status) => {
      const app = createApp(compose(readEnv({ ...env, MAIL_TOKEN: '' })))

      expect((await app.request('http://localhost/emails?search=a', { headers })).status).toBe(
        status,
      )
    },
  )

  test.each([
    ['/emails', 401, 10],
    ['/llm/api/chat', 401, 10],
    ['/nothing', 404, 10],
    ['/sessions', 413, 10],
    ['/admin/changed', 401, 10],
  ])(
    'reads no more of a body without an end at %s than its sender may have read',
    async (path, status, most) => {
      const app = createApp(compose(readEnv({ ...env, MAIL_TOKEN })))
      let pieces = 0
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          pieces++
          if (pieces > 1_000) controller.close()
          else controller.enqueue(new Uint8Array(100_000))
        },
      })
      const answer = await app.request(`https://mail.example${path}`, { method: 'POST', body })

      expect(answer.status).toBe(status)
      expect(pieces).toBeLessThan(most)
    },
  )

  test('is not opened by another spelling of a path', async () => {
    for (const path of ['//emails', '/emails/', '/%65mails', '/./emails', '/EMAILS'])
      expect([403, 404]).toContain(await statusOf('', `https://mail.example${path}`))
  })

  test('has a token of 16 characters at least', () => {
    expect(() => readEnv({ ...env, MAIL_TOKEN: 'short' })).toThrow('MAIL_TOKEN')
  })
})
