import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { getRequestListener } from '@hono/node-server'
import { afterEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import {
  type CachingProxyOptions,
  cachedFetch,
  cacheHandler,
  cachingProxy,
} from '../../../src/http/index.ts'
import type { Platform } from '../../../src/platform/platform.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

/** The platform of the web, with a way to wait for work that continues after a response. */
const deferred = new Set<Promise<unknown>>()
const platform: Platform = { ...webPlatform(), defer: (work) => void deferred.add(work) }
const settle = async (): Promise<void> => {
  while (deferred.size > 0) {
    const all = [...deferred]
    deferred.clear()
    await Promise.allSettled(all)
  }
}

const newCache = () => new RedisCacheManager({ redis: embeddedTransport() }).namespace('http')

function proxyTo(origin: string, options: Partial<CachingProxyOptions> = {}) {
  const proxy = cachingProxy({ cache: newCache(), origin, platform, ...options })
  return (path: string, init?: RequestInit) =>
    proxy(new Request(`https://public.example${path}`, init))
}

describe('The caching proxy', () => {
  test('forwards method, path, query, headers and body, and returns the response', async () => {
    const origin = await serve((request, response) => {
      let body = ''
      request.on('data', (piece) => {
        body += piece
      })
      request.on('end', () => {
        response.writeHead(201, {
          'x-seen': `${request.method} ${request.url} ${request.headers['x-a']}`,
        })
        response.end(body)
      })
    })
    const ask = proxyTo(`${origin}/base/`)

    const answer = await ask('/p?q=1', { method: 'POST', headers: { 'x-a': '1' }, body: 'sent' })

    expect([answer.status, answer.headers.get('x-seen'), await answer.text()]).toEqual([
      201,
      'POST /base/p?q=1 1',
      'sent',
    ])
  })

  test.each(['PUT', 'DELETE'])(
    'completes a %s after its client has disconnected, and invalidates what it has changed',
    async (method) => {
      let state = 'before'
      const reached = Promise.withResolvers<ServerResponse>()
      const origin = await serve((request, response) => {
        if (request.method === method) return reached.resolve(response)
        response.writeHead(200, { 'cache-control': 'max-age=60' })
        response.end(state)
      })
      const cache = newCache()
      const gone = Promise.withResolvers<void>()
      const proxy = cachingProxy({ cache, origin, platform })
      const noticed = (request: Request): Promise<Response> => {
        if (request.method === method)
          request.signal.addEventListener('abort', () => gone.resolve())
        return proxy(request)
      }
      const url = await serve(getRequestListener(noticed))
      const read = async (): Promise<string> => (await fetch(url)).text()
      expect(await read()).toBe('before')
      await settle()
      const client = new AbortController()
      const change = fetch(url, { method, signal: client.signal })
      const changing = await reached.promise

      client.abort()
      await expect(change).rejects.toThrow()
      await gone.promise
      state = 'after'
      changing.end()
      await settle()

      expect(await read()).toBe('after')
    },
  )

  test('sends every request to its origin, whatever the path looks like', async () => {
    const origin = await serve((request, response) => response.end(request.url))
    const ask = proxyTo(origin)

    expect(await (await ask('//evil.example/x')).text()).toBe('//evil.example/x')
    expect(await (await ask('/..//evil.example')).text()).toBe('//evil.example')
    expect(await (await ask('/@evil.example')).text()).toBe('/@evil.example')
  })

  test('sends X-Forwarded-Host and -Proto of its own to the origin, and adds to Via both ways', async () => {
    const origin = await serve((request, response) => {
      const { via } = request.headers
      const seen = ['x-forwarded-host', 'x-forwarded-proto'].map((name) => request.headers[name])
      response.writeHead(200, { via: '1.1 inner', 'x-via': via, 'x-seen': seen.join() })
      response.end()
    })
    const ask = proxyTo(origin, { via: 'edge' })

    const { headers } = await ask('/', { headers: { via: '1.0 old', 'x-forwarded-host': 'evil' } })

    expect(headers.get('x-via')).toBe('1.0 old, 1.1 edge')
    expect(headers.get('x-seen')).toBe('public.example,https')
    expect(headers.get('via')).toBe('1.1 inner, 1.1 edge')
  })

  test('does not forward a keyed header spelled with underscores, which servers may treat as the same', async () => {
    const origin = await serve((request, response) => {
      const names = Object.keys(request.headers).filter((name) => name.includes('_'))
      response.writeHead(200, { 'cache-control': 'max-age=60' })
      response.end(names.join())
    })
    const ask = proxyTo(origin, { keyedHeaders: ['x-api-key'] })
    const headers = {
      x_forwarded_host: 'evil',
      'x_original-url': '/evil',
      x_api_key: 'his',
      a_b: '',
    }

    expect(await (await ask('/', { headers })).text()).toBe('a_b')
  })

  test('removes hop-by-hop headers, both ways', async () => {
    const origin = await serve((request, response) => {
      const seen = ['te', 'x-hop', 'proxy-authorization'].filter((name) => name in request.headers)
      response.writeHead(200, {
        connection: 'x-own',
        'x-own': '1',
        'x-seen': seen.join() || 'none',
      })
      response.end()
    })
    const ask = proxyTo(origin)

    const { headers } = await ask('/', {
      headers: { te: 'trailers', 'x-hop': '1', connection: 'x-hop', 'proxy-authorization': 'x' },
    })

    expect(headers.get('x-seen')).toBe('none')
    expect(headers.has('x-own')).toBe(false)
  })

  test('forwards an upload whose client expected 100 (Continue), as curl does', async () => {
    const origin = await serve((request, response) => {
      request.resume().on('end', () => response.end(`${request.headers.expect}`))
    })

    const answer = await proxyTo(origin)('/', {
      method: 'PUT',
      headers: { expect: '100-continue' },
      body: 'x',
    })

    expect([answer.status, await answer.text()]).toEqual([200, 'undefined'])
  })

  test('decodes an encoded response and stores it once for all encodings', async () => {
    let calls = 0
    const origin = await serve((_request, response) => {
      calls++
      response.writeHead(200, {
        'content-encoding': 'gzip',
        'cache-control': 'max-age=60',
        vary: 'accept-encoding',
        etag: '"v1"',
      })
      response.end(gzipSync('plain text'))
    })
    const ask = proxyTo(origin)

    for (const encoding of ['gzip', 'br', 'identity']) {
      const answer = await ask('/', { headers: { 'accept-encoding': encoding } })
      expect(await answer.text()).toBe('plain text')
      expect(answer.headers.has('content-encoding')).toBe(false)
      expect(answer.headers.get('etag')).toBe('W/"v1"')
      await settle()
    }
    expect(calls).toBe(1)
  })

  test('returns redirects unfollowed and stores them as redirects', async () => {
    let calls = 0
    const origin = await serve((_request, response) => {
      calls++
      response.writeHead(301, { location: '/new', 'cache-control': 'max-age=60' })
      response.end()
    })
    const ask = proxyTo(origin)

    expect((await ask('/old')).headers.get('location')).toBe('/new')
    await settle()
    expect((await ask('/old')).status).toBe(301)
    expect(calls).toBe(1)
  })

  test('answers 502 if the origin cannot be reached', async () => {
    const origin = await serve((request) => request.socket.destroy())
    const ask = proxyTo(origin)

    expect((await ask('/')).status).toBe(502)
    expect((await ask('/', { method: 'POST', body: 'x' })).status).toBe(502)
  })

  test('answers 504 if the origin takes longer than `timeout`', async () => {
    const manual = new ManualPlatform()
    const seen = Promise.withResolvers<void>()
    const origin = await serve(() => seen.resolve())
    const cache = newCache()
    const proxy = cachingProxy({ cache, origin, platform: manual, timeout: '5s' })
    const answer = proxy(new Request('https://public.example/'))
    await seen.promise
    await manual.advance(5_000)

    expect((await answer).status).toBe(504)
  })

  test('answers 504 also where fetch rejects with another error than the reason, as in workerd', async () => {
    const fetch = ({ signal }: Request): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('copy'))))
    const ask = proxyTo('https://origin.example', { timeout: '1ms', fetch })

    expect((await ask('/')).status).toBe(504)
  })

  test('does not store a body that the origin does not complete', async () => {
    let calls = 0
    const origin = await serve((_request, response) => {
      calls++
      response.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': '100' })
      response.write('only this', () => response.destroy())
    })
    const ask = proxyTo(origin)

    for (let i = 1; i <= 2; i++) {
      await expect((await ask('/')).text()).rejects.toThrow()
      await settle()
      expect(calls).toBe(i)
    }
  })
})

