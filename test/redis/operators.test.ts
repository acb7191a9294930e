import { afterAll, beforeAll, expect, test } from 'vitest'
import { takeCensus } from '../../src/cache/census.ts'
import { inspectKey } from '../../src/cache/inspect.ts'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { HotKeys } from '../../src/monitor/hot-keys.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('before a redis-server', () => {
  let server: RedisServer
  let cache: RedisCacheManager

  beforeAll(async () => {
    server = await startRedisServer()
    cache = new RedisCacheManager({ redis: tcpTransport({ url: server.url }), deadline: '10s' })
  })
  afterAll(async () => {
    await cache.close()
    await server.stop()
  })

  test('census, inspection and hot keys work as on the embedded engine', async () => {
    const mail = cache.namespace('m[a]*?')
    for (let i = 0; i < 2_500; i++)
      await mail.set(`{k}*${i}`, i, { tags: ['all', `ten:${i % 10}`] })
    // Created after the sets: of so many operations it would count only a sample.
    const hotKeys = new HotKeys({ cache })
    for (let i = 0; i < 5; i++) await mail.get('{k}*7')
    await hotKeys.flush()

    const census = await takeCensus(cache, { mostEntries: 5_000, tags: ['ten:3'] })
    const sample = await takeCensus(cache, { mostEntries: 700 })

    expect(census).toMatchObject({ isWhole: true, entries: 2_500 })
    expect(census.namespaces.get(mail.path)).toMatchObject({ entries: 2_500, tagged: 250 })
    expect(sample).toMatchObject({ isWhole: false, entries: 700 })
    const found = await inspectKey(mail, '{k}*7')
    expect(found).toMatchObject({ verdict: 'fresh', entry: { format: 'json' } })
    expect((await hotKeys.read()).hits).toEqual([{ namespace: mail.path, key: '{k}*7', count: 5 }])
  })
})
