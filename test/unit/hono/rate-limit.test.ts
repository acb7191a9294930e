import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cloudflareAddress, type RateLimitEnv, rateLimit } from '../../../src/hono/index.ts'
import { LOGIN_POLICIES, type RateLimitPolicy } from '../../../src/ratelimit/index.ts'
import { parseList } from '../../support/structured-fields.ts'
import { type LimitsUnderTest, limitsUnderTest } from '../ratelimit/limits.ts'

const TWO_A_MINUTE: RateLimitPolicy = { name: 'api', by: 'address', limit: 2, window: '1m' }

let world: LimitsUnderTest

beforeEach(() => {
  world = limitsUnderTest()
})
afterEach(() => {
  vi.useRealTimers()
})

function from(address: string): RequestInit {
  return { headers: { 'cf-connecting-ip': address, 'x-forwarded-for': `${Math.random()}` } }
}

describe('rateLimit', () => {
  test('throws when it is created without a limiter', () => {
    expect(() => rateLimit({ address: cloudflareAddress } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'limiter' }),
    )
  })

  test('throws when it is created with a misspelled option', () => {
    const limiter = world.limiter({ policies: [TWO_A_MINUTE] })
    const options = { limiter, address: cloudflareAddress, acount: () => 'ada' }

    expect(() => rateLimit(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'options.acount' }),
    )
  })

  test('throws when it is created without `address`', () => {
    const limiter = world.limiter({ policies: [TWO_A_MINUTE] })

    expect(() => rateLimit({ limiter } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'address' }),
    )
  })

  test('sends the remaining units in headers, then answers 429 with problem details', async () => {
    let handled = 0
    const limiter = world.limiter({ policies: [TWO_A_MINUTE] })
    const app = new Hono()
      .use(rateLimit({ limiter, address: cloudflareAddress }))
      .get('/', (c) => c.text(`${++handled}`))
    const first = await app.request('/', from('2001:db8::1'))
    await app.request('/', from('2001:db8::2'))

    const refused = await app.request('/', from('2001:db8::3'))

    expect(first.status).toBe(200)
    expect(parseList(first.headers.get('ratelimit') ?? '')).toEqual([
      { value: 'api', parameters: { r: 1, t: 60 } },
    ])
    expect(refused.status).toBe(429)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(refused.headers.get('retry-after')).toBe('60')
    expect(parseList(refused.headers.get('ratelimit-policy') ?? '')).toEqual([
      { value: 'api', parameters: { q: 2, w: 60 } },
    ])
    expect(await refused.json()).toMatchObject({ status: 429, 'violated-policies': ['api'] })
    expect(handled).toBe(2)
  })

  test('sets its headers on an immutable response too', async () => {
    const limiter = world.limiter({ policies: [TWO_A_MINUTE] })
    const app = new Hono()
      .use(rateLimit({ limiter, address: cloudflareAddress }))
      .get('/', () => Response.redirect('https://shop.example/'))

    const response = await app.request('/', from('192.0.2.1'))

    expect(response.status).toBe(302)
    expect(response.headers.get('ratelimit')).toBe('"api";r=1;t=60')
  })

  test('of two limiters, both are told of, also where the inner one refuses', async () => {
    const limited = (policy: RateLimitPolicy) =>
      rateLimit({ limiter: world.limiter({ policies: [policy] }), address: cloudflareAddress })
    const app = new Hono()
      .use(limited({ ...TWO_A_MINUTE, name: 'outer', limit: 9 }))
      .use(limited({ ...TWO_A_MINUTE, name: 'inner', limit: 1 }))
      .get('/', (c) => c.text('done'))

    for (const remaining of [8, 7]) {
      const { headers } = await app.request('/', from('192.0.2.1'))

      expect(parseList(headers.get('ratelimit') ?? '')).toEqual([
        { value: 'inner', parameters: { r: 0, t: 60 } },
        { value: 'outer', parameters: { r: remaining, t: 60 } },
      ])
      expect(parseList(headers.get('ratelimit-policy') ?? '')).toHaveLength(2)
    }
  })

  test('protects a log-in: counts failed attempts by account and address, not successful ones', async () => {
    const limiter = world.limiter({ policies: LOGIN_POLICIES })
    const account = async (c: { req: { json(): Promise<unknown> } }) =>
      ((await c.req.json()) as { email: string }).email
    const app = new Hono()
      .use(rateLimit({ limiter, address: cloudflareAddress, account }))
      .post('/', async (c) => {
        const { password } = await c.req.json<{ password: string }>()
        return c.body(null, password === 'right' ? 204 : 401)
      })
    const logIn = async (password: string, email = 'ada@shop.example', address = '192.0.2.1') => {
      const body = JSON.stringify({ email, password })
      return (await app.request('/', { method: 'POST', body, ...from(address) })).status
    }

    for (let i = 0; i < 10; i++) expect(await logIn('right')).toBe(204)
    for (let i = 0; i < 5; i++) expect(await logIn('wrong')).toBe(401)
    expect(await logIn('right')).toBe(429)
    // Another account, and the owner at another address, can still log in.
    expect(await logIn('right', 'bob@shop.example')).toBe(204)
    expect(await logIn('right', 'ada@shop.example', '192.0.2.2')).toBe(204)
  })

  test('passes the decision to the handler, which may report success itself', async () => {
    const limiter = world.limiter({ policies: [{ ...TWO_A_MINUTE, limit: 1, counts: 'failures' }] })
    const app = new Hono<RateLimitEnv>()
      .use(rateLimit({ limiter, address: cloudflareAddress, isSuccess: () => false }))
      .get('/', async (c) => {
        await c.var.rateLimit.succeeded()
        return c.text('done')
      })

    for (let i = 0; i < 3; i++) {
      expect((await app.request('/', from('192.0.2.1'))).status).toBe(200)
    }
  })

  test('counts a handler that throws as a failure', async () => {
    const limiter = world.limiter({ policies: [{ ...TWO_A_MINUTE, counts: 'failures' }] })
    const app = new Hono()
      .use(rateLimit({ limiter, address: cloudflareAddress }))
      .get('/', () => {
        throw new Error('broken')
      })
      .onError((_error, c) => c.text('broken', 500))
    for (let i = 0; i < 2; i++) {
      expect((await app.request('/', from('192.0.2.1'))).status).toBe(500)
    }

    expect((await app.request('/', from('192.0.2.1'))).status).toBe(429)
  })
})
