import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import {
  type ForwardOptions,
  forwarder,
  type SessionAssertionOptions,
  SessionAssertions,
  session,
} from '../../../src/hono/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { MemoryGate } from './memory-gate.ts'
import { Browser, SITE } from './shop.ts'

const SECRET = '22'.repeat(32)
const KEYS = [{ id: 'k1', secret: SECRET }]
const AUDIENCE = 'https://origin.example'
const SESSION = {
  id: 'id-1',
  userId: 'user-é',
  permissions: ['mail:read'],
  epoch: 'hard.soft',
  validatedAt: 1_767_225_600_000,
}

let platform: ManualPlatform

beforeEach(() => {
  platform = new ManualPlatform()
})

const make = (options: Partial<SessionAssertionOptions> = {}): SessionAssertions =>
  new SessionAssertions({ keys: KEYS, audience: AUDIENCE, platform, ...options })

/** Signs an arbitrary token, as an attacker might. */
function sign(header: object, claims: object, secret: string = SECRET): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const mac = createHmac('sha256', Buffer.from(secret, 'hex')).update(text).digest('base64url')
  return `${text}.${mac}`
}

describe('SessionAssertions', () => {
  test('are verified at the origin with the session data of the edge', () => {
    expect(make().verify(make().sign(SESSION))).toEqual(SESSION)
    expect(make().verify(make().sign({ ...SESSION, permissions: undefined }))).toEqual({
      ...SESSION,
      permissions: undefined,
    })
  })

  test('are not made if their permissions are too many to be verified', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `mail:read:${i}`)

    const text = make().sign({ ...SESSION, permissions: many(300) })

    expect(make().verify(text)?.permissions).toHaveLength(300)
    expect(() => make().sign({ ...SESSION, permissions: many(1_000) })).toThrow(InvalidOptionError)
  })

  test('are JSON Web Tokens according to RFC 7519 and RFC 7515', () => {
    const [head = '', body = '', mac] = make().sign(SESSION).split('.')
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())

    expect(read(head)).toEqual({ alg: 'HS256', typ: 'nearcache-session+jwt', kid: 'k1' })
    expect(read(body)).toMatchObject({ aud: AUDIENCE, sub: 'user-é', sid: 'id-1' })
    expect(read(body).exp - read(body).iat).toBe(30)
    expect(mac).toBe(
      createHmac('sha256', Buffer.from(SECRET, 'hex'))
        .update(`${head}.${body}`)
        .digest('base64url'),
    )
  })

  test('are valid from their creation to the end of their ttl, plus clock skew', async () => {
    const signed = make().sign(SESSION)
    await platform.advance(34_999)
    expect(make().verify(signed)).toMatchObject({ id: SESSION.id, userId: SESSION.userId })
    await platform.advance(1)
    expect(make().verify(signed)).toBeUndefined()

    const behind = new ManualPlatform({ startAt: platform.now() - 5_001 })
    expect(make({ platform: behind }).verify(make().sign(SESSION))).toBeUndefined()
  })

  test('are refused if a character is changed, removed or added', () => {
    const signed = make().sign(SESSION)
    for (let i = 0; i < signed.length; i++) {
      const other = signed[i] === 'A' ? 'B' : 'A'
      expect(make().verify(signed.slice(0, i) + other + signed.slice(i + 1))).toBeUndefined()
      expect(make().verify(signed.slice(0, i) + signed.slice(i + 1))).toBeUndefined()
    }
    expect(make().verify(`${signed}A`)).toBeUndefined()
  })

  const claims = {
    aud: AUDIENCE,
    sub: 'eve',
    sid: 's',
    epoch: 'e',
    validated_at: 0,
    iat: 0,
    exp: 9e9,
  }
  const header = { alg: 'HS256', typ: 'nearcache-session+jwt', kid: 'k1' }
  test.each<[string, string | null]>([
    ['nothing', null],
    ['an empty text', ''],
    ['no token', 'a.b.c'],
    ['no algorithm', sign({ ...header, alg: 'none' }, claims)],
    ['another algorithm', sign({ ...header, alg: 'HS512' }, claims)],
    ['a token of another purpose', sign({ ...header, typ: 'JWT' }, claims)],
    ['an unknown key', sign({ ...header, kid: 'k2' }, claims)],
    ['a key named as a property of objects', sign({ ...header, kid: '__proto__' }, claims)],
    ['another secret', sign(header, claims, '33'.repeat(32))],
    ['another audience', sign(header, { ...claims, aud: 'https://other.example' })],
    ['a long text', 'a'.repeat(100_000)],
  ])('are not accepted from %s', (_, text) => {
    expect(make().verify(text)).toBeUndefined()
  })

  test('signed with the old key stay valid after a key rotation', () => {
    const old = make().sign(SESSION)
    const rotated = make({
      keys: [
        { id: 'k2', secret: '44'.repeat(32), use: 'primary' },
        { id: 'k1', secret: SECRET, use: 'decrypt-only' },
      ],
    })

    expect(rotated.verify(old)).toEqual(SESSION)
    expect(make().verify(rotated.sign(SESSION))).toBeUndefined()
  })

  test.each<[string, Partial<SessionAssertionOptions>]>([
    ['keys', { keys: [] }],
    ['keys[].secret', { keys: [{ id: 'k1', secret: 'a passphrase' }] }],
    ['audience', { audience: 'a b' }],
    ['ttl', { ttl: '10m' }],
    ['skew', { skew: '2m' }],
    ['options.TTL', { TTL: '1m' } as never],
  ])('a bad %s is refused', (option, options) => {
    expect(() => make(options)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })
})

