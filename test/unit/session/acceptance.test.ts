import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isNearcacheError } from '../../../src/errors.ts'
import { NameRing } from '../../../src/session/name-ring.ts'
import { mintToken } from '../../../src/session/token.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { KEY, type SessionBench, sessionBench } from './bench.ts'

const NEXT = { id: 'k2', secret: '22'.repeat(32), use: 'primary' as const }
const OLD = { ...KEY, use: 'decrypt-only' as const }
const EMAIL = 'ada@example.com'

describe('Acceptance:', () => {
  let bench: SessionBench
  beforeEach(() => {
    bench = sessionBench()
  })

  test('4: of a thousand requests in each touch interval, one writes', async ({ task }) => {
    const token = await bench.sessions.createSession('u', EMAIL, {
      maxAge: '1h',
      slidingExpiration: true,
    })
    const key = bench.keyOf('s')
    const seen = new Set<unknown>()
    const intervals = 10
    for (let i = 0; i < intervals * 1_000; i++) {
      await bench.sessions.getSession(token)
      seen.add(bench.raw('HGET', key, 't'))
      // The interval is a tenth of the hour, and a thousand requests fit into it.
      bench.platform.jump(360)
    }

    const touches = seen.size - 1
    found(task, 'touches of a sliding session', { requests: intervals * 1_000, intervals, touches })
    expect(touches).toBeLessThanOrEqual(intervals)
    expect(touches).toBeGreaterThanOrEqual(intervals - 1)
  })

  test.each([-300_000, -60_000, 60_000, 300_000])(
    '4: an isolate whose clock is off by %d ms makes no session live longer',
    async (skewMs) => {
      const { ManualPlatform } = await import('../../../src/testing/manual-platform.ts')
      const platform = new ManualPlatform()
      await platform.advance(600_000 + skewMs)
      await bench.platform.advance(600_000)
      const token = await bench.another({ platform }).createSession('u', EMAIL, { maxAge: 3600 })

      await bench.platform.advance(3_600_000 - 1)
      const last = await bench.sessions.validate(token)
      await bench.platform.advance(1)

      // A clock that is behind by more than a minute may end it earlier.
      expect(last.ok).toBe(skewMs >= -60_000)
      expect((await bench.sessions.validate(token)).ok).toBe(false)
    },
  )

  test('5: a session with any changed byte in Redis is refused, with a typed error or result', async ({
    task,
  }) => {
    const token = await bench.sessions.createSession('u', EMAIL, { data: { a: 1 } })
    await bench.sessions.cacheUserPermissions('u', ['p'])
    const key = bench.keyOf('s')
    let tried = 0
    let accepted = 0
    for (const [hash, field] of [
      [key, 'd'],
      [key, 'v'],
      [key, 'h'],
      [key, 's'],
      [key, 'i'],
      [key, 'e'],
      [bench.keyOf('u'), 'm'],
      [bench.keyOf('u'), 'e'],
    ] as const) {
      const text = String(bench.raw('HGET', hash, field))
      const changes = Array.from(text, (char, at) => {
        return `${text.slice(0, at)}${char === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
      })
      for (const changed of [...changes, '', text.slice(0, -1), `${text}A`, text.repeat(2)]) {
        bench.raw('HSET', hash, field, changed)
        tried++
        const ending = await bench.sessions.validate(token).catch((error: unknown) => error)
        if (isNearcacheError(ending)) continue
        if ((ending as { ok: boolean }).ok) accepted++
      }
      bench.raw('HSET', hash, field, text)
    }
    expect(await bench.sessions.validate(token)).toMatchObject({ ok: true })
    found(task, 'sessions tampered with', { tried, accepted })
    expect(accepted).toBe(0)
  })

  test('5: a record moved to another session is refused, and so is an older record of its own session', async () => {
    const [mine, theirs] = [
      await bench.sessions.createSession('u', EMAIL, { data: { mine: true } }),
      await bench.sessions.createSession('u', EMAIL, { data: { theirs: true } }),
    ]
    const ids = (await bench.sessions.listSessions('u')).map(({ id }) => id)
    const [one = '', other = ''] = (bench.raw('KEYS', 'nc:session:s:*') as string[]).toSorted()
    const before = bench.raw('HGET', one, 'd')
    bench.raw('HSET', other, 'd', String(before), 'v', String(bench.raw('HGET', one, 'v')))
    const ends = await Promise.all([mine, theirs].map((token) => bench.sessions.validate(token)))
    expect(ends.map((end) => (end.ok ? 'ok' : end.reason)).toSorted()).toEqual(['ok', 'tampered'])
    expect(ids).toHaveLength(2)

    const alive = ends[0]?.ok ? mine : theirs
    await bench.sessions.updateSession(alive, { newer: true })
    bench.raw('HSET', one, 'd', String(before))
    expect(await bench.sessions.validate(alive)).toEqual({ ok: false, reason: 'tampered' })
  })

  test('5: a refusal for tampering is reported to the listener, and deletes nothing', async () => {
    const refusals: unknown[] = []
    const listening = bench.another({
      onRefusal: (refusal) => {
        refusals.push(refusal)
        throw new Error('what a listener throws is its own')
      },
    })
    const token = await listening.createSession('u', EMAIL)
    const [{ id = '' } = {}] = await listening.listSessions('u')
    bench.raw('HSET', bench.keyOf('s'), 'd', 'nonsense')

    expect(await listening.validate(token)).toEqual({ ok: false, reason: 'tampered' })
    await listening.validate('nonsense')

    expect(refusals).toEqual([
      { reason: 'tampered', sessionId: id },
      { reason: 'malformed', sessionId: undefined },
    ])
    expect(bench.raw('EXISTS', bench.keyOf('s'))).toBe(1)
  })

  test('6: a rotation of both kinds of keys logs nobody out, and revocation reaches old names', async () => {
    const before = await bench.sessions.createSession('u', EMAIL, { data: { n: 1 } })
    const added = bench.another({
      keys: [
        { ...KEY, use: 'primary' },
        { ...NEXT, use: 'decrypt-only' },
      ],
    })
    expect(await added.getSession(before)).toBeDefined()

    const promoted = bench.another({ keys: [NEXT, OLD] })
    const after = await promoted.createSession('u', EMAIL)
    await promoted.updateSession(before, { n: 2 })

    expect(after).toMatch(/^v1\.k2\./)
    expect((await promoted.getSession(before))?.data).toEqual({ n: 2 })
    expect(
      String(bench.raw('HGET', (bench.raw('KEYS', '*:s:*') as string[])[0] ?? '', 'd')),
    ).toMatch(/^k2\./)
    // Isolates without the new primary key still find both.
    expect((await added.getSession(after))?.userId).toBe('u')
    expect(await promoted.listSessions('u')).toHaveLength(2)
    await promoted.cacheUserPermissions('u', ['p'])
    expect((await promoted.getSession(before))?.permissions).toEqual(['p'])
    expect(await promoted.revokeAll('u')).toBe(2)
    expect([await added.validate(before), await added.validate(after)]).toEqual([
      { ok: false, reason: 'revoked' },
      { ok: false, reason: 'revoked' },
    ])
  })

  test('6: an unknown key logs nobody out, a retired key does', async () => {
    const ahead = bench.another({ keys: [NEXT] })
    const token = await ahead.createSession('u', EMAIL)

    await expect(bench.sessions.validate(token)).rejects.toMatchObject({
      code: 'ERR_SESSION_UNAVAILABLE',
      reason: 'unknown key',
    })
    expect(await bench.another({ retiredKeys: ['k2'] }).validate(token)).toEqual({
      ok: false,
      reason: 'expired',
    })
  })

  test('6: names and values can have separate key rings', async () => {
    const apart = bench.another({ nameKeys: [{ id: 'n1', secret: '44'.repeat(32) }] })
    const token = await apart.createSession('u', EMAIL)

    expect(token).toMatch(/^v1\.n1\./)
    expect(await apart.getSession(token)).toBeDefined()
    expect(String(bench.raw('HGET', bench.keyOf('s'), 'd'))).toMatch(/^k1\./)
  })

  test('7: a change of role is seen by the next validation, and by the fast path within its bound', async () => {
    const token = await bench.sessions.createSession('u', EMAIL)
    await bench.sessions.cacheUserPermissions('u', ['admin'])
    const admin = await bench.sessions.getSession(token)
    if (admin === undefined) return expect.unreachable('the session is alive')
    const fast = (await bench.sessions.issueFastPath(token, admin)) ?? ''

    await bench.sessions.cacheUserPermissions('u', [])

    bench.wire.reset()
    expect((await bench.another().getSession(token))?.permissions).toEqual([])
    expect(bench.wire.counts).toEqual({ requests: 1, commands: 1 })
    expect((await bench.sessions.verifyFastPath(token, fast))?.permissions).toEqual(['admin'])
    expect(bench.wire.counts.requests).toBe(1)
    await bench.platform.advance(bench.sessions.fastPathBoundMs)
    expect(await bench.sessions.verifyFastPath(token, fast)).toBeUndefined()
  })

  test('7: a load in progress when a role changes is not stored', async () => {
    const gate = Promise.withResolvers<string[]>()
    const loading = bench.sessions.getUserPermissions('u', () => gate.promise)
    await bench.sessions.cacheUserPermissions('u', ['new'])
    gate.resolve(['old'])

    expect(await loading).toEqual(['old'])
    expect(await bench.sessions.getCachedUserPermissions('u')).toEqual(['new'])
    await bench.sessions.invalidateUser('u')
    expect(await bench.sessions.getCachedUserPermissions('u')).toBeUndefined()
  })

  test('revokeOthers keeps its own session, and none that is being created', async () => {
    const [mine, theirs] = [
      await bench.sessions.createSession('u', EMAIL),
      await bench.sessions.createSession('u', EMAIL),
    ]
    const ifEpoch = await bench.sessions.sessionEpoch('u')

    expect(await bench.sessions.revokeOthers(mine)).toBe(1)

    expect([
      (await bench.sessions.validate(mine)).ok,
      (await bench.sessions.validate(theirs)).ok,
    ]).toEqual([true, false])
    await expect(bench.sessions.createSession('u', EMAIL, { ifEpoch })).rejects.toMatchObject({
      reason: 'revoked',
    })
    await expect(bench.sessions.revokeOthers(theirs)).rejects.toMatchObject({ reason: 'revoked' })
  })

  test('the loss of any key of a user makes no session valid', async () => {
    for (const kind of ['s', 'u', 'i'] as const) {
      const lost = sessionBench()
      const token = await lost.sessions.createSession('u', EMAIL)
      lost.raw('DEL', lost.keyOf(kind))

      expect((await lost.sessions.validate(token)).ok, kind).toBe(false)
      await lost.sessions.createSession('u', EMAIL)
      expect((await lost.sessions.validate(token)).ok, kind).toBe(false)
      expect(await lost.sessions.listSessions('u')).toHaveLength(1)
    }
  })

  test('12: a million random tokens are all different, and have more than 128 random bits', ({
    task,
  }) => {
    const ring = new NameRing([KEY], 'session', 'keys')
    const home = ring.primary.homeOf('u')
    const tokens = amount(20_000, 1_000_000)
    const selectors = new Set<string>()
    const secrets = new Set<string>()
    for (let i = 0; i < tokens; i++) {
      const { id, secret } = mintToken(ring.primary, home, 0)
      selectors.add(id)
      secrets.add(secret)
    }

    found(task, 'tokens', { tokens, duplicates: 2 * tokens - selectors.size - secrets.size })
    expect([selectors.size, secrets.size]).toEqual([tokens, tokens])
  }, 600_000)

  test('12: malformed and guessed ids cost Redis nothing', async () => {
    const token = await bench.sessions.createSession('u', EMAIL)
    bench.wire.reset()
    for (let i = 0; i < 1_000; i++) {
      const guess = Buffer.from(crypto.getRandomValues(new Uint8Array(78))).toString('base64url')
      const validation = await bench.sessions.validate(`v1.k1.${guess}`)
      expect(validation).toEqual({ ok: false, reason: 'malformed' })
    }
    expect(bench.wire.counts.requests).toBe(0)
    expect(token).toHaveLength(`v1.k1.`.length + 104)
  })

  test('preferences are checked by their schema, when written and when read', async () => {
    const schema = z.object({ theme: z.enum(['dark', 'light']) })
    const typed = bench.another({ preferencesSchema: schema })
    await typed.cacheUserPreferences('u', { theme: 'dark' })
    expect(await typed.getCachedUserPreferences('u')).toEqual({ theme: 'dark' })

    await expect(typed.cacheUserPreferences('u', { theme: 'pink' })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
    })
    await bench.sessions.cacheUserPreferences('u', { theme: 'pink' })
    expect(await typed.getCachedUserPreferences('u')).toBeUndefined()
  })

  test('data that does not fit the schema is refused when written, and a session with older data when read', async () => {
    const typed = bench.another({ schema: z.object({ n: z.number() }) as never })
    await expect(typed.createSession('u', EMAIL, { data: { n: 'x' } })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
    })
    const token = await bench.sessions.createSession('u', EMAIL, { data: { other: 1 } })
    expect(await typed.validate(token)).toEqual({ ok: false, reason: 'outdated' })
    const large = { text: 'x'.repeat(70_000) }
    await expect(bench.sessions.updateSession(token, large)).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
    })
  })

  test('lastSeen is the last use of any session of the user', async () => {
    expect(await bench.sessions.lastSeen('u')).toBeUndefined()
    const token = await bench.sessions.createSession('u', EMAIL, {
      maxAge: '1h',
      slidingExpiration: true,
    })
    await bench.platform.advance(600_000)
    await bench.sessions.getSession(token)

    expect(await bench.sessions.lastSeen('u')).toBe(bench.platform.now())
    expect(await bench.sessions.listSessions('u')).toMatchObject([
      { lastSeenAt: bench.platform.now() },
    ])
    await bench.platform.advance(1_000)
    await bench.sessions.trackActivity('u', 'did')
    expect(await bench.sessions.lastSeen('u')).toBe(bench.platform.now())
  })
})
