import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { RedisCacheManager } from 'nearcache'
import { workersPlatform } from 'nearcache/platform/workers'
import { durableTransport } from 'nearcache/redis/durable'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { call, emptyMailbox, statements, store } from './mailbox.ts'

describe('single-flight across requests', () => {
  beforeEach(emptyMailbox)

  test('twenty requests for one cold list cost one SQL statement, as its rows were written through', async () => {
    const id = await store()
    const before = await statements()

    const responses = await Promise.all(Array.from({ length: 20 }, () => call('/emails?limit=7')))

    for (const response of responses) {
      expect(await response.json()).toMatchObject({ emails: [{ id }] })
    }
    expect(await statements()).toBe(before + 1)
  })

  test('a near copy that one request has read answers another, also after the first was cancelled', async () => {
    const redis = durableTransport({ namespace: env.REDIS, name: 'near-cross-request' })
    const cache = new RedisCacheManager({
      redis,
      platform: workersPlatform(),
      near: { ttl: '1m' },
    })
    const read = (): Promise<string> => cache.getOrSet('key', async () => 'answer')
    const object = (name: string) => env.REDIS.get(env.REDIS.idFromName(name))

    const state = await runInDurableObject(object('first'), async (_, state) => {
      await read()
      expect(await read()).toBe('answer')
      return state
    })

    expect(await runInDurableObject(object('second'), read)).toBe('answer')
    await runInDurableObject(object('first'), () => state.abort('cut off')).catch(() => undefined)
    expect(await runInDurableObject(object('second'), read)).toBe('answer')
    expect(cache.nearHits()).toEqual(new Map([['default', 3]]))
  })

  test('a reader that joined the load of a cancelled request still gets an answer', async () => {
    const redis = durableTransport({ namespace: env.REDIS, name: 'cross-request' })
    const cache = new RedisCacheManager({ redis, platform: workersPlatform() })
    // The lease of a lost load expires two seconds after its hard timeout.
    const options = { loaderTimeout: { hard: '1s' } } as const
    const object = (name: string) => env.REDIS.get(env.REDIS.idFromName(name))
    const begun = Promise.withResolvers<void>()

    const leader = runInDurableObject(object('leader'), async (_, state) => {
      const load = cache.getOrSet(
        'key',
        () => {
          begun.resolve()
          return new Promise<string>(() => undefined)
        },
        options,
      )
      load.catch(() => undefined)
      await begun.promise
      return state
    })
    const state = await leader
    const loader = vi.fn(async () => 'answer')
    const joiner = runInDurableObject(object('joiner'), () =>
      cache.getOrSet('key', loader, options),
    )
    await runInDurableObject(object('leader'), () => state.abort('cut off')).catch(() => undefined)

    await expect(joiner).resolves.toBe('answer')
    expect(loader).toHaveBeenCalledOnce()
  })
})
