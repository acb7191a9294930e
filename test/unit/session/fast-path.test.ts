import { beforeEach, describe, expect, test } from 'vitest'
import { Cipher } from '../../../src/entry/cipher.ts'
import { FastPath } from '../../../src/session/fast-path.ts'
import type { Session } from '../../../src/session/session.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const KEYS = [{ id: 'k1', secret: '11'.repeat(32) }]
const TTL_MS = 30_000
const SKEW_MS = 5_000
const TOKEN = 'the session token'
/** The part of an accepted token's content that these tests check. */
const BELIEVED = { id: '0mbx000000name-of-the-session-22c', userId: 'user-1' }

describe('FastPath', () => {
  let platform: ManualPlatform
  let fastPath: FastPath

  const make = (ttlMs: number, keys = KEYS, clock = platform): FastPath =>
    new FastPath({
      platform: clock,
      cipher: new Cipher(keys),
      namespace: 'session',
      ttlMs,
      skewMs: SKEW_MS,
    })

  function session(changes: Partial<Session> = {}): Session {
    const now = platform.now()
    return {
      id: '0mbx000000name-of-the-session-22c',
      userId: 'user-1',
      userEmail: 'ada@example.com',
      state: 'active',
      data: {},
      permissions: ['mail:read'],
      epoch: 'hard.soft',
      device: undefined,
      ip: undefined,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + 3_600_000,
      absoluteExpiresAt: now + 3_600_000,
      validatedAt: now,
      isSuperseded: false,
      ...changes,
    }
  }

  async function issue(of = session()): Promise<string> {
    const issued = await fastPath.issue(TOKEN, of)
    return issued ?? expect.unreachable('a token was expected')
  }

  beforeEach(() => {
    platform = new ManualPlatform()
    fastPath = make(TTL_MS)
  })

  test('accepts its tokens until their time is over, and not a millisecond longer', async () => {
    const issued = await issue()

    expect(await fastPath.verify(TOKEN, issued)).toEqual({
      id: session().id,
      userId: 'user-1',
      permissions: ['mail:read'],
      epoch: 'hard.soft',
      validatedAt: platform.now(),
      expiresAt: platform.now() + TTL_MS,
    })
    await platform.advance(TTL_MS - 1)
    expect(await fastPath.verify(TOKEN, issued)).toBeDefined()
    await platform.advance(1)
    expect(await fastPath.verify(TOKEN, issued)).toBeUndefined()
  })

  test('counts its time from when Redis was asked, not from when the token was made', async () => {
    const validated = session()
    await platform.advance(TTL_MS - 1)

    const issued = await issue(validated)
    await platform.advance(1)

    expect(await fastPath.verify(TOKEN, issued)).toBeUndefined()
    expect(await fastPath.issue(TOKEN, validated)).toBeUndefined()
  })

  test('never accepts a token longer than its session lives', async () => {
    const issued = await issue(session({ expiresAt: platform.now() + 1_000 }))

    await platform.advance(1_000)

    expect(await fastPath.verify(TOKEN, issued)).toBeUndefined()
  })

  test.each<[what: string, changes: Partial<Session>]>([
    ['that still needs a second factor', { state: 'pending' }],
    ['that is anonymous', { state: 'anonymous' }],
    ['whose token has a successor', { isSuperseded: true }],
    ['with more permissions than a cookie holds', { permissions: ['p'.repeat(3_000)] }],
  ])('issues none for a session %s', async (_what, changes) => {
    expect(await fastPath.issue(TOKEN, session(changes))).toBeUndefined()
  })

  test('contains nothing readable of the user', async () => {
    const issued = await issue()
    const [, , , sealed = ''] = issued.split('.')

    expect(issued + Buffer.from(sealed, 'base64url').toString('latin1')).not.toMatch(
      /user|ada|mail/,
    )
  })

  test('is refused with another session token', async () => {
    expect(await fastPath.verify('another token', await issue())).toBeUndefined()
  })

  test('is refused if any of its characters is changed', async () => {
    const issued = await issue()
    for (let at = 0; at < issued.length; at++) {
      const changed = `${issued.slice(0, at)}${issued[at] === 'A' ? 'B' : 'A'}${issued.slice(at + 1)}`

      expect(await fastPath.verify(TOKEN, changed), `character ${at}`).toBeUndefined()
    }
  })

  test.each(['', 'f1', 'f1.k1.0.', 'f2.k1.1.AAAA', 'A'.repeat(1_000_000)])(
    'refuses a text that was never issued',
    async (text) => {
      expect(await fastPath.verify(TOKEN, text)).toBeUndefined()
    },
  )

  describe('in an isolate whose clock is set back,', () => {
    let backMs: number
    let clock: ManualPlatform
    let isolate: FastPath

    beforeEach(async () => {
      backMs = 0
      clock = Object.create(platform, { now: { value: () => platform.now() - backMs } })
      isolate = make(TTL_MS, KEYS, clock)
      await platform.advance(3_600_000)
    })

    test('a token that has expired is not accepted again', async () => {
      const issued = await issue()
      await platform.advance(TTL_MS + SKEW_MS)
      expect(await isolate.verify(TOKEN, issued)).toBeUndefined()

      backMs = TTL_MS

      expect(await isolate.verify(TOKEN, issued)).toBeUndefined()
    })

    test('an older token is not accepted when the clock has caught up, and a newer one is', async () => {
      const issued = await issue()
      await platform.advance(10_000)
      expect(await isolate.verify(TOKEN, issued)).toMatchObject(BELIEVED)

      backMs = 3_600_000
      expect(await isolate.verify(TOKEN, issued)).toBeUndefined()
      await platform.advance(backMs - 5_000)
      expect(await isolate.verify(TOKEN, issued)).toBeUndefined()
      await platform.advance(5_000)

      const now = clock.now()
      const later = await isolate.issue(
        TOKEN,
        session({ validatedAt: now, expiresAt: now + 1_000 }),
      )
      expect(await isolate.verify(TOKEN, later ?? '')).toMatchObject(BELIEVED)
    })

    test('a token is accepted if the clock moved by no more than the skew', async () => {
      await isolate.verify(TOKEN, await issue())

      backMs = SKEW_MS

      expect(await isolate.verify(TOKEN, await issue())).toMatchObject(BELIEVED)
    })
  })

  test('is refused by an isolate whose clock is further behind than the skew', async () => {
    await platform.advance(100_000)
    const issued = await issue()
    const behind = new ManualPlatform()
    await behind.advance(100_000 - SKEW_MS - 1)
    const late = make(TTL_MS, KEYS, behind)

    expect(await late.verify(TOKEN, issued)).toBeUndefined()
    await behind.advance(1)
    expect(await late.verify(TOKEN, issued)).toBeDefined()
  })

  test('is accepted with every key of the ring, and with no other', async () => {
    const issued = await issue()
    const next = { id: 'k2', secret: '22'.repeat(32), use: 'primary' as const }
    const rotated = make(TTL_MS, [next, { ...KEYS[0], use: 'decrypt-only' } as never])

    expect(await rotated.verify(TOKEN, issued)).toBeDefined()
    expect(await make(TTL_MS, [next]).verify(TOKEN, issued)).toBeUndefined()
    expect(await rotated.issue(TOKEN, session())).toMatch(/^f1\.k2\./)
  })

  test('can be off: no token is issued, and none accepted', async () => {
    const issued = await issue()
    const off = make(0)

    expect(await off.issue(TOKEN, session())).toBeUndefined()
    expect(await off.verify(TOKEN, issued)).toBeUndefined()
    expect([off.boundMs, fastPath.boundMs]).toEqual([0, TTL_MS + SKEW_MS])
  })
})
