import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'

describe('countingTransport', () => {
  test('counts requests, and the commands in them by name', async () => {
    const redis = countingTransport(embeddedTransport())
    await redis.request({ path: [], body: ['set', 'k', 1] })
    await redis.request({
      path: ['pipeline'],
      body: [
        ['GET', 'k'],
        ['DEL', 'k'],
      ],
    })

    expect(redis.counts).toEqual({ requests: 2, commands: 3 })
    expect(redis.names).toEqual(['SET', 'GET', 'DEL'])
    redis.reset()
    expect(redis.counts).toEqual({ requests: 0, commands: 0 })
    expect(redis.names).toEqual([])
  })

  test('shows what a cache sends: a hit is one command in one request', async () => {
    const redis = countingTransport(embeddedTransport())
    const cache = new RedisCacheManager({ redis })
    await cache.set('k', 'v')
    redis.reset()

    await cache.get('k')

    expect(redis.counts).toEqual({ requests: 1, commands: 1 })
    expect(redis.names).toEqual(['MGET'])
  })

  test('closes what it wraps', async () => {
    const inner = embeddedTransport()
    await countingTransport(inner).close()

    await expect(inner.request({ body: ['PING'] })).rejects.toThrow('closed')
  })
})
