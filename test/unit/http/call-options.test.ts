import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { cachedFetch } from '../../../src/http/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'

const newCache = () => new RedisCacheManager({ redis: embeddedTransport() }).namespace('http')

describe('The options of a call of the cached fetch', () => {
  test('apply to the request that the cache sends, also if it leaves out a part of the query', async () => {
    const sent: Request[] = []
    const fetch = async (request: Request): Promise<Response> => {
      sent.push(request)
      return new Response('text', { headers: { 'cache-control': 'max-age=60' } })
    }
    const get = cachedFetch({ cache: newCache(), fetch, query: { exclude: ['utm'] } })
    const caller = new AbortController()
    const init = { credentials: 'include', redirect: 'error', signal: caller.signal } as const

    await get('https://site.example/a', init)
    await get('https://site.example/b?utm=1', init)
    caller.abort()

    const told = sent.map(({ url, credentials, redirect }) => ({ url, credentials, redirect }))
    expect(told).toEqual([
      { url: 'https://site.example/a', credentials: 'include', redirect: 'error' },
      { url: 'https://site.example/b', credentials: 'include', redirect: 'error' },
    ])
    expect(sent.some(({ signal }) => signal.aborted)).toBe(false)
  })

  test('include the dispatcher of Node', async () => {
    const paths: string[] = []
    const dispatch = ({ path }: { path: string }) => {
      paths.push(path)
      throw new Error('away')
    }
    const init = { dispatcher: { dispatch } } as never
    const get = cachedFetch({ cache: newCache() })

    await expect(get('http://site.example/a', init)).rejects.toThrow()
    expect(paths).toEqual(['/a'])
  })
})
