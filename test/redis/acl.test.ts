import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { migrate, toSqlDriver } from '../../src/email/index.ts'
import { createSemanticMatcher } from '../../src/llm/index.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { startupCacheSystem } from '../../src/startup/index.ts'
import { createCacheMiddleware } from '../../src/trpc/index.ts'
import { eventually } from '../support/eventually.ts'
import { found } from '../support/findings.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const [, RULE = ''] = /^(ACL SETUSER .*)$/m.exec(readFileSync('docs/operations.md', 'utf8')) ?? []
const JOBS = ['nc:{warming/analytics}', 'nc:{warming/mail}']
const PASSWORD = 'a-long-random-password'

describeWithRedis('The user of docs/operations.md', () => {
  let server: RedisServer
  let admin: Transport

  beforeAll(async () => {
    server = await startRedisServer()
    admin = tcpTransport({ url: server.url })
    await admin.request({ body: RULE.split(' ') })
    await admin.request({ body: ['ACL', 'LOG', 'RESET'] })
  })

  afterAll(async () => {
    await admin.close()
    await server.stop()
  })

  /** Keys without an expiry. */
  const lasting = async (): Promise<string[]> => {
    const { result: keys = [] } = await admin.request<string[]>({ body: ['KEYS', '*'] })
    const lives = await Promise.all(
      keys.map(async (key) => [key, (await admin.request({ body: ['TTL', key] })).result]),
    )
    return lives.flatMap(([key, life]) => (life === -1 ? [String(key)] : [])).toSorted()
  }

  test('may run all commands of a cache system, without a refusal', async ({ task }) => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const env = {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: `${server.port}`,
      REDIS_USERNAME: 'nearcache',
      REDIS_PASSWORD: PASSWORD,
      SESSION_KEYS: `k:${'11'.repeat(32)}`,
    }
    const system = await startupCacheSystem({
      env,
      db,
      deadline: '10s',
      warn: (message) => expect.unreachable(message),
      llm: { matcher: (cache) => createSemanticMatcher({ cache, lag: 0 }) },
    })
    const { cache, llm, sessions, webSockets, monitor, warming, emails } = system

    await cache.getOrSet('a', () => 1, { tags: ['t'] })
    await cache.getOrSetMany(['a', 'b'], () => new Map([['b', 2]]), { lateTags: true })
    await cache.set('c', 3, { tags: ['t'] })
    await cache.touch('c')
    await cache.invalidateTags(['t'])
    await cache.invalidateTags(['t'], { mode: 'soft' })
    await cache.invalidatePattern('c*')
    for await (const _key of cache.keys());
    await cache.delete('a', 'b')
    await cache.clear()
    await emails?.createEmail({ subject: 'Order', senderEmail: 'a@b.example', receivedAt: 1 })
    await emails?.queryEmails({ limit: 10 })
    await llm.cacheLLMResponse('Which orders are late?', 'None', 'm', {
      enableSemanticMatching: true,
    })
    await llm.getCachedLLMResponse('Which orders are early?', 'm', { enableSemanticMatching: true })
    const token = (await sessions?.createSession('u', 'u@shop.example')) ?? ''
    await sessions?.getSession(token)
    await sessions?.updateSession(token, { theme: 'dark' })
    await sessions?.trackActivity('u', 'read')
    await sessions?.getUserActivity('u')
    await sessions?.changePermissions('u', ['read'])
    await sessions?.listSessions('u')
    await sessions?.revokeAll('u')
    await webSockets?.cacheConnection('c', { userId: 'u', rooms: ['room'] })
    await webSockets?.getRoomPresence('room')
    await webSockets?.removeConnection('c')
    await createCacheMiddleware({ cache }).clear()
    await warming?.warmAll()
    const health = await monitor?.performHealthCheck()
    await monitor?.generatePerformanceReport()
    const stats = await cache.getStats()
    await system.stop()

    const { result: refused } = await admin.request<readonly unknown[]>({ body: ['ACL', 'LOG'] })
    found(task, 'a restricted user of Redis', {
      commands: stats.remote.commands,
      refused: refused?.length ?? Number.NaN,
    })
    expect(refused).toEqual([])
    expect(await lasting()).toEqual(['nc:{figures}:total', /* a job each: */ ...JOBS])
    expect(health).toMatchObject({ healthy: true, stats: { clockSkewMs: expect.any(Number) } })
    expect(stats.memoryUsage).toBeGreaterThan(0)
  })

  test('can change its password as that page describes, without a failed call', async () => {
    const cacheWith = (password: string): RedisCacheManager =>
      new RedisCacheManager({
        redis: tcpTransport({ url: `redis://nearcache:${password}@127.0.0.1:${server.port}` }),
      })
    const [older, newer] = [cacheWith(PASSWORD), cacheWith('another')]
    await older.set('key', 1)

    await admin.request({ body: ['ACL', 'SETUSER', 'nearcache', '>another'] })
    await newer.set('key', 2)
    await admin.request({ body: ['ACL', 'SETUSER', 'nearcache', `<${PASSWORD}`] })
    await admin.request({ body: ['CLIENT', 'KILL', 'USER', 'nearcache'] })

    await newer.set('key', 3)
    await eventually(() =>
      expect(older.set('key', 4)).rejects.toMatchObject({ reason: 'WRONGPASS' }),
    )
    await expect(older.getOrSet('key', () => 'loaded')).resolves.toBe('loaded')
    await expect(newer.get('key')).resolves.toBe(3)

    await admin.request({ body: ['ACL', 'SETUSER', 'nearcache', `>${PASSWORD}`] })
    await eventually(() => older.set('key', 4))
    await Promise.all([older.close(), newer.close()])
  })

  test.each([
    ['names of others', ['GET', 'other:key']],
    ['the whole database', ['FLUSHALL']],
    ['the configuration', ['CONFIG', 'GET', '*']],
    ['a list of all keys', ['KEYS', '*']],
  ])('may not access %s', async (_what, body) => {
    const url = `redis://nearcache:${PASSWORD}@127.0.0.1:${server.port}`
    const transport = tcpTransport({ url })

    const answer = await transport.request({ body })

    await transport.close()
    expect(answer.error).toMatch(/^NOPERM/)
  })
})