describe('A cached handler on Node', () => {
  test('serves as a listener of node:http through @hono/node-server', async () => {
    let calls = 0
    const handle = cacheHandler(
      () => {
        calls++
        return Response.json({ call: calls }, { headers: { 'cache-control': 'max-age=60' } })
      },
      { cache: newCache(), platform },
    )
    const url = await serve(getRequestListener(handle))

    expect(await (await fetch(url)).json()).toEqual({ call: 1 })
    await settle()
    // A fetch with a condition adds `no-cache`, unless it has a directive of its own.
    const headers = { 'if-none-match': '*', 'cache-control': 'max-age=60' }
    const hit = await fetch(url, { headers })

    expect([hit.status, calls]).toEqual([304, 1])
  })

  test('stores a response whose client disconnects before the end', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const handle = cacheHandler(
      () => new Response(readable, { headers: { 'cache-control': 'max-age=60' } }),
      { cache: newCache(), platform },
    )
    const url = await serve(getRequestListener(handle))
    const writer = writable.getWriter()
    const abort = new AbortController()
    const first = fetch(url, { signal: abort.signal })
    await writer.write(new TextEncoder().encode('first '))
    await (await first).body?.getReader().read()
    abort.abort()
    await writer.write(new TextEncoder().encode('second'))
    await writer.close()
    await settle()

    expect(await (await fetch(url)).text()).toBe('first second')
  })
})

