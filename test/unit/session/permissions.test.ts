import { beforeEach, describe, expect, test } from 'vitest'
import { type SessionBench, sessionBench } from './bench.ts'

const EMAIL = 'ada@example.com'

describe('changePermissions', () => {
  let bench: SessionBench
  let token: string

  beforeEach(async () => {
    bench = sessionBench()
    token = await bench.sessions.createSession('u', EMAIL)
    await bench.sessions.cacheUserPermissions('u', ['read', 'write'])
  })

  test('is seen by every validation that starts after it has returned, with a new epoch', async () => {
    const before = await bench.sessions.getSession(token)

    await bench.sessions.changePermissions('u', ['read'])

    const after = await bench.another().getSession(token)
    expect(after?.permissions).toEqual(['read'])
    expect(after?.epoch).not.toBe(before?.epoch)
  })

  test('without permissions lets them be loaded again', async () => {
    await bench.sessions.changePermissions('u')

    expect((await bench.sessions.getSession(token))?.permissions).toBeUndefined()
    const loaded = await bench.sessions.getUserPermissions('u', async () => ['audit'])
    expect(loaded).toEqual(['audit'])
  })

  test('drops the data of the user, which may contain a role, and keeps the preferences', async () => {
    await bench.sessions.cacheUserData('u', { role: 'admin' })
    await bench.sessions.cacheUserPreferences('u', { theme: 'dark' })

    await bench.sessions.changePermissions('u', ['read'])

    expect(await bench.sessions.getCachedUserData('u')).toBeUndefined()
    expect(await bench.sessions.getCachedUserPreferences('u')).toEqual({ theme: 'dark' })
  })

  test('stores nothing of a load in progress', async () => {
    const role = Promise.withResolvers<{ role: string }>()
    const permissions = Promise.withResolvers<readonly string[]>()
    await bench.sessions.invalidateUser('u')
    const loads = [
      bench.sessions.getUserData('u', () => role.promise),
      bench.sessions.getUserPermissions('u', () => permissions.promise),
    ]
    await bench.sessions.lastSeen('u') // both loads have begun

    await bench.sessions.changePermissions('u', ['read'])
    role.resolve({ role: 'admin' })
    permissions.resolve(['read', 'write'])
    await Promise.all(loads)

    expect(await bench.sessions.getCachedUserData('u')).toBeUndefined()
    expect(await bench.sessions.getCachedUserPermissions('u')).toEqual(['read'])
  })

  test('calls and awaits all listeners, after validations see the change', async () => {
    const seen: unknown[] = []
    const slow = Promise.withResolvers<void>()
    bench.sessions.onPermissionChange(async (userId) => {
      seen.push([userId, (await bench.sessions.getSession(token))?.permissions])
    })
    bench.sessions.onPermissionChange(() => slow.promise)
    let isDone = false

    const change = bench.sessions.changePermissions('u', ['read']).then(() => {
      isDone = true
    })
    await bench.platform.advance(1)
    expect([seen, isDone]).toEqual([[['u', ['read']]], false])
    slow.resolve()
    await change

    expect(isDone).toBe(true)
  })

  test('rejects with the error of a listener after all were called, and succeeds when called again', async () => {
    const failure = new Error('The list is away')
    let isAway = true
    const told: string[] = []
    bench.sessions.onPermissionChange(() => (isAway ? Promise.reject(failure) : undefined))
    bench.sessions.onPermissionChange(() => {
      told.push('other')
      throw new Error('at once')
    })
    const end = bench.sessions.onPermissionChange(async () => told.push('third'))

    await expect(bench.sessions.changePermissions('u', ['read'])).rejects.toBe(failure)
    isAway = false
    end()
    await expect(bench.sessions.changePermissions('u', ['read'])).rejects.toThrow('at once')

    expect(told).toEqual(['other', 'third', 'other'])
    expect((await bench.sessions.getSession(token))?.permissions).toEqual(['read'])
  })

  test('calls no listener if the permissions cannot be stored', async () => {
    const told: string[] = []
    bench.sessions.onPermissionChange(async (userId) => told.push(userId))

    const change = bench.sessions.changePermissions('u', [1] as never)

    await expect(change).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
    expect(told).toEqual([])
  })
})
