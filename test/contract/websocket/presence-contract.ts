/**
 * Contract of a `WebSocketCache`, on any Redis. Runtime-neutral.
 *
 * @module
 */

import { WebSocketCache, type WebSocketCacheOptions } from 'nearcache/websocket'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Transport } from '../../../src/redis/requester.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'

/** Connects to an empty Redis. */
export type MakeRedis = () => Transport | Promise<Transport>

const SECRET = '5e'.repeat(32)
const SEALED = {
  hashKeys: { secret: SECRET },
  encryption: { keys: [{ id: 'k1', secret: SECRET }] },
}

/** Registers the contract's tests, with readable and with encrypted names and values. */
export function describeWebSocketCache(name: string, makeRedis: MakeRedis): void {
  describe.each([
    ['in clear', {}],
    ['sealed', SEALED],
  ])(`WebSocketCache on ${name}, %s:`, (_name, options) => {
    contract(makeRedis, options)
  })
}

function contract(makeRedis: MakeRedis, base: Partial<WebSocketCacheOptions>): void {
  let redis: ReturnType<typeof countingTransport>
  let cache: WebSocketCache
  const another = (options: Partial<WebSocketCacheOptions> = {}): WebSocketCache =>
    new WebSocketCache({ redis, deadline: '15s', ...base, ...options })

  beforeEach(async () => {
    redis = countingTransport(await makeRedis())
    cache = another()
  })
  afterEach(() => redis.close())

  test('every process sees a connection as it was recorded', async () => {
    const data = { device: 'Firefox', since: new Date(0) }

    expect(await cache.cacheConnection('1.1', { userId: 'ada', data, rooms: ['hall'] })).toBe(true)

    const found = await another({ node: 'other' }).getConnection('1.1')
    expect(found).toMatchObject({
      connectionId: '1.1',
      userId: 'ada',
      node: 'default',
      data,
      rooms: ['hall'],
    })
    expect(found?.expiresAt).toBe((found?.connectedAt ?? 0) + 180_000)
    expect(await cache.getConnection('1.2')).toBeUndefined()
  })

  test('a connection that is removed leaves its rooms, and its user goes offline', async () => {
    await cache.cacheConnection('1.1', { userId: 'ada', rooms: ['hall', 'attic'] })

    expect(await cache.removeConnection('1.1')).toBe(true)

    expect(await cache.removeConnection('1.1')).toBe(false)
    expect(await cache.getConnection('1.1')).toBeUndefined()
    expect(await cache.getUserConnections('ada')).toEqual([])
    expect(await cache.updateConnectionActivity('1.1')).toBe(false)
    expect(await cache.addConnectionToRoom('1.1', 'hall')).toBe(false)
    for (const room of ['hall', 'attic']) {
      expect(await cache.getRoomPresence(room)).toMatchObject({ count: 0, connections: 0 })
    }
    expect(await cache.getUserPresence('ada')).toMatchObject({ status: 'offline', connections: 0 })
  })

  test('a user with many connections is in a room once, until the last of them leaves', async () => {
    for (const id of ['1.1', '1.2', '1.3']) await cache.cacheConnection(id, { userId: 'ada' })
    await cache.cacheConnection('2.1', { userId: 'bob' })
    for (const id of ['1.1', '1.2', '2.1']) {
      expect(await cache.addConnectionToRoom(id, 'hall')).toBe(true)
    }

    const full = await cache.getRoomPresence('hall')
    expect(full).toMatchObject({ room: 'hall', count: 2, connections: 3 })
    expect(full.members.map(({ userId, connections }) => [userId, connections]).sort()).toEqual([
      ['ada', 3],
      ['bob', 1],
    ])
    expect(await cache.removeConnectionFromRoom('1.1', 'hall')).toBe(true)
    expect(await cache.removeConnectionFromRoom('1.1', 'hall')).toBe(false)
    expect((await cache.getRoomPresence('hall')).count).toBe(2)
    await cache.removeConnection('1.2')

    const { members } = await cache.getRoomPresence('hall')
    expect(members.map(({ userId }) => userId)).toEqual(['bob'])
    expect((await cache.getConnection('1.1'))?.rooms).toEqual([])
    const left = await cache.getRoomConnections('hall')
    expect(left.map(({ connectionId }) => connectionId)).toEqual(['2.1'])
  })

  test('the data of a user in a room is kept while the user is there', async () => {
    await cache.cacheConnection('1.1', { userId: 'ada' })
    await cache.cacheConnection('1.2', { userId: 'ada' })
    await cache.addConnectionToRoom('1.1', 'hall', { userId: 'ada', info: { name: 'Ada' } })
    await cache.addConnectionToRoom('1.2', 'hall', { userId: 'ada', info: { name: 'Countess' } })
    const infos = async (): Promise<unknown[]> =>
      (await cache.getRoomPresence('hall')).members.map(({ info }) => info)

    await cache.removeConnectionFromRoom('1.1', 'hall')
    expect(await infos()).toEqual([{ name: 'Ada' }])
    await cache.removeConnectionFromRoom('1.2', 'hall')
    await cache.addConnectionToRoom('1.2', 'hall', { userId: 'ada', info: { name: 'Countess' } })

    expect(await infos()).toEqual([{ name: 'Countess' }])
  })

  test('an anonymous connection can get a user, in all its rooms, but not another one later', async () => {
    await cache.cacheConnection('1.1', { rooms: ['hall'] })
    expect(await cache.getRoomPresence('hall')).toMatchObject({ count: 0, connections: 1 })

    await cache.addConnectionToRoom('1.1', 'attic', { userId: 'ada' })

    expect((await cache.getRoomPresence('hall')).count).toBe(1)
    expect((await cache.getConnection('1.1'))?.userId).toBe('ada')
    const connections = await cache.getUserConnections('ada')
    expect(connections[0]?.rooms.toSorted()).toEqual(['attic', 'hall'])
    await expect(
      cache.addConnectionToRoom('1.1', 'cellar', { userId: 'bob' }),
    ).rejects.toMatchObject({ code: 'ERR_PRESENCE_REFUSED', reason: 'user' })
  })

  test('a connection that is recorded again replaces the earlier record', async () => {
    await cache.cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })

    await cache.cacheConnection('1.1', { userId: 'bob', rooms: ['attic'] })

    expect(await cache.getUserConnections('ada')).toEqual([])
    expect((await cache.getRoomPresence('hall')).connections).toBe(0)
    expect((await cache.getRoomPresence('attic')).members[0]?.userId).toBe('bob')
  })

  test('a status holds while the user is connected, and is returned with its data', async () => {
    expect(await cache.updateUserPresence('ada', 'away', { data: { until: 5 } })).toMatchObject({
      userId: 'ada',
      status: 'offline',
      isOnline: false,
    })
    await cache.cacheConnection('1.1', { userId: 'ada' })
    await cache.cacheConnection('2.1', { userId: 'bob' })

    const [ada, bob, eve] = await cache.getUsersPresence(['ada', 'bob', 'eve'])

    expect(ada).toMatchObject({ status: 'away', isOnline: true, data: { until: 5 } })
    expect(ada?.statusSince).toBeLessThanOrEqual(ada?.lastSeenAt ?? 0)
    expect(bob).toMatchObject({ status: 'online', connections: 1, data: undefined })
    expect(eve).toMatchObject({ userId: 'eve', status: 'offline', lastSeenAt: undefined })
    expect(await cache.updateUserPresence('ada', 'offline')).toMatchObject({
      isOnline: false,
      connections: 1,
    })
    expect(await cache.clearUserPresence('ada')).toMatchObject({ status: 'online' })
  })

  test('of events that arrive out of order the latest one stays', async () => {
    const at = (serial: number, epoch = 'a') => ({ position: { epoch, serial } })
    expect(await cache.getRealtimeData('cache-news')).toBeUndefined()

    expect(await cache.cacheRealtimeData('cache-news', { n: 2 }, at(2))).toBe(true)
    expect(await cache.cacheRealtimeData('cache-news', { n: 1 }, at(1))).toBe(false)
    expect(await cache.cacheRealtimeData('cache-news', { n: 2 }, at(2))).toBe(false)
    expect(await cache.getRealtimeData('cache-news')).toEqual({ n: 2 })
    expect(await cache.cacheRealtimeData('cache-news', { n: 3 }, at(1, 'b'))).toBe(true)
    expect(await cache.cacheRealtimeData('cache-news', 'text', { event: 'told' })).toBe(true)

    expect(await another().getLastEvent('cache-news')).toEqual({ event: 'told', data: 'text' })
    expect(await cache.removeRealtimeData('cache-news')).toBe(true)
    expect(await cache.getLastEvent('cache-news')).toBeUndefined()
  })

  test('a node is listed while it has live connections, and its end removes them all', async () => {
    const [one, two] = [another({ node: 'one' }), another({ node: 'two' })]
    const ids = Array.from({ length: 230 }, (_, i) => `1.${i}`)
    await Promise.all(ids.map((id) => one.cacheConnection(id, { rooms: ['hall'] })))
    await two.cacheConnection('2.1', { userId: 'bob', rooms: ['hall'] })
    expect(await cache.countConnections()).toEqual(
      new Map([
        ['one', 230],
        ['two', 1],
      ]),
    )
    expect(await one.updateConnectionsActivity(['2.1', ...ids, '3.1'])).toEqual([
      ...Array.from({ length: 231 }, () => true),
      false,
    ])

    expect(await one.removeNode()).toBe(230)

    expect(await cache.countConnections()).toEqual(new Map([['two', 1]]))
    expect(await cache.getRoomPresence('hall')).toMatchObject({ count: 1, connections: 1 })
  })

  test('every limit is enforced, each with its own reason', async () => {
    const narrow = another({
      maxConnectionsPerUser: 2,
      maxRoomsPerConnection: 2,
      maxConnectionsPerRoom: 2,
    })
    const refused = (reason: string) => ({ name: 'PresenceRefusedError', reason })
    await narrow.cacheConnection('1.1', { userId: 'ada', rooms: ['a', 'b'] })
    await narrow.cacheConnection('1.2', { userId: 'ada' })

    const third = narrow.cacheConnection('1.3', { userId: 'ada' })
    await expect(third).rejects.toMatchObject(refused('connections'))
    await expect(narrow.addConnectionToRoom('1.1', 'c')).rejects.toMatchObject(refused('rooms'))
    const wide = narrow.cacheConnection('1.3', { rooms: ['a', 'b', 'c'] })
    await expect(wide).rejects.toMatchObject(refused('rooms'))
    await narrow.addConnectionToRoom('1.2', 'a')
    const full = narrow.cacheConnection('2.1', { userId: 'bob', rooms: ['a'] })
    await expect(full).rejects.toMatchObject(refused('members'))

    expect(await narrow.getConnection('1.3')).toBeUndefined()
    expect(await narrow.getConnection('2.1')).toBeUndefined()
    expect(await narrow.cacheConnection('1.1', { userId: 'ada', rooms: ['a'] })).toBe(true)
  })

  test('a room returns as many members as requested, and counts them all', async () => {
    const users = Array.from({ length: 30 }, (_, i) => `user ${i}`)
    await Promise.all(
      users.map((userId, i) => cache.cacheConnection(`1.${i}`, { userId, rooms: ['hall'] })),
    )

    const some = await cache.getRoomPresence('hall', { most: 7 })
    const all = await cache.getRoomPresence('hall')

    expect([some.count, some.connections, some.members.length]).toEqual([30, 30, 7])
    expect(all.members.map(({ userId }) => userId).sort()).toEqual(users.toSorted())
    expect((await cache.getRoomPresence('hall', { most: 0 })).count).toBe(30)
    expect(await cache.getRoomConnections('hall', { most: 4 })).toHaveLength(4)
  })

  test('names may contain the separators of names in Redis', async () => {
    for (const odd of ['a:b', '{x}', 'c:1.1', 'ä ö 🙂', 'r:', '%', 'a/b?c']) {
      await cache.cacheConnection(odd, { userId: odd, rooms: [odd] })
      const { members } = await cache.getRoomPresence(odd)
      expect(members.map(({ userId }) => userId)).toEqual([odd])
      expect((await cache.getConnection(odd))?.rooms).toEqual([odd])
    }
  })

  test('every method is one command in one request', async () => {
    await cache.cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })
    const calls: readonly (() => Promise<unknown>)[] = [
      () => cache.cacheConnection('1.2', { userId: 'ada', rooms: ['hall', 'attic'] }),
      () => cache.getConnection('1.1'),
      () => cache.updateConnectionActivity('1.1'),
      () => cache.getUserConnections('ada'),
      () => cache.addConnectionToRoom('1.1', 'attic', { userId: 'ada', info: 1 }),
      () => cache.getRoomConnections('attic'),
      () => cache.getRoomPresence('attic'),
      () => cache.removeConnectionFromRoom('1.1', 'attic'),
      () => cache.updateUserPresence('ada', 'busy'),
      () => cache.getUserPresence('ada'),
      () => cache.cacheRealtimeData('news', 1),
      () => cache.getRealtimeData('news'),
      () => cache.countConnections(),
      () => cache.removeConnection('1.1'),
    ]
    // Twice: the first time Redis is told the texts of scripts that it does not know.
    for (const call of calls) await call()
    for (const call of calls) {
      redis.reset()
      await call()
      expect(redis.counts, String(call)).toEqual({ requests: 1, commands: 1 })
    }
  })

  test('a mirror records what a server of sockets reports, and returns what the cache has lost', async () => {
    const mirror = cache.mirror('hub-1')
    await mirror.opened({ id: '1.1', rooms: ['chat'] })
    expect(await mirror.joined('1.1', 'presence-hall', 'ada', { name: 'Ada' })).toBe(true)
    await mirror.lastEvent('cache-a', { ...told('{"n":1}'), serial: 1 })
    await mirror.lastEvent('cache-b', { ...told('not JSON'), serial: 1 })

    expect(await mirror.active(['1.1', '1.2'])).toEqual(['1.2'])
    expect((await cache.getRoomPresence('presence-hall')).members[0]).toMatchObject({
      userId: 'ada',
      info: { name: 'Ada' },
    })
    expect(await cache.countConnections()).toEqual(new Map([['hub-1', 1]]))
    expect(await cache.getLastEvent('cache-a')).toEqual({ event: 'told', data: { n: 1 } })
    expect(await cache.getRealtimeData('cache-b')).toBe('not JSON')
    expect(await mirror.joined('1.2', 'chat')).toBe(false)
    await mirror.left('1.1', 'presence-hall')
    expect((await cache.getRoomPresence('presence-hall')).count).toBe(0)
    await mirror.closed('1.1')
    await mirror.opened({ id: '1.3', userId: 'bob' })
    await mirror.ended()
    expect(await cache.countConnections()).toEqual(new Map())
  })
}

function told(data: string) {
  return { event: 'told', data, epoch: 'a', ttlMs: 60_000 }
}
