import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { httpCache } from '../../src/hono/index.ts'
import { cachedFetch, cacheHandler, cachingProxy } from '../../src/http/index.ts'
import { workersPlatform } from '../../src/platform/workers.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const platform = workersPlatform()
const newCache = () =>
  new RedisCacheManager({ redis: embeddedTransport(), platform }).namespace('http')

/** Repeats the request until the cache answers, because responses are stored in the background. */
async function untilHit(ask: () => Promise<Response>): Promise<Response> {
  for (let i = 0; i < 50; i++) {
    const answer = await ask()
    if (answer.headers.get('cache-status')?.includes('hit')) return answer
    await answer.text()
    await new Promise((done) => setTimeout(done, 10))
  }
  return expect.unreachable('nothing was stored')
}

describe('The HTTP cache in workerd', () => {
  test('caches a Hono app, with the work behind answers kept alive by waitUntil', async () => {
    let calls = 0
    const app = new Hono()
    app.use(httpCache({ cache: newCache(), platform, revalidate: (again) => app.fetch(again) }))
    app.get('/', (c) => {
      calls++
      return c.json({ call: calls }, 200, FRESH)
    })
    const context = createExecutionContext()

    const first = await app.fetch(new Request('https://site.example/'), {}, context)
    expect(await first.json()).toEqual({ call: 1 })
    await waitOnExecutionContext(context)
    const second = await untilHit(async () => app.request('https://site.example/'))

    expect(await second.json()).toEqual({ call: 1 })
    expect(calls).toBe(1)
  })

  test('streams a body to its first client while it records it', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const handle = cacheHandler(() => new Response(readable, { headers: FRESH }), {
      cache: newCache(),
      platform,
    })
    const ask = () => handle(new Request('https://site.example/stream'))
    const writer = writable.getWriter()
    const encoder = new TextEncoder()

    const answer = await ask()
    const reader = answer.body?.getReader()
    const first = reader?.read()
    await writer.write(encoder.encode('first '))
    expect(new TextDecoder().decode((await first)?.value)).toBe('first ')
    const rest = reader?.read()
    await writer.write(encoder.encode('second'))
    await rest
    await writer.close()

    expect(await (await untilHit(ask)).text()).toBe('first second')
  })

  test('is a reverse proxy, with 304 and ranges from what is stored', async () => {
    const urls: string[] = []
    const proxy = cachingProxy({
      origin: 'https://origin.example/base',
      cache: newCache(),
      platform,
      fetch: async (request) => {
        urls.push(request.url)
        return new Response('0123456789', { headers: { ...FRESH, etag: '"v1"' } })
      },
    })
    const ask = (headers = {}) => proxy(new Request('https://site.example/p?q=1', { headers }))
    await (await untilHit(ask)).text()

    const [known, part] = [await ask({ 'if-none-match': '"v1"' }), await ask({ range: 'bytes=-2' })]

    expect([known.status, part.status, await part.text()]).toEqual([304, 206, '89'])
    expect(urls).toEqual(['https://origin.example/base/p?q=1'])
  })

  test('keeps copies in the data centre, on the Cache API', async () => {
    let calls = 0
    const cache = newCache()
    const handle = cacheHandler(
      () => {
        calls++
        return new Response('text', { headers: FRESH })
      },
      { cache, platform, colo: { ttl: '10s' } },
    )
    const ask = () => handle(new Request('https://site.example/colo'))
    await (await untilHit(ask)).text()
    let status = ''
    for (let i = 0; i < 50 && !status.includes('detail=colo'); i++) {
      const answer = await ask()
      status = answer.headers.get('cache-status') ?? ''
      expect(await answer.text()).toBe('text')
      await new Promise((done) => setTimeout(done, 10))
    }

    expect(status).toContain('detail=colo')
    expect(calls).toBe(1)
  })

  test('tells a handler nothing of the client that is not in the key, but fetch all that the caller said', async () => {
    const answerOf = (request: Request) =>
      new Response(String(request.cf?.['country']), { headers: FRESH })
    const handle = cacheHandler(answerOf, { cache: newCache(), platform })
    const fetch = async (request: Request) => answerOf(request)
    const get = cachedFetch({ cache: newCache(), platform, fetch })
    const cf = { country: 'IS' } as IncomingRequestCfProperties
    const ask = () => new Request('https://site.example/', { cf })

    expect(await (await handle(ask())).text()).toBe('undefined')
    expect(await (await get(ask())).text()).toBe('IS')
  })

  test('runs a handler once for concurrent requests', async () => {
    let calls = 0
    const handle = cacheHandler(
      async () => {
        calls++
        await new Promise((done) => setTimeout(done, 20))
        return new Response(`call ${calls}`, { headers: FRESH })
      },
      { cache: newCache(), platform },
    )

    const answers = await Promise.all(
      Array.from({ length: 5 }, () => handle(new Request('https://site.example/'))),
    )
    const texts = await Promise.all(answers.map((answer) => answer.text()))

    expect(new Set(texts)).toEqual(new Set(['call 1']))
  })
})
