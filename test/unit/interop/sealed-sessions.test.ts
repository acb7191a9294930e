import { beforeEach, describe, expect, test } from 'vitest'
import { isoTime } from '../../../src/entry/iso-time.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { betterAuthStorage, type SecondaryStorage } from '../../../src/interop/better-auth/index.ts'
import { expressSessionStore } from '../../../src/interop/express-session/index.ts'
import { HonoSessionsStore } from '../../../src/interop/hono-sessions/index.ts'
import { unstorageDriver } from '../../../src/interop/unstorage/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const keys = [{ id: 'k1', secret: '11'.repeat(32) }]

/** Stands for the class `Store` of express-session. */
abstract class Store {
  readonly isStore = true
  abstract get(id: string, callback: (error?: unknown, session?: object | null) => void): void
}

/** A store of another library, with texts like those of connect-redis. */
class FormerStore {
  readonly kept = new Map<string, string>()
  error: Error | undefined

  get(id: string, callback: (error?: unknown, session?: object | null) => void): void {
    if (this.error) callback(this.error)
    else callback(null, JSON.parse(this.kept.get(id) ?? 'null'))
  }

  destroy(id: string, callback: (error?: unknown) => void): void {
    this.kept.delete(id)
    callback(this.error)
  }

  clear(callback: (error?: unknown) => void): void {
    this.kept.clear()
    callback(this.error)
  }
}

