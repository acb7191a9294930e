import { beforeEach, describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'
import { type Data, KEY, type SessionBench, sessionBench } from './bench.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe('a session', () => {
  let bench: SessionBench
  beforeEach(() => {
    bench = sessionBench()
  })

  const create = (options = {}): Promise<string> =>
    bench.sessions.createSession('user-1', 'ada@example.com', options)
  const reasonFor = async (token: string): Promise<string> => {
    const validation = await bench.sessions.validate(token)
    return validation.ok ? 'ok' : validation.reason
  }

  test('is created in one command, and found by the returned id in one command', async () => {
    const data = { theme: 'dark', since: new Date(0) }
    const id = await create({ data, device: 'Firefox', ip: '192.0.2.1' })
    expect(bench.wire.counts).toEqual({ requests: 1, commands: 1 })

    bench.wire.reset()
    const session = await bench.sessions.getSession(id)

    expect(bench.wire.counts).toEqual({ requests: 1, commands: 1 })
    expect(session).toMatchObject({
      userId: 'user-1',
      userEmail: 'ada@example.com',
      state: 'active',
      data,
      device: 'Firefox',
      ip: '192.0.2.1',
      permissions: undefined,
      createdAt: bench.platform.now(),
      expiresAt: bench.platform.now() + DAY_MS,
      isSuperseded: false,
    })
  })

  test('whose creation was not confirmed is ended once Redis can be reached again, and is in no list', async () => {
    const { platform, wire } = bench
    const redis = faultyRequester(wire)
    const sessions = bench.another({ redis, retries: 0 })
    // The session is stored; then Redis does not answer for longer than the attempts to end it.
    redis.fate = () =>
      redis.requests.length === 1
        ? { kind: 'lose-reply', error: new Error('reset') }
        : { kind: 'hang' }
    await expect(sessions.createSession('user-1', 'ada@example.com')).rejects.toMatchObject({
      code: 'ERR_SESSION_UNAVAILABLE',
      applied: 'unknown',
    })
    await platform.advance(3_000)
    expect(await bench.sessions.listSessions('user-1')).toHaveLength(1)
    redis.fate = () => ({ kind: 'pass' })

    await platform.advance(30_000)
    await platform.settle()

    expect(await bench.sessions.listSessions('user-1')).toEqual([])
  })

  test('that was certainly not opened causes no request to end it', async () => {
    const redis = faultyRequester(bench.wire)
    const sessions = bench.another({ redis, retries: 0 })
    redis.fate = () => ({ kind: 'answer', answer: { error: 'NOAUTH Authentication required.' } })

    await expect(sessions.createSession('user-1', 'ada@example.com')).rejects.toMatchObject({
      applied: 'no',
    })
    await bench.platform.settle()

    expect(redis.requests).toHaveLength(1)
  })

  test('is not found by a text that is no session id, and Redis is not asked', async () => {
    const id = await create()
    bench.wire.reset()

    for (const text of ['', 'v1.k1.abc', `${id}A`, id.slice(1), id.replace('k1', 'k-1')]) {
      const found = bench.sessions.validate(text).catch((error: unknown) => error)
      expect(await found).toMatchObject(
        text.includes('k-1') ? { reason: 'unknown key' } : { ok: false, reason: 'malformed' },
      )
    }
    expect(bench.wire.counts.requests).toBe(0)
  })

  test.each([0, -1, 0.5, Number.NaN, '1y' as '1s'])(
    'with maxAge %s is refused with an error in seconds',
    async (maxAge) => {
      await expect(create({ maxAge })).rejects.toThrow(
        'Option "maxAge" must be a number of seconds from 1 to 315360000, or a text such as "24h"',
      )
    },
  )

  test('ends exactly after maxAge, given in seconds or as a text', async () => {
    const [inSeconds, inWords] = [await create({ maxAge: 3600 }), await create({ maxAge: '2h' })]

    await bench.platform.advance(HOUR_MS - 1)
    expect(await bench.sessions.getSession(inSeconds)).toBeDefined()
    await bench.platform.advance(1)

    expect(await reasonFor(inSeconds)).toBe('absent')
    expect(await reasonFor(inWords)).toBe('ok')
    await bench.platform.advance(HOUR_MS)
    expect(await reasonFor(inWords)).toBe('absent')
  })

  test('that slides lives as long as it is used, up to the absolute timeout', async () => {
    const id = await create({ maxAge: 3600, slidingExpiration: true, absoluteTimeout: '5h' })

    for (let step = 0; step < 9; step++) {
      await bench.platform.advance(HOUR_MS / 2)
      expect(await reasonFor(id), `step ${step}`).toBe('ok')
    }
    await bench.platform.advance(HOUR_MS / 2 - 1)
    expect(await reasonFor(id)).toBe('ok')
    await bench.platform.advance(1)
    expect(await reasonFor(id)).toBe('absent')
  })

  test('that slides ends when it has not been used for maxAge', async () => {
    const id = await create({ maxAge: 3600, slidingExpiration: true })
    await bench.platform.advance(HOUR_MS - 1)
    expect(await reasonFor(id)).toBe('ok')

    await bench.platform.advance(HOUR_MS)

    expect(await reasonFor(id)).toBe('absent')
  })

  test('expires by its own times even if Redis has lost the time to live', async () => {
    const id = await create({ maxAge: 3600, idleTimeout: '10m' })
    bench.raw('PERSIST', bench.keyOf('s'))

    await bench.platform.advance(600_000 - 1)
    expect(await bench.sessions.validate(id, { touch: false })).toMatchObject({ ok: true })
    await bench.platform.advance(1)

    expect(await reasonFor(id)).toBe('expired')
  })

  test('in use does not end where the touch interval is no shorter than its idle time', async () => {
    const sessions = bench.another({ touchInterval: '15m' })
    const id = await sessions.createSession('user-1', 'ada@example.com', { idleTimeout: '15m' })
    for (let minutes = 0; minutes < 60; minutes += 5) {
      await bench.platform.advance(300_000)
      expect(await sessions.validate(id)).toMatchObject({ ok: true })
    }

    await bench.platform.advance(900_000)

    expect(await reasonFor(id)).toBe('absent')
  })

  test('is not prolonged by a validation with touch: false', async () => {
    const id = await create({ maxAge: 3600, slidingExpiration: true })
    await bench.platform.advance(HOUR_MS / 2)
    expect(await bench.sessions.validate(id, { touch: false })).toMatchObject({ ok: true })

    await bench.platform.advance(HOUR_MS / 2)

    expect(await reasonFor(id)).toBe('absent')
  })

  test('ends when it is destroyed, and cannot be used again', async () => {
    const id = await create()

    expect(await bench.sessions.destroySession(id)).toBe(true)

    expect(await reasonFor(id)).toBe('revoked')
    expect(await bench.sessions.destroySession(id)).toBe(false)
    await expect(bench.sessions.updateSession(id, { n: 1 })).rejects.toMatchObject({
      code: 'ERR_SESSION_REFUSED',
      reason: 'revoked',
    })
    expect(await bench.sessions.listSessions('user-1')).toEqual([])
  })

  test('is ended by any of its tokens, however often it has been rotated since', async () => {
    const first = await create()
    let latest = first
    for (let i = 0; i < 3; i++) latest = (await bench.sessions.rotate(latest)).token
    await bench.platform.advance(HOUR_MS)

    expect(await bench.sessions.destroySession(first)).toBe(true)

    expect(await reasonFor(latest)).toBe('revoked')
  })

  test('keeps the fields an update does not name, and drops those set to undefined', async () => {
    const id = await create({ data: { a: 1, b: 2 } })

    const updated = await bench.sessions.updateSession(id, { b: undefined, c: 3 })

    expect(updated.data).toEqual({ a: 1, c: 3 })
    expect((await bench.sessions.getSession(id))?.data).toEqual({ a: 1, c: 3 })
  })

  test('loses none of fifty updates made at once', async () => {
    const id = await create({ data: { n: 0 } })
    const add = (data: Data): Data => ({ ...data, n: Number(data['n']) + 1 })

    await Promise.all([
      ...Array.from({ length: 25 }, () => bench.sessions.updateSession(id, add)),
      ...Array.from({ length: 25 }, (_, i) => bench.sessions.updateSession(id, { [`f${i}`]: i })),
    ])

    const { data = {} } = (await bench.sessions.getSession(id)) ?? {}
    expect(data['n']).toBe(25)
    expect(Object.keys(data)).toHaveLength(26)
  })

  test('is not restored by an update that was in progress when it was destroyed', async () => {
    const id = await create()
    const update = bench.sessions.updateSession(id, (data) => {
      bench.engine.execute(['DEL', bench.keyOf('i')])
      return { ...data, late: true }
    })

    await expect(update).rejects.toMatchObject({ reason: 'revoked' })
    expect(await reasonFor(id)).toBe('revoked')
  })

  test('changes its id by rotation: the old id is valid for the overlap, and has one successor', async () => {
    const id = await create({ data: { cart: 1 } })

    const [one, other] = await Promise.all([bench.sessions.rotate(id), bench.another().rotate(id)])

    expect(one.token).not.toBe(id)
    expect(other.token).toBe(one.token)
    expect(await bench.sessions.getSession(id)).toMatchObject({ isSuperseded: true })
    expect((await bench.sessions.rotate(id)).token).toBe(one.token)
    expect(await bench.sessions.getSession(one.token)).toMatchObject({
      isSuperseded: false,
      data: { cart: 1 },
    })
    await bench.platform.advance(30_000)
    expect(await reasonFor(id)).toBe('superseded')
    expect(await reasonFor(one.token)).toBe('ok')
  })

  test('with an overlap of 0 makes the old id invalid at once', async () => {
    const id = await create()

    const { token } = await bench.sessions.rotate(id, { overlap: 0 })

    expect([await reasonFor(id), await reasonFor(token)]).toEqual(['superseded', 'ok'])
  })

  test('that waits for a second factor is not valid until it is activated, under a new id', async () => {
    const id = await create({ state: 'pending', data: { challenge: 7 } })
    expect(await reasonFor(id)).toBe('pending')
    expect(await bench.sessions.getSession(id, { allow: ['pending'] })).toMatchObject({
      state: 'pending',
    })

    const { token, session } = await bench.sessions.activateSession(id, { challenge: undefined })

    expect(session).toMatchObject({ state: 'active', data: {} })
    expect([await reasonFor(id), await reasonFor(token)]).toEqual(['superseded', 'ok'])
    await expect(bench.sessions.activateSession(token)).rejects.toMatchObject({ reason: 'active' })
  })

  test('is activated once, however many calls are made at once', async () => {
    const id = await create({ state: 'pending' })

    const ended = await Promise.allSettled(
      Array.from({ length: 5 }, () => bench.sessions.activateSession(id)),
    )

    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('of a visitor becomes that of a user, under a new id, with its data', async () => {
    const before = await bench.sessions.createAnonymousSession({ data: { cart: ['tea'] } })
    expect(await reasonFor(before)).toBe('anonymous')

    const id = await create({ from: before, data: { locale: 'de' } })

    expect(await bench.sessions.getSession(id)).toMatchObject({
      userId: 'user-1',
      data: { cart: ['tea'], locale: 'de' },
    })
    expect(await reasonFor(before)).toBe('revoked')
  })

  test.each(['refuse', 'evict-oldest'] as const)(
    'that replaces another of the same user does not count towards the limit: %s',
    async (whenFull) => {
      const sessions = bench.another({ maxSessions: 2, whenFull })
      const login = async (options = {}): Promise<string> => {
        await bench.platform.advance(1_000)
        return sessions.createSession('user-1', 'ada@example.com', options)
      }
      const [first, second] = [await login(), await login()]

      const third = await login({ from: second })

      const validations = await Promise.all(
        [first, second, third].map((id) => sessions.validate(id)),
      )
      expect(validations.map(({ ok }) => ok)).toEqual([true, false, true])
      expect(await sessions.listSessions('user-1')).toHaveLength(2)
    },
  )

  test('that has expired is not counted as ended', async () => {
    await create({ maxAge: '1h' })
    const [{ id = '' } = {}] = await bench.sessions.listSessions('user-1')
    await create({ maxAge: '1h' })
    const last = await create({ maxAge: '3h' })
    await bench.platform.advance(2 * HOUR_MS)

    expect(await bench.sessions.revokeSession('user-1', id)).toBe(false)
    expect(await bench.sessions.revokeOthers(last)).toBe(0)
    expect(await bench.sessions.revokeAll('user-1')).toBe(1)
  })

  test('can replace one whose key is unknown here', async () => {
    const next = { id: 'k2', secret: '22'.repeat(32) }
    const before = await bench.another({ keys: [next] }).createSession('user-1', 'a@example.com')

    expect(await reasonFor(await create({ from: before }))).toBe('ok')
    await expect(bench.sessions.validate(before)).rejects.toMatchObject({ reason: 'unknown key' })
  })

  test.each(['user-1', 'user-2'])(
    'of %s replaces one whose token a thief has rotated',
    async (userId) => {
      const stolen = await create()
      const { token } = await bench.sessions.rotate(stolen)
      await bench.platform.advance(60_000)
      expect(await reasonFor(stolen)).toBe('superseded')

      await bench.sessions.createSession(userId, 'ada@example.com', { from: stolen })

      expect(await reasonFor(token)).toBe('revoked')
    },
  )

  test('of another user passes no data to the user who logs in after it', async () => {
    const other = await bench.sessions.createSession('user-2', 'b@example.com', {
      data: { pin: 1 },
    })

    const id = await create({ from: other })

    expect((await bench.sessions.getSession(id))?.data).toEqual({})
    expect(await reasonFor(other)).toBe('revoked')
  })

  test.each<[option: string, options: object]>([
    ['maxAge', { maxAge: 0 }],
    ['maxAge', { maxAge: 'soon' }],
    ['idleTimeout', { idleTimeout: '2d', maxAge: '1d' }],
    ['state', { state: 'anonymous' }],
    ['data', { data: [] }],
    ['options.maxage', { maxage: 1 }],
  ])('is not created with a bad %s', async (option, options) => {
    await expect(create(options)).rejects.toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
    expect(bench.wire.counts.requests).toBe(0)
  })
})

describe('SessionUserCache', () => {
  test.each<[option: string, options: object]>([
    ['redis', { redis: {} }],
    ['keys', { keys: [] }],
    ['keys', { keys: 'secret' }],
    ['keys[].secret', { keys: [{ id: 'a', secret: 'passphrase' }] }],
    ['nameKeys', { nameKeys: [] }],
    ['retiredKeys', { retiredKeys: 'k0' }],
    ['retiredKeys', { retiredKeys: [7] }],
    ['prefix', { prefix: 'a:b' }],
    ['namespace', { namespace: '' }],
    ['overlap', { overlap: '6m' }],
    ['fastPath', { fastPath: '61s' }],
    ['clockSkew', { clockSkew: '2m' }],
    ['maxSessions', { maxSessions: 0 }],
    ['whenFull', { whenFull: 'evict' }],
    ['maxAge', { maxAge: -1 }],
    ['retries', { retries: 11 }],
    ['maxActivity', { maxActivity: 1e6 }],
    ['slidingExpiration', { slidingExpiration: 1 }],
    ['options.sliding', { sliding: true }],
  ])('refuses a bad %s', (option, options) => {
    expect(() => sessionBench(options as never)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })

  test('shares the circuit breaker of a cache whose redis is passed as transport', async () => {
    const { sessions } = sessionBench()
    const { another, wire } = sessionBench()
    const sharing = another({ redis: sessions.redis, keys: [KEY] })
    await sharing.createSession('user-1', 'a@example.com')

    expect(sharing.redis).toBe(sessions.redis)
    expect(wire.counts.requests).toBe(0)
  })
})