describe('The cached fetch', () => {
  test('stores private responses too, and obeys the cache mode of a request', async () => {
    let calls = 0
    const url = await serve((_request, response) => {
      calls++
      response.writeHead(200, { 'cache-control': 'private, max-age=60' })
      response.end(`call ${calls}`)
    })
    const get = cachedFetch({ platform, cache: newCache() })
    const text = async (init?: RequestInit) => {
      const body = await (await get(url, init)).text()
      await settle()
      return body
    }

    expect(await text()).toBe('call 1')
    expect(await text()).toBe('call 1')
    expect(await text({ cache: 'no-store' })).toBe('call 2')
    expect(await text({ cache: 'reload' })).toBe('call 3')
    expect(await text({ cache: 'force-cache' })).toBe('call 3')
    expect(await text({ cache: 'no-cache' })).toBe('call 4')
    expect(await text({ cache: 'only-if-cached', mode: 'same-origin' })).toBe('call 4')
    const other = new Request(`${url}/other`, { cache: 'only-if-cached', mode: 'same-origin' })
    expect((await get(other)).status).toBe(504)
  })

  test('never answers a request with credentials from the cache, unless `user` returns a name', async () => {
    const fetch = async ({ headers }: Request): Promise<Response> =>
      new Response(`for ${headers.get('authorization') ?? headers.get('cookie')}`, {
        headers: { 'cache-control': 'private, max-age=60' },
      })
    const askAll = async (get: ReturnType<typeof cachedFetch>): Promise<string[]> => {
      const texts: string[] = []
      for (const headers of [
        { authorization: 'ann' },
        { authorization: 'bob' },
        { cookie: 'cy' },
      ]) {
        texts.push(await (await get('https://origin.example', { headers })).text())
        await settle()
      }
      return texts
    }
    const get = cachedFetch({ platform, cache: newCache(), fetch, keyedHeaders: [] })
    const ofSome = cachedFetch({ platform, cache: newCache(), fetch, user: () => undefined })
    const ofOne = cachedFetch({ platform, cache: newCache(), fetch, user: () => 'ann' })

    expect(await askAll(get)).toEqual(['for ann', 'for bob', 'for cy'])
    expect(await askAll(ofSome)).toEqual(['for ann', 'for bob', 'for cy'])
    expect(await askAll(ofOne)).toEqual(['for ann', 'for ann', 'for ann'])
  })

  test('with a shared audience does not store private responses', async () => {
    let calls = 0
    const url = await serve((_request, response) => {
      calls++
      response.writeHead(200, { 'cache-control': 'private, max-age=60' })
      response.end()
    })
    const get = cachedFetch({ platform, cache: newCache(), audience: 'shared' })
    await (await get(url)).text()
    await (await get(url)).text()

    expect(calls).toBe(2)
  })

  test('does not store a response reached by a redirect, whose own response it has not seen', async () => {
    const paths: (string | undefined)[] = []
    const url = await serve((request, response) => {
      paths.push(request.url)
      const isOld = request.url === '/old'
      response.writeHead(isOld ? 302 : 200, { 'cache-control': 'max-age=60', location: '/new' })
      response.end()
    })
    const get = cachedFetch({ platform, cache: newCache() })
    for (let i = 0; i < 2; i++) {
      expect((await get(`${url}/old`)).status).toBe(200)
      await settle()
    }

    expect(paths).toEqual(['/old', '/new', '/old', '/new'])
  })

  test('follows no redirect with `redirect: error` or `manual`', async () => {
    const url = await serve((request, response) => {
      const isOld = request.url === '/old'
      response.writeHead(isOld ? 302 : 200, { 'cache-control': 'max-age=60', location: '/new' })
      response.end(request.url)
    })
    const get = cachedFetch({ platform, cache: newCache() })
    const old = `${url}/old`

    await expect(get(old, { redirect: 'error' })).rejects.toThrow('fetch failed')
    expect((await get(old, { redirect: 'manual' })).status).toBe(302)
    await settle()
    expect(await (await get(old)).text()).toBe('/new')
    await expect(get(old, { redirect: 'error' })).rejects.toThrow('fetch failed')
  })

  // The incoming requests of a Worker have the mode 'manual'.
  test.each(['error', 'manual'] as const)(
    'stores a response with redirect: %o',
    async (redirect) => {
      let calls = 0
      const url = await serve((_request, response) => {
        calls++
        response.writeHead(200, { 'cache-control': 'max-age=60' })
        response.end('here')
      })
      const get = cachedFetch({ platform, cache: newCache() })
      for (let i = 0; i < 2; i++) {
        expect(await (await get(url, { redirect })).text()).toBe('here')
        await settle()
      }

      expect(calls).toBe(1)
    },
  )

  test('rejects a body whose digest differs from the requested `integrity`, stored or not', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'cache-control': 'max-age=60' })
      response.end('other')
    })
    const get = cachedFetch({ platform, cache: newCache() })
    const integrity = `sha256-${'A'.repeat(43)}=`

    await expect(get(url, { integrity })).rejects.toThrow('fetch failed')
    await (await get(url)).text()
    await settle()
    await expect(get(url, { integrity })).rejects.toThrow('fetch failed')
  })

  test('rejects when its signal is aborted, while other callers still get the response', async () => {
    const gate = Promise.withResolvers<void>()
    const url = await serve(async (_request, response) => {
      await gate.promise
      response.writeHead(200, { 'cache-control': 'max-age=60' })
      response.end('for all')
    })
    const get = cachedFetch({ platform, cache: newCache() })
    const abort = new AbortController()
    const first = get(url, { signal: abort.signal })
    const second = get(url)
    abort.abort(new Error('not wanted any more'))

    await expect(first).rejects.toThrow('not wanted any more')
    gate.resolve()
    expect(await (await second).text()).toBe('for all')
  })

  test('rejects with the error of fetch', async () => {
    const error = new TypeError('fetch failed')
    const get = cachedFetch({ platform, cache: newCache(), fetch: () => Promise.reject(error) })

    await expect(get('https://origin.example')).rejects.toBe(error)
  })
})