describe('forwarder', () => {
  let sessions: MemoryGate
  let stop: () => void
  let seen: IncomingMessage[]
  let bodies: string[]
  let to: string

  beforeEach(async () => {
    sessions = new MemoryGate(platform)
    seen = []
    bodies = []
    const server = createServer((request, response) => {
      seen.push(request)
      let body = ''
      request.on('data', (part) => (body += part))
      request.on('end', () => {
        bodies.push(body)
        response.end('from the origin')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    to = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    stop = () => server.close()
  })
  afterEach(() => stop())

  function edge(options: Partial<ForwardOptions> = {}) {
    const forward = forwarder({ to, assertions: make(), ...options })
    return new Hono()
      .use('/api/*', session({ sessions }))
      .all('/api/*', (c) => fetch(forward(c, c.var.session)))
      .all('/public/*', (c) => fetch(forward(c, undefined)))
  }

  test.each(['json', 'text', 'arrayBuffer'] as const)(
    'sends the body also if middleware has read it, by %s()',
    async (method) => {
      const app = new Hono()
        .use(async (c, next) => {
          await c.req[method]()
          await next()
        })
        .route('/', edge())
      const body = '{ "email": "ada@shop.example", "big": 12345678901234567890 }'

      const response = await app.request('/public/log-in', { method: 'POST', body })

      expect(await response.text()).toBe('from the origin')
      expect(bodies).toEqual([body])
    },
  )

  test('sends the origin its own assertion and removes headers by which a client could forge one', async () => {
    const { token } = sessions.logIn()
    const response = await new Browser(edge(), token).ask('/api/orders?page=2', {
      method: 'POST',
      body: 'an order',
      headers: {
        cookie: `theme=dark; __Host-session=${token}; __Host-session-fast=x; lang=en`,
        'x-nearcache-session': make().sign({ ...SESSION, userId: 'eve' }),
        x_nearcache_session: 'eve',
        'x-nearcache-user': 'eve',
        'x-middleware-subrequest': 'middleware',
        'x-internal-role': 'admin',
        connection: 'x-one-hop',
        'x-one-hop': 'yes',
        'x-request-id': '7',
      },
    })

    expect(await response.text()).toBe('from the origin')
    const { url, method, headers } = seen[0] as IncomingMessage
    expect([method, url, bodies[0]]).toEqual(['POST', '/api/orders?page=2', 'an order'])
    expect(make().verify(headers['x-nearcache-session'] as string)).toMatchObject({
      userId: 'user-1',
      id: 'id-1',
    })
    expect(headers['x-request-id']).toBe('7')
    expect(JSON.stringify(headers)).not.toMatch(/eve|middleware|admin|one-hop|__Host-|token-/)
  })

  test.each(['x-custom-session', 'X-Custom-Session', 'x_custom_session'])(
    'removes an assertion in %s sent by a client without a session',
    async (header) => {
      const headers = { 'x-nearcache-session': make().sign(SESSION), [header]: 'eve' }
      await edge({ header }).request(`${SITE}/public/page`, { headers })

      expect(seen[0]?.headers).not.toHaveProperty('x-nearcache-session')
      expect(seen[0]?.headers).not.toHaveProperty(header.toLowerCase())
    },
  )

  test('does not forward the bearer token of the session, but forwards other credentials', async () => {
    const { token } = sessions.logIn()
    await edge().request(`${SITE}/api/a`, { headers: { authorization: `Bearer ${token}` } })
    await edge().request(`${SITE}/public/a`, { headers: { authorization: 'Basic YTpi' } })

    expect(seen[0]?.headers.authorization).toBeUndefined()
    expect(seen[1]?.headers.authorization).toBe('Basic YTpi')
  })

  test('does not call the origin without a session', async () => {
    expect((await edge().request(`${SITE}/api/orders`)).status).toBe(401)
    expect(seen).toEqual([])
  })

  test.each<[string, Partial<ForwardOptions>]>([
    ['to', { to: 'https://origin.example/' }],
    ['to', { to: 'origin' }],
    ['internal', { internal: ['X-Upper'] }],
    ['options.headers', { headers: 'x-user' } as never],
  ])('a bad %s is refused', (option, options) => {
    expect(() => edge(options)).toThrow(expect.objectContaining({ option }))
  })
})
