import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { type HonoHttpCacheOptions, httpCache } from '../../../src/hono/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

function setUp(options: Partial<HonoHttpCacheOptions> = {}) {
  const platform = new ManualPlatform()
  const redis = embeddedTransport({ engine: new EmbeddedRedis({ platform }) })
  const cache = new RedisCacheManager({ redis, platform }).namespace('http')
  const middleware = httpCache({ cache, platform, ...options })
  const app = new Hono()
  const request = async (path: string, init?: RequestInit) => {
    const response = await app.request(path, init)
    await platform.settle()
    return response
  }
  return { app, cache, platform, middleware, request }
}

describe('httpCache', () => {
  test('stores the response of a handler and answers the next request without it', async () => {
    const { app, middleware, request } = setUp()
    const handler = vi.fn()
    app.use(middleware)
    app.get('/posts/:id', (c) => {
      handler()
      c.header('Cache-Control', 'max-age=60')
      return c.json({ id: c.req.param('id'), q: c.req.query('q') })
    })

    const [first, second] = [await request('/posts/1?q=a'), await request('/posts/1?q=a')]

    expect(await first.json()).toEqual({ id: '1', q: 'a' })
    expect(await second.json()).toEqual({ id: '1', q: 'a' })
    expect(second.headers.get('content-type')).toBe('application/json')
    expect(second.headers.get('cache-status')).toBe('nearcache; hit; ttl=60')
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('passes error responses through without storing them', async () => {
    const { app, middleware, request } = setUp({ ttl: '1m' })
    const handler = vi.fn()
    app.use(middleware)
    app.get('/broken', () => {
      handler()
      throw new Error('broken')
    })
    app.onError((_error, c) => c.text('sorry', 500))

    expect(await (await request('/broken')).text()).toBe('sorry')
    expect((await request('/broken')).status).toBe(500)
    expect(handler).toHaveBeenCalledTimes(2)
  })

  test('serves a stale response when the handler throws, if the response has stale-if-error', async () => {
    const { app, middleware, platform, request } = setUp()
    let isBroken = false
    app.use(middleware)
    app.get('/', (c) => {
      if (isBroken) throw new Error('broken')
      return c.text('good', 200, { 'cache-control': 'max-age=60, stale-if-error=600' })
    })
    app.onError((_error, c) => c.text('sorry', 500))
    await request('/')
    isBroken = true
    await platform.advance(90_000)

    const stale = await request('/')

    expect([stale.status, await stale.text()]).toEqual([200, 'good'])
    expect(stale.headers.get('cache-status')).toContain('detail=stale-if-error')
  })

  test('refreshes in the background by running the app again, if `revalidate` is given', async () => {
    const { app, middleware, platform, request } = setUp({
      revalidate: (again) => app.fetch(again),
    })
    let calls = 0
    app.use(middleware)
    app.get('/', (c) => {
      calls++
      return c.text(`call ${calls}`, 200, {
        'cache-control': 'max-age=60, stale-while-revalidate=60',
        'x-call': `${calls}`,
      })
    })
    await request('/')
    await platform.advance(70_000)

    const [stale, fresh] = [await request('/'), await request('/')]

    expect([await stale.text(), await fresh.text()]).toEqual(['call 1', 'call 2'])
    expect(fresh.headers.get('x-call')).toBe('2')
    expect(fresh.headers.get('age')).toBe('0')
  })

  test('stores the response of inner handlers, without changes by outer middleware', async () => {
    const { app, middleware, platform, request } = setUp({
      revalidate: (again) => app.fetch(again),
    })
    let calls = 0
    app.use(compress({ threshold: 1 }))
    app.use(async (c, next) => {
      await next()
      c.header('set-cookie', `seen=${calls}`)
    })
    app.use(middleware)
    app.get('/', (c) => {
      calls++
      return c.text(`call ${calls}`, 200, {
        'cache-control': 'public, max-age=60, stale-while-revalidate=60',
      })
    })
    await request('/')
    await platform.advance(70_000)
    await request('/', { headers: { 'accept-encoding': 'gzip' } })

    const fresh = await request('/')

    expect(await fresh.text()).toBe('call 2')
    expect(fresh.headers.get('cache-status')).toBe('nearcache; hit; ttl=60')
    expect(fresh.headers.get('content-encoding')).toBeNull()
    expect(fresh.headers.getSetCookie()).toEqual(['seen=2'])
    expect(calls).toBe(2)
  })

  test('refreshes before it answers, if `revalidate` is not given', async () => {
    const { app, middleware, platform, request } = setUp()
    let calls = 0
    app.use(middleware)
    app.get('/', (c) => {
      calls++
      return c.text(`call ${calls}`, 200, {
        'cache-control': 'max-age=60, stale-while-revalidate=60',
      })
    })
    await request('/')
    await platform.advance(70_000)

    expect(await (await request('/')).text()).toBe('call 2')
  })

  test('a softly invalidated response is refreshed, with and without `revalidate`', async () => {
    for (const isTold of [true, false]) {
      const { app, cache, middleware, request } = setUp(
        isTold ? { revalidate: (again) => app.fetch(again) } : {},
      )
      let calls = 0
      app.use(middleware)
      app.get('/', (c) => {
        calls++
        return c.text(`call ${calls}`, 200, { 'cache-control': 'max-age=60', 'cache-tag': 'a' })
      })
      await request('/')
      await cache.invalidateTags(['a'], { mode: 'soft' })

      expect(await (await request('/')).text()).toBe(isTold ? 'call 1' : 'call 2')
      expect(await (await request('/')).text()).toBe('call 2')
    }
  })

  test('a soft invalidation of a page with variants refreshes each variant', async () => {
    const { app, cache, middleware, request } = setUp({ revalidate: (again) => app.fetch(again) })
    let calls = 0
    app.use(middleware)
    app.onError((error, c) => c.text(error.message, 500))
    app.get('/', (c) => {
      calls++
      const fields = { 'cache-control': 'max-age=60', 'cache-tag': 'a', vary: 'x-kind' }
      return c.text(`call ${calls} for ${c.req.header('x-kind')}`, 200, fields)
    })
    const of = async (kind: string) => (await request('/', { headers: { 'x-kind': kind } })).text()
    expect([await of('a'), await of('b')]).toEqual(['call 1 for a', 'call 2 for b'])
    await cache.invalidateTags(['a'], { mode: 'soft' })

    const answers = [await of('b'), await of('a'), await of('b'), await of('a')]

    expect(answers.map((text) => text.slice(-5))).toEqual(['for b', 'for a', 'for b', 'for a'])
    expect(answers.slice(2).every((text) => Number(text.split(' ')[1]) > 2)).toBe(true)
  })

  test('works together with compress and etag outside of it and with middleware inside', async () => {
    const { app, middleware, request } = setUp()
    const handler = vi.fn()
    app.use(compress({ threshold: 1 }), etag())
    app.use(async (c, next) => {
      await next()
      c.header('x-outer', 'each time')
    })
    app.use(middleware)
    app.use(async (c, next) => {
      await next()
      c.header('x-inner', 'stored')
    })
    app.get('/', (c) => {
      handler()
      return c.text('x'.repeat(2_000), 200, { 'cache-control': 'max-age=60' })
    })

    for (let i = 0; i < 3; i++) {
      const answer = await request('/', { headers: { 'accept-encoding': 'gzip' } })
      const stream = answer.body?.pipeThrough(new DecompressionStream('gzip'))
      expect(await new Response(stream).text()).toBe('x'.repeat(2_000))
      expect(answer.headers.get('x-outer')).toBe('each time')
      expect(answer.headers.get('x-inner')).toBe('stored')
    }
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['sets a cookie', { 'set-cookie': 'id=1', 'cache-control': 'public, max-age=60' }],
    ['is private', { 'cache-control': 'private, max-age=60' }],
    ['varies by another header', { 'cache-control': 'public, max-age=60', vary: 'cookie' }],
  ])('answers with the stored body if a 304 of a handler %s', async (_what, fields) => {
    const { app, middleware, platform, request } = setUp()
    const page = { 'cache-control': 'public, max-age=60', etag: '"1"' }
    app.use(middleware)
    app.get('/', (c) =>
      c.req.header('if-none-match') === '"1"'
        ? c.body(null, 304, { ...page, ...fields })
        : c.text('page', 200, page),
    )
    await request('/')
    await platform.advance(90_000)

    const answer = await request('/', { headers: { cookie: 'a=b' } })

    expect([answer.status, await answer.text()]).toEqual([200, 'page'])
    expect(Object.fromEntries(answer.headers)).toMatchObject(fields)
    expect(answer.headers.get('cache-status')).toContain('nearcache; fwd=stale')
  })

  test('leaves conditional requests to etag middleware outside of it, on a miss and on a hit', async () => {
    const { app, middleware, request } = setUp({ etag: 'keep' })
    const seen: (string | undefined)[] = []
    app.use(etag())
    app.use(middleware)
    app.get('/', (c) => {
      seen.push(c.req.header('if-none-match'))
      return c.text('text', 200, { 'cache-control': 'max-age=60' })
    })
    const tag = (await request('/?first')).headers.get('etag') ?? ''
    const ask = () => request('/', { headers: { 'if-none-match': tag } })

    expect([(await ask()).status, (await ask()).status]).toEqual([304, 304])
    expect(seen).toEqual([undefined, undefined])
  })

  test('drops the response of a path after a successful write to it', async () => {
    const { app, middleware, request } = setUp()
    let text = 'old'
    app.use(middleware)
    app.get('/doc', (c) => c.text(text, 200, { 'cache-control': 'max-age=60' }))
    app.put('/doc', async (c) => {
      text = await c.req.text()
      return c.body(null, 204)
    })
    await request('/doc')

    await request('/doc', { method: 'PUT', body: 'new' })

    expect(await (await request('/doc')).text()).toBe('new')
  })

  test.each([
    ['drops', 'breaks after it', new Error('broken'), 'call 2'],
    ['keeps', 'is refused', new HTTPException(403), 'call 1'],
  ])('%s the response of a path if a write to it %s', async (_what, _how, error, body) => {
    const { app, middleware, request } = setUp()
    let calls = 0
    app.use(middleware)
    app.get('/doc', (c) => c.text(`call ${++calls}`, 200, { 'cache-control': 'max-age=60' }))
    app.put('/doc', () => {
      throw error
    })
    app.onError((_error, c) => c.text('sorry', error instanceof HTTPException ? error.status : 500))
    await request('/doc')

    await request('/doc', { method: 'PUT', body: 'new' })

    expect(await (await request('/doc')).text()).toBe(body)
  })

  test('stores responses by user, as determined by middleware before it', async () => {
    const { app, cache, platform, request } = setUp()
    const by = (user: string): RequestInit => ({ headers: { authorization: `Bearer ${user}` } })
    app.use(async (c, next) => {
      c.set('userId' as never, c.req.header('authorization')?.slice(7) as never)
      await next()
    })
    app.use(httpCache({ cache, platform, user: (_request, c) => c.get('userId') }))
    app.get('/me', (c) => {
      c.header('cache-control', 'private, max-age=60')
      return c.text(`for ${c.req.header('authorization')}`)
    })
    app.put('/me', (c) => c.body(null, 204))

    const statuses: (string | null)[] = []
    for (const user of ['ann', 'bob', 'ann']) {
      const answer = await request('/me', by(user))
      expect(await answer.text()).toBe(`for Bearer ${user}`)
      statuses.push(answer.headers.get('cache-status'))
    }
    await request('/me', { ...by('ann'), method: 'PUT' })
    statuses.push((await request('/me', by('ann'))).headers.get('cache-status'))

    expect(statuses).toEqual([
      'nearcache; fwd=uri-miss; stored',
      'nearcache; fwd=uri-miss; stored',
      'nearcache; hit; ttl=60',
      'nearcache; fwd=uri-miss; stored',
    ])
  })

  test('answers HEAD from a stored response to GET', async () => {
    const { app, middleware, request } = setUp()
    app.use(middleware)
    app.get('/', (c) => c.text('text', 200, { 'cache-control': 'max-age=60' }))
    await request('/')

    const head = await request('/', { method: 'HEAD' })

    expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([
      200,
      '',
      '4',
    ])
  })

  test('throws for invalid options when it is created', () => {
    const { cache } = setUp()

    expect(() => httpCache({ cache, revalidate: true as never })).toThrow(InvalidOptionError)
    expect(() => httpCache({ cache, wait: false } as never)).toThrow(InvalidOptionError)
  })
})
