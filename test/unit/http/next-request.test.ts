import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { cacheHandler, type HttpCacheOptions } from '../../../src/http/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const URL_A = 'https://site.example/a?utm=1'

/** A request as Next.js passes it to a route handler: the Fetch API of Node can read it, but not copy it. */
function nextRequest(init?: RequestInit): Request {
  const proxied = (request: Request): Request =>
    new Proxy(request, {
      get: (target, name) => {
        if (name === 'clone') return () => proxied(target.clone())
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  return proxied(new Request(URL_A, init))
}

function newHandler(options: Partial<HttpCacheOptions> = {}) {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const requests: Request[] = []
  const handler = async (request: Request): Promise<Response> => {
    requests.push(request)
    const headers = { 'cache-control': 'max-age=60', etag: '"1"' }
    return new Response(`call ${requests.length} ${await request.text()}`, { headers })
  }
  const handle = cacheHandler(handler, { cache: cache.namespace('http'), platform, ...options })
  const ask = async (init?: RequestInit): Promise<string> => {
    const text = await (await handle(nextRequest(init))).text()
    await platform.settle()
    return text
  }
  return { ask, platform, requests }
}

describe('A cached route handler of Next.js', () => {
  test.each([
    ['', {}],
    [' whose query is not part of the key', { query: { exclude: ['utm'] } }],
  ] satisfies [string, Partial<HttpCacheOptions>][])(
    'answers from the cache%s',
    async (_, options) => {
      const { ask, platform, requests } = newHandler(options)

      expect(await ask({ headers: { 'if-none-match': '"0"', accept: 'text/plain' } })).toBe(
        'call 1 ',
      )
      expect(await ask()).toBe('call 1 ')
      await platform.advance(61_000)
      await ask()

      expect(requests[0]?.headers.get('accept')).toBe('text/plain')
      expect(requests.map(({ headers }) => headers.get('if-none-match'))).toEqual([null, '"1"'])
    },
  )

  test('gets requests with a body', async () => {
    const { ask } = newHandler()

    expect(await ask({ method: 'POST', body: 'sent' })).toBe('call 1 sent')
  })
})
