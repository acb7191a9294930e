import { Redis } from 'ioredis'
import { beforeEach, expect, test } from 'vitest'
import type { Command } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { SessionUserCache } from '../../src/session/index.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const KEYS = [{ id: 'k1', secret: '5e'.repeat(32) }]
const USER_ID = 'user-SENTINEL-1'
const EMAIL = 'ada.SENTINEL@example.com'
const PARALLEL = 100

describeWithRedis('Acceptance, on a redis-server:', () => {
  const suite = suiteRedis()
  const { send } = suite
  let sessions: SessionUserCache

  beforeEach(async () => {
    await send('FLUSHALL')
    await send('CONFIG', 'RESETSTAT')
    sessions = new SessionUserCache({ redis: suite.redis, keys: KEYS, deadline: '10s' })
  })

  /** All keys with their contents, as one text. */
  async function dump(): Promise<{ readonly keys: number; readonly text: string }> {
    const keys = (await send('KEYS', '*')) as string[]
    const parts: unknown[] = []
    for (const key of keys) {
      const type = await send('TYPE', key)
      const value = type === 'hash' ? ['HGETALL', key] : ['ZRANGE', key, 0, -1, 'WITHSCORES']
      parts.push(key, type, await send(...(value as unknown as Command)))
    }
    return { keys: keys.length, text: JSON.stringify(parts) }
  }

  test('1: a dump after the use of every feature contains no e-mail, user id, token, secret or payload', async ({
    task,
  }) => {
    const data = { card: 'SENTINEL-card', nested: ['SENTINEL-nested'] }
    const before = await sessions.createAnonymousSession({ data: { cart: 'SENTINEL-cart' } })
    const token = await sessions.createSession(USER_ID, EMAIL, {
      ...{ from: before, data, device: 'SENTINEL-device', ip: '192.0.2.77' },
      trackActivity: true,
    })
    await sessions.updateSession(token, { more: 'SENTINEL-more' })
    const { token: rotated } = await sessions.rotate(token)
    const pending = await sessions.createSession(USER_ID, EMAIL, { state: 'pending' })
    await sessions.cacheUserData(USER_ID, { name: 'SENTINEL-name' })
    await sessions.cacheUserPreferences(USER_ID, { theme: 'SENTINEL-theme' })
    await sessions.cacheUserPermissions(USER_ID, ['SENTINEL:write'])
    await sessions.trackActivity(USER_ID, 'SENTINEL-action', { at: 'SENTINEL-place' })
    const info = await sessions.listSessions(USER_ID)
    const { session } = await sessions.openSession(USER_ID, EMAIL)
    await sessions.revokeSession(USER_ID, session.id)
    await sessions.destroySession(pending)

    const { keys, text } = await dump()

    found(task, 'a dump of sessions', { keys, bytes: text.length, 'readable texts': 0 })
    expect(info).toHaveLength(2)
    expect(keys).toBeGreaterThanOrEqual(6)
    const secret = /SENTINEL|example\.com|192\.0\.2|Firefox|5e5e5e/
    expect(text).not.toMatch(secret)
    const decoded = [...text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)].map(([part]) =>
      Buffer.from(part, 'base64').toString('latin1'),
    )
    expect(decoded.join('\n')).not.toMatch(secret)
    for (const one of [before, token, rotated, pending]) {
      const [, , body = ''] = one.split('.')
      for (const part of [one, body.slice(20, 52), body.slice(-44)])
        expect(text).not.toContain(part)
    }
  })

  test('1: all keys of a user are in one hash slot', async () => {
    await sessions.createSession(USER_ID, EMAIL, { trackActivity: true })
    await sessions.trackActivity(USER_ID, 'did')
    await sessions.cacheUserData(USER_ID, {})

    const keys = (await send('KEYS', '*')) as string[]
    const tags = new Set(keys.map((key) => /\{([^}]+)\}/.exec(key)?.[1]))

    expect(keys).toHaveLength(4)
    expect(tags.size).toBe(1)
  })

  test('2: a hundred sessions created in parallel are all listed, and none is valid after revokeAll', async () => {
    const tokens = await Promise.all(
      Array.from({ length: PARALLEL }, () => sessions.createSession(USER_ID, EMAIL)),
    )
    expect(await sessions.listSessions(USER_ID)).toHaveLength(PARALLEL)

    expect(await sessions.revokeAll(USER_ID)).toBe(PARALLEL)

    const valid = await Promise.all(tokens.map((token) => sessions.getSession(token)))
    expect(valid.filter(Boolean)).toEqual([])
    expect(await sessions.listSessions(USER_ID)).toEqual([])
  })

  test('2: no session whose creation or refresh began before revokeAll returned survives it', async ({
    task,
  }) => {
    const rounds = amount(20, 200)
    let late = 0
    for (let round = 0; round < rounds; round++) {
      const ifEpoch = await sessions.sessionEpoch(USER_ID)
      const old = await sessions.createSession(USER_ID, EMAIL)
      const creates = Array.from({ length: 5 }, () =>
        sessions.createSession(USER_ID, EMAIL, { ifEpoch }).catch(() => undefined),
      )
      const refreshes = [
        sessions.rotate(old).then(
          ({ token }) => token,
          () => undefined,
        ),
        sessions.updateSession(old, { round }).then(
          () => old,
          () => undefined,
        ),
      ]
      const revoked = sessions.revokeAll(USER_ID)
      const rivals = Array.from({ length: 5 }, () =>
        sessions.createSession(USER_ID, EMAIL, { ifEpoch }).catch(() => undefined),
      )
      await revoked
      const all = await Promise.all([...creates, ...refreshes, ...rivals])
      for (const token of [old, ...all].filter((one) => one !== undefined)) {
        if (await sessions.getSession(token)) late++
      }
    }

    found(task, 'sessions in flight at a revocation', { rounds, survivors: late })
    expect(late).toBe(0)
  })

  test('3: fifty concurrent updates are all kept, and an update after destroySession restores nothing', async () => {
    const token = await sessions.createSession(USER_ID, EMAIL, { data: { n: 0 } })
    await Promise.all(
      Array.from({ length: 50 }, () =>
        sessions.updateSession(token, ({ n }) => ({ n: Number(n) + 1 })),
      ),
    )
    expect((await sessions.getSession(token))?.data).toEqual({ n: 50 })

    const other = new SessionUserCache({ redis: suite.redis, keys: KEYS, deadline: '10s' })
    const saves = Array.from({ length: 20 }, (_, i) =>
      sessions.updateSession(token, { [`late${i}`]: i }).catch((error: unknown) => error),
    )
    await other.destroySession(token)
    await Promise.all(saves)

    expect(await other.validate(token)).toEqual({ ok: false, reason: 'revoked' })
    expect(await other.listSessions(USER_ID)).toEqual([])
  })

  test('4: a thousand requests of a sliding session cause one write, and each is one command', async ({
    task,
  }) => {
    const token = await sessions.createSession(USER_ID, EMAIL, {
      maxAge: '1h',
      slidingExpiration: true,
    })
    const [key = ''] = (await send('KEYS', 'nc:session:s:*')) as string[]
    await send('HSET', key, 't', Date.now() - 600_000)
    await send('CONFIG', 'RESETSTAT')

    for (let i = 0; i < 1_000; i++) await sessions.getSession(token)

    const stats = String(await send('INFO', 'commandstats'))
    const calls = (name: string): number =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
    const touches = calls('pexpire')
    found(task, 'a sliding session', { requests: 1_000, evalsha: calls('evalsha'), touches })
    expect(calls('evalsha')).toBe(1_000)
    expect(touches).toBe(1)
    expect([calls('hset'), calls('zadd')]).toEqual([2, 1])
  })

  test.each<[policy: 'evict-oldest' | 'refuse', kept: number]>([
    ['evict-oldest', 3],
    ['refuse', 3],
  ])(
    'concurrent creations never exceed the maximal number of sessions of a user: %s',
    async (whenFull, kept) => {
      const limited = new SessionUserCache({
        redis: suite.redis,
        keys: KEYS,
        deadline: '10s',
        maxSessions: 3,
        whenFull,
      })

      const ended = await Promise.allSettled(
        Array.from({ length: 20 }, () => limited.createSession(USER_ID, EMAIL)),
      )

      const tokens = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      expect(tokens).toHaveLength(whenFull === 'refuse' ? kept : 20)
      const alive = await Promise.all(tokens.map((token) => limited.getSession(token)))
      expect(alive.filter(Boolean)).toHaveLength(kept)
      expect(await limited.listSessions(USER_ID)).toHaveLength(kept)
    },
  )

  test('keeps all of fifty concurrently tracked actions, and the latest ones in order', async () => {
    const options = { keys: KEYS, maxActivity: 50, deadline: '10s' } as const
    const bounded = new SessionUserCache({ redis: suite.redis, ...options })
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => bounded.trackActivity(USER_ID, 'first', i)),
    )
    const { activities } = await bounded.getUserActivity(USER_ID, { limit: 50 })
    expect(new Set(activities.map(({ meta }) => meta)).size).toBe(50)

    for (let i = 0; i < 30; i++) await bounded.trackActivity(USER_ID, 'then', i)

    const page = await bounded.getUserActivity(USER_ID, { limit: 20 })
    const next = await bounded.getUserActivity(USER_ID, { limit: 20, cursor: page.cursor ?? '' })
    const last = await bounded.getUserActivity(USER_ID, { limit: 20, cursor: next.cursor ?? '' })
    expect(page.activities.map(({ meta }) => meta)).toEqual(
      Array.from({ length: 20 }, (_, i) => 29 - i),
    )
    expect(next.activities.slice(0, 10).map(({ action, meta }) => `${action} ${meta}`)).toEqual(
      Array.from({ length: 10 }, (_, i) => `then ${9 - i}`),
    )
    expect([last.activities.length, last.cursor]).toEqual([10, undefined])

    const client = new Redis(suite.server.url, { protocol: 3 })
    const overResp3 = new SessionUserCache({ redis: tcpTransport({ client }), ...options })
    expect(await overResp3.getUserActivity(USER_ID, { limit: 20 })).toEqual(page)
    client.disconnect()
  })
})
