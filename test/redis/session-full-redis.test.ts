import { afterAll, beforeAll, expect, test } from 'vitest'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { SealedStore, SessionUserCache } from '../../src/session/index.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const KEYS = [{ id: 'k1', secret: '11'.repeat(32) }]

describeWithRedis('With a Redis that is full and evicts nothing, a user with a session', () => {
  let server: RedisServer
  let redis: ReturnType<typeof tcpTransport>
  let sessions: SessionUserCache
  let store: SealedStore
  let tokens: readonly [string, string, string]
  beforeAll(async () => {
    server = await startRedisServer(['--maxmemory-policy', 'noeviction'])
    redis = tcpTransport({ url: server.url })
    sessions = new SessionUserCache({ redis, keys: KEYS, deadline: '10s' })
    store = new SealedStore({ redis, keys: KEYS, deadline: '10s' })
    const login = (): Promise<string> => sessions.createSession('user-1', 'ada@example.com')
    tokens = [await login(), await login(), await login()]
    await store.put('kept', { userId: 'user-1' })
    await redis.request({ path: [], body: ['CONFIG', 'SET', 'maxmemory', '1'] })
  })
  afterAll(async () => {
    await redis.close()
    await server.stop()
  })

  test('stays logged in', async () => {
    expect(await sessions.getSession(tokens[0])).toMatchObject({ userId: 'user-1' })
    expect(await store.get('kept')).toEqual({ userId: 'user-1' })
  })

  test('can log out, and can be logged out of one session or of all', async () => {
    const [one, other, third] = tokens
    await sessions.destroySession(one)
    await sessions.revokeSession('user-1', (await sessions.getSession(other))?.id ?? '')
    expect(await sessions.validate(one)).toEqual({ ok: false, reason: 'revoked' })
    expect(await sessions.validate(other)).toEqual({ ok: false, reason: 'revoked' })

    await sessions.revokeAll('user-1')

    expect(await sessions.validate(third)).toEqual({ ok: false, reason: 'revoked' })
  })

  test('can log out of the SealedStore that other session libraries use', async () => {
    await store.end('kept')

    expect(await store.get('kept')).toBeUndefined()
  })
})
