import { beforeEach, describe, expect, test } from 'vitest'
import { KEY, type SessionBench, sessionBench } from './bench.ts'

const EMAIL = 'ada@example.com'
const NEXT = { id: 'k2', secret: '22'.repeat(32) } as const

describe('a change of the keys of values alone', () => {
  let bench: SessionBench
  let token: string

  beforeEach(async () => {
    bench = sessionBench({ nameKeys: [{ id: 'n1', secret: '33'.repeat(32) }] })
    token = await bench.sessions.createSession('u', EMAIL)
    await bench.sessions.cacheUserPermissions('u', ['read'])
  })

  test('sessions under a retired key count as expired, not as tampered with', async () => {
    const after = bench.another({ keys: [NEXT], retiredKeys: ['k1'] })

    expect(await after.validate(token)).toEqual({ ok: false, reason: 'expired' })
  })

  test('permissions under a retired key count as absent, and prevent no login', async () => {
    const after = bench.another({ keys: [NEXT], retiredKeys: ['k1'] })

    const { token: later, session } = await after.openSession('u', EMAIL)

    expect(session.permissions).toBeUndefined()
    expect(await after.validate(later)).toMatchObject({ ok: true })
    expect(await after.getUserPermissions('u', async () => ['audit'])).toEqual(['audit'])
    expect((await after.getSession(later))?.permissions).toEqual(['audit'])
  })

  test('a login that rejects, because the permissions are under a key that is unknown here, leaves no session', async () => {
    const ahead = bench.another({
      keys: [
        { ...NEXT, use: 'primary' },
        { ...KEY, use: 'decrypt-only' },
      ],
    })
    await ahead.changePermissions('u', ['read', 'write'])

    const login = bench.sessions.createSession('u', EMAIL)

    await expect(login).rejects.toMatchObject({ reason: 'unknown key' })
    await bench.platform.advance(0)
    expect(await ahead.listSessions('u')).toHaveLength(1)
  })
})