describe('sealed sessions', () => {
  let platform: ManualPlatform
  let redis: Transport
  beforeEach(() => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
  })

  test('of express-session live as long as their cookie, in an instance of its Store', async () => {
    const store = expressSessionStore(Store, { redis, keys, platform })
    const cookie = { expires: { getTime: () => platform.now() + 5_000 } }
    await store.set('a', { cookie, user: 'ada' } as never)
    await store.set('b', { cookie: { expires: null } })

    expect(store.isStore).toBe(true)
    expect(await store.get('a')).toMatchObject({ user: 'ada' })
    await platform.advance(5_000)
    expect([await store.get('a'), await store.length()]).toEqual([undefined, 1])
    await platform.advance(86_400_000)
    expect(await store.ids()).toEqual([])
  })

  test('of express-session are passed to callbacks too, and so are failures', async () => {
    const store = expressSessionStore(Store, { redis, keys, platform })
    await store.set('a', { cookie: {} })
    const told: unknown[] = []
    await store.get('a', (error, session) => told.push(error, session))
    await redis.close()
    await store.get('a', (error) => told.push((error as { code: string }).code))

    expect(told).toEqual([undefined, { cookie: {} }, 'ERR_SESSION_UNAVAILABLE'])
    expect(() => expressSessionStore(Store, { redis, keys, ttl: 0 })).toThrow(InvalidOptionError)
  })

  test('of express-session move from the previous store, with their lifetimes', async () => {
    const from = new FormerStore()
    const store = expressSessionStore(Store, { redis, keys, platform, from })
    const expires = isoTime(platform.now() + 5_000)
    from.kept.set('a', JSON.stringify({ cookie: { expires }, user: 'ada' }))
    from.kept.set('over', JSON.stringify({ cookie: { expires: isoTime(platform.now() - 1) } }))

    expect(await store.get('a')).toMatchObject({ user: 'ada' })
    expect([await store.get('over'), await store.get('nobody')]).toEqual([undefined, undefined])
    from.kept.clear()
    expect(await store.get('a')).toMatchObject({ user: 'ada' })
    await platform.advance(5_000)
    expect(await store.get('a')).toBeUndefined()
  })

  test('of express-session that were only prolonged since their last write can be saved, and move', async () => {
    const from = new FormerStore()
    const store = expressSessionStore(Store, { redis, keys, platform, from })
    const cookie = () => ({ originalMaxAge: 90_000, expires: isoTime(platform.now() + 90_000) })
    from.kept.set('b', JSON.stringify({ cookie: cookie(), user: 'ben' }))
    await store.set('a', { cookie: cookie(), user: 'ada' } as never)
    for (let i = 0; i < 3; i++) {
      await platform.advance(60_000)
      await store.touch('a', { cookie: cookie() })
    }

    // `request.session.save()` in a request handler, which is before the cookie gets its new expiry.
    await store.set('a', (await store.get('a')) as never)

    expect(await store.get('a')).toMatchObject({ cookie: cookie(), user: 'ada' })
    expect(await store.get('b')).toMatchObject({ user: 'ben' })
    await platform.advance(90_000)
    expect([await store.get('a'), await store.length()]).toEqual([undefined, 0])
  })

  test('of express-session that change while they move keep the change', async () => {
    const from = new FormerStore()
    const store = expressSessionStore(Store, { redis, keys, platform, from })
    from.kept.set('a', JSON.stringify({ cookie: {}, cart: 0 }))
    const [asked, slow] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const late = expressSessionStore(Store, {
      ...{ redis, keys, platform },
      from: {
        get: async (id, callback) => {
          asked.resolve()
          await slow.promise
          from.get(id, callback)
        },
        destroy: (id, callback) => from.destroy(id, callback),
      },
    })

    const reading = late.get('a')
    await asked.promise
    await store.get('a')
    await store.set('a', { cookie: {}, cart: 1 } as never)
    slow.resolve()

    expect(await reading).toMatchObject({ cart: 1 })
    expect(await store.get('a')).toMatchObject({ cart: 1 })
  })

  test('of express-session that end while they move are ended in both', async () => {
    const from = new FormerStore()
    const store = expressSessionStore(Store, { redis, keys, platform, from })
    from.kept.set('a', JSON.stringify({ cookie: {}, user: 'ada' }))
    const held = from.kept.get('a') ?? ''

    await store.destroy('a')
    expect(from.kept.size).toBe(0)
    from.kept.set('a', held) // a request that was under way there saves it again
    expect(await store.get('a')).toBeUndefined()
  })

  test('of express-session that are all cleared are not restored by a request in progress', async () => {
    const from = new FormerStore()
    const store = expressSessionStore(Store, { redis, keys, platform, from })
    from.kept.set('a', JSON.stringify({ cookie: {}, user: 'ada' }))
    from.kept.set('b', JSON.stringify({ cookie: {}, user: 'ben' }))
    const session = await store.get('a')

    await store.clear()
    await store.set('a', session as never)
    expect([await store.get('a'), await store.get('b')]).toEqual([undefined, undefined])
    await platform.advance(600_000)
    expect([await store.get('a'), await store.length()]).toEqual([undefined, 0])
  })

  test('of express-session are not reported as missing while the previous store fails', async () => {
    const from = new FormerStore()
    const store = expressSessionStore(Store, { redis, keys, platform, from })
    from.error = new Error('away')

    await expect(store.get('a')).rejects.toBe(from.error)
    await expect(store.destroy('a')).rejects.toBe(from.error)
    await store.set('a', { cookie: {} })
    expect(await store.get('a')).toEqual({ cookie: {} })
  })

  test('of better-auth are listed while they exist, whatever list is written', async () => {
    const storage = betterAuthStorage({ redis, keys, platform })
    const list = 'active-sessions-u'
    const expiresAt = platform.now() + 3_600_000
    await Promise.all(
      ['a', 'b', 'c'].map(async (token) => {
        await storage.get(list)
        await storage.set(list, JSON.stringify([{ token, expiresAt }]), 3_600)
        await storage.set(token, `session ${token}`, 3_600)
      }),
    )
    const tokens = async (): Promise<string[]> =>
      (JSON.parse((await storage.get(list)) ?? '[]') as { token: string }[])
        .map(({ token }) => token)
        .toSorted()
    expect(await tokens()).toEqual(['a', 'b', 'c'])

    await storage.delete('a')
    await platform.advance(60_000)
    await storage.delete(list)
    expect(await tokens()).toEqual(['b', 'c'])
    await platform.advance(3_600_000)
    expect(await storage.get(list)).toBe(null)
  })

  test('of better-auth stay listed, and can be revoked, after a change of the keys', async () => {
    const changed = [
      { id: 'k2', secret: '22'.repeat(32), use: 'primary' },
      { ...keys[0], use: 'decrypt-only' },
    ] as never
    const [before, after] = [keys, changed].map((ring) =>
      betterAuthStorage({ redis, keys: ring, platform }),
    ) as [SecondaryStorage, SecondaryStorage]
    const list = 'active-sessions-u'
    const expiresAt = platform.now() + 3_600_000
    const tokens = async (): Promise<string[]> =>
      (JSON.parse((await after.get(list)) ?? '[]') as { token: string }[]).map(({ token }) => token)
    await before.set(list, JSON.stringify([{ token: 'a', expiresAt }]), 3_600)
    await before.set('a', 'session a', 3_600)
    await after.set(list, JSON.stringify([{ token: 'b', expiresAt: expiresAt + 1 }]), 3_600)
    await after.set('b', 'session b', 3_600)

    expect(await tokens()).toEqual(['a', 'b'])
    await after.delete('a')
    await platform.advance(60_000)
    expect(await tokens()).toEqual(['b'])
    expect(await before.get(list)).toBe(null)
  })

  test('of better-auth can count, and give a taken value to one caller', async () => {
    const storage = betterAuthStorage({ redis, keys, platform })
    await storage.set('code', '123456', 60)
    expect([await storage.getAndDelete('code'), await storage.getAndDelete('code')]).toEqual([
      '123456',
      null,
    ])
    expect([await storage.increment('n', 1), await storage.increment('n', 1)]).toEqual([1, 2])
    await platform.advance(1_000)
    expect(await storage.increment('n', 1)).toBe(1)
  })

  test('of hono-sessions are not restored by a late save', async () => {
    const store = new HonoSessionsStore({ redis, keys, platform })
    await store.createSession('a', { n: 1 })
    await store.persistSessionData('a', { n: 2 })
    expect(await store.getSessionById('a')).toEqual({ n: 2 })
    await store.deleteSession('a')
    await store.persistSessionData('a', { n: 3 })
    expect([await store.getSessionById('a'), await store.getSessionById()]).toEqual([null, null])
  })

  test('items of unstorage are listed by prefix, and live for their ttl', async () => {
    const driver = unstorageDriver({ redis, keys, platform, ttl: 60 })
    await driver.setItem('a:1', 'x')
    await driver.setItem('b:1', 'y', { ttl: 1 })
    expect((await driver.getKeys()).toSorted()).toEqual(['a:1', 'b:1'])
    await platform.advance(1_000)
    expect([await driver.hasItem('b:1'), await driver.getItem('a:1')]).toEqual([false, 'x'])
    await driver.clear('a:')
    expect(await driver.getKeys()).toEqual([])
  })

  test('items of unstorage with a ttl of 0 are kept, as by its own drivers', async () => {
    const driver = unstorageDriver({ redis, keys, platform, ttl: 60 })
    await driver.setItem('a', 'x', { ttl: 0 })
    await driver.setItem('b', 'y')

    await platform.advance(60_000)

    expect(await driver.getKeys()).toEqual(['a'])
  })
})
