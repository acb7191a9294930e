import { Redis } from '@upstash/redis'
import { describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { ClosedError, RemoteError } from '../../src/errors.ts'
import type { Requester, Transport } from '../../src/redis/requester.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'
import { everythingIn } from '../support/leaks.ts'
import { useRedisBehindRest } from '../support/redis-behind-rest.ts'
import { describeWithRedis } from '../support/with-redis.ts'

/** The `HttpClient` of `@upstash/redis`. The package does not export it, but its `Redis` holds one. */
function httpClient(url: string, token: string): Requester {
  const redis = new Redis({ url, token, retry: false, enableTelemetry: false })
  return (redis as unknown as { readonly client: Requester }).client
}

describeWithRedis('The HTTP client of @upstash/redis in the place of a transport,', () => {
  const running = useRedisBehindRest()

  const send = (...body: [string, ...string[]]): Promise<unknown> =>
    running.behind.request({ path: [], body })

  describeManager('the HTTP client of @upstash/redis', async () => {
    await send('FLUSHALL')
    const client = httpClient(running.endpoint.url, running.endpoint.token)
    let closed = false
    const transport: Transport = {
      kind: 'upstash',
      async request(request) {
        if (closed) throw new ClosedError('client')
        return client.request(request)
      },
      async close() {
        closed = true
      },
    }
    return { transport, stop: () => transport.close() }
  })

  describe('passed in directly,', () => {
    const make = (token = running.endpoint.token): RedisCacheManager =>
      new RedisCacheManager({
        redis: httpClient(running.endpoint.url, token),
        deadline: '10s',
        retries: 0,
      })

    test('sends the text of a script to a Redis that does not know it', async () => {
      await send('FLUSHALL')
      await send('SCRIPT', 'FLUSH')
      const cache = make()
      const loader = vi.fn(() => 'loaded')

      expect(await cache.getOrSet('k', loader, { tags: ['t'] })).toBe('loaded')
      expect(await cache.getOrSet('k', loader, { tags: ['t'] })).toBe('loaded')
      await cache.invalidateTags(['t'], { mode: 'soft' })
      await cache.invalidateTags(['t'])

      expect(loader).toHaveBeenCalledTimes(1)
      expect(await cache.get('k', { tags: ['t'] })).toBeUndefined()
      expect(cache.redis.circuit).toBe('closed')
    })

    test('a refused token opens the circuit, and its error does not contain the command', async () => {
      const cache = make('SENTINEL-token')

      const error = await cache.set('SENTINEL-key', 'SENTINEL-value').catch((e) => e)

      expect(error).toBeInstanceOf(RemoteError)
      expect(error).toMatchObject({ reason: 'WRONGPASS', applied: 'no' })
      expect(everythingIn(error)).not.toContain('SENTINEL')
      expect(cache.redis.circuit).toBe('open')
    })

    test('the error of a refused write does not contain the command', async () => {
      const cache = make()
      await send('HSET', 'nc:default:l:{SENTINEL-key}', 'field', 'of another')

      const error = await cache.set('SENTINEL-key', 'SENTINEL-value').catch((e) => e)

      expect(error).toBeInstanceOf(RemoteError)
      expect(everythingIn(error)).not.toContain('SENTINEL')
      expect(cache.redis.circuit).toBe('closed')
    })
  })
})
