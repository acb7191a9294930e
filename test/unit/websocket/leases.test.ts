import { beforeEach, describe, expect, test } from 'vitest'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Command, RedisRequest, Reply, Requester } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { WebSocketCache, type WebSocketCacheOptions } from '../../../src/websocket/index.ts'

const MINUTE_MS = 60_000
const SECRET = '5e'.repeat(32)

describe('leases of connections', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let cache: WebSocketCache
  const another = (options: Partial<WebSocketCacheOptions> = {}): WebSocketCache =>
    new WebSocketCache({ redis: embeddedTransport({ engine }), platform, ...options })
  const raw = (...command: Command): Reply => engine.execute(command).result ?? null

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    cache = another()
  })

  test('connections of a crashed process end with their lease, to the millisecond, everywhere', async () => {
    await cache.cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })
    await another({ node: 'other' }).cacheConnection('2.1', { userId: 'bob', rooms: ['hall'] })
    await platform.advance(2 * MINUTE_MS)
    await cache.updateConnectionActivity('2.1')

    await platform.advance(MINUTE_MS - 1)
    expect((await cache.getRoomPresence('hall')).count).toBe(2)
    await platform.advance(1)

    const { count, connections, members } = await cache.getRoomPresence('hall')
    expect([count, connections, members.map(({ userId }) => userId)]).toEqual([1, 1, ['bob']])
    expect(await cache.getConnection('1.1')).toBeUndefined()
    expect(await cache.getUserConnections('ada')).toEqual([])
    expect(await cache.countConnections()).toEqual(new Map([['other', 1]]))
    expect(await cache.getUserPresence('ada')).toMatchObject({
      status: 'offline',
      lastSeenAt: platform.now() - 3 * MINUTE_MS,
    })
    expect(await cache.updateConnectionActivity('1.1')).toBe(false)
  })

  test('a user stays in a room as long as the longest lease of a connection there', async () => {
    await cache.cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })
    await another({ lease: '10m' }).cacheConnection('1.2', { userId: 'ada', rooms: ['hall'] })
    await platform.advance(5 * MINUTE_MS)
    expect(await cache.getRoomPresence('hall')).toMatchObject({ count: 1, connections: 1 })

    // A shorter lease of another process does not shorten this one.
    await cache.updateConnectionActivity('1.2')
    await platform.advance(5 * MINUTE_MS - 1)
    expect((await cache.getRoomPresence('hall')).count).toBe(1)
    await platform.advance(1)

    expect((await cache.getRoomPresence('hall')).count).toBe(0)
  })

  test('a user is listed, with the status, for the whole lease, even if remembered for less', async () => {
    const short = another({ remember: '30s' })
    await short.cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })
    await short.updateUserPresence('ada', 'busy')

    await platform.advance(3 * MINUTE_MS - 1)

    const { count, members } = await short.getRoomPresence('hall')
    expect(count).toBe(1)
    expect(members).toMatchObject([{ userId: 'ada', status: 'busy' }])
  })

  test('nothing is left in Redis when all leases have ended', async () => {
    const short = another({ remember: '5m', dataTtl: '5m' })
    for (let i = 0; i < 20; i++) {
      const userId = `user ${i % 7}`
      await short.cacheConnection(`1.${i}`, { userId, rooms: [`room ${i % 3}`], data: i })
      await short.addConnectionToRoom(`1.${i}`, 'hall', { userId, info: i })
    }
    await short.removeConnection('1.3')
    await short.updateUserPresence('user 1', 'away')
    await short.cacheRealtimeData('news', 1)
    const keys = raw('KEYS', '*') as string[]
    expect(keys.length).toBeGreaterThan(30)
    expect(keys.filter((key) => Number(raw('PTTL', key)) < 0)).toEqual([])

    await platform.advance(11 * MINUTE_MS)

    expect(raw('KEYS', '*')).toEqual([])
  })

  test('connections that were never closed leave nothing behind, although others of the node live on', async () => {
    const hall = { rooms: ['hall'], userId: 'ada' }
    await another({ lease: '1h' }).cacheConnection('1.1', hall)
    const sizes = async (): Promise<Reply[]> => {
      await cache.cacheConnection(`2.${platform.now()}`, hall)
      const keys = (raw('KEYS', '*') as string[]).filter((key) => raw('TYPE', key) === 'zset')
      return keys.toSorted().map((key) => [key, raw('ZCARD', key)])
    }
    const before = await sizes()

    for (let i = 0; i < 10; i++) {
      await platform.advance(4 * MINUTE_MS)
      expect(await sizes()).toEqual(before)
    }
  })

  test('the information of a user who was away does not reappear when the user comes back', async () => {
    await cache.cacheConnection('1.1', { userId: 'ada', rooms: [{ room: 'hall', info: 'then' }] })
    const long = another({ lease: '1h' })
    await long.cacheConnection('2.1', { userId: 'bob', rooms: [{ room: 'hall', info: 'bob' }] })
    await platform.advance(5 * MINUTE_MS)

    await cache.cacheConnection('1.2', { userId: 'ada', rooms: ['hall'] })

    const { members } = await cache.getRoomPresence('hall')
    expect(members.map(({ userId, info }) => [userId, info]).sort()).toEqual([
      ['ada', undefined],
      ['bob', 'bob'],
    ])
  })

  test('the information of a user lasts as long as the user is present, whichever connection gave it', async () => {
    await another({ lease: '1h' }).cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })
    await cache.cacheConnection('1.2', { userId: 'ada', rooms: [{ room: 'hall', info: 'Ada' }] })

    await platform.advance(30 * MINUTE_MS)

    expect((await cache.getRoomPresence('hall')).members).toMatchObject([{ info: 'Ada' }])
  })

  test('a node is counted as long as the longest of its leases, whatever comes later', async () => {
    await another({ lease: '1h' }).cacheConnection('1.1')
    await cache.cacheConnection('1.2')

    await platform.advance(30 * MINUTE_MS)

    expect(await cache.countConnections()).toEqual(new Map([['default', 1]]))
  })

  test('a status ends at its given time, and the user appears as connected again', async () => {
    await another({ lease: '1h' }).cacheConnection('1.1', { userId: 'ada' })
    await cache.updateUserPresence('ada', 'busy', { data: 'call', for: '10m' })

    await platform.advance(10 * MINUTE_MS - 1)
    expect(await cache.getUserPresence('ada')).toMatchObject({ status: 'busy', data: 'call' })
    await platform.advance(1)

    expect(await cache.getUserPresence('ada')).toMatchObject({
      status: 'online',
      data: undefined,
      statusSince: undefined,
    })
  })

  test('a late copy of an opening, after a close or another opening, opens nothing', async () => {
    const sent: RedisRequest[] = []
    const redis = embeddedTransport({ engine })
    const request: Requester['request'] = (one) => {
      sent.push(one)
      return redis.request(one)
    }
    const seen = new WebSocketCache({ redis: { request }, platform })
    await seen.cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })
    await seen.removeConnection('1.1')

    const again = async (): Promise<void> => {
      for (const one of sent.slice(0, 1)) await redis.request(one)
    }
    await again()

    expect(await cache.getConnection('1.1')).toBeUndefined()
    expect((await cache.getRoomPresence('hall')).connections).toBe(0)
    expect(await cache.cacheConnection('1.1', { userId: 'bob' })).toBe(true)
    await again()
    expect((await cache.getConnection('1.1'))?.userId).toBe('bob')
  })

  test('the loss of any key makes no absent user appear', async () => {
    const fill = async (): Promise<string[]> => {
      raw('FLUSHALL')
      await cache.cacheConnection('1.1', { userId: 'ada', rooms: [{ room: 'hall', info: 1 }] })
      await cache.cacheConnection('1.2', { userId: 'ada', rooms: ['hall'] })
      await cache.cacheConnection('2.1', { userId: 'bob', rooms: ['hall'] })
      return (raw('KEYS', '*') as string[]).toSorted()
    }
    const keys = await fill()
    for (const key of keys) {
      await fill()
      raw('DEL', key)
      const { count, members } = await cache.getRoomPresence('hall')
      expect(count).toBeLessThanOrEqual(2)
      expect(['ada', 'bob']).toEqual(expect.arrayContaining(members.map(({ userId }) => userId)))

      for (const id of ['1.1', '1.2', '2.1']) await cache.removeConnection(id)
      await platform.advance(4 * MINUTE_MS)

      expect(await cache.getRoomPresence('hall'), key).toMatchObject({ count: 0, connections: 0 })
      expect(await cache.countConnections()).toEqual(new Map())
    }
    expect(keys).toHaveLength(12)
  })

  test('with encryption keys nothing of the information is readable in Redis', async () => {
    const sealed = another({
      hashKeys: { secret: SECRET },
      encryption: { keys: [{ id: 'k1', secret: SECRET }] },
    })
    const info = { name: 'SENTINEL-name' }
    await sealed.cacheConnection('SENTINEL-connection', {
      userId: 'SENTINEL-user',
      data: { ip: 'SENTINEL-ip' },
      rooms: [{ room: 'SENTINEL-room', info }],
    })
    await sealed.updateUserPresence('SENTINEL-user', 'away', { data: 'SENTINEL-status' })
    await sealed.cacheRealtimeData('SENTINEL-channel', 'SENTINEL-event')
    const { members } = await sealed.getRoomPresence('SENTINEL-room')
    expect(members).toMatchObject([{ userId: 'SENTINEL-user', info, data: 'SENTINEL-status' }])

    const dump = (raw('KEYS', '*') as string[]).map((key) => {
      const type = raw('TYPE', key)
      return [key, type === 'hash' ? raw('HGETALL', key) : raw('ZRANGE', key, 0, -1)]
    })

    expect(dump.length).toBeGreaterThanOrEqual(8)
    expect(JSON.stringify(dump)).not.toContain('SENTINEL')
    const text = (part: string) => Buffer.from(part, 'base64').toString('latin1')
    const decoded = [...JSON.stringify(dump).matchAll(/[A-Za-z0-9+/]{8,}/g)].map(([p]) => text(p))
    expect(decoded.join()).not.toContain('SENTINEL')
  })

  test('a payload that was moved, cut off or written with other keys counts as absent', async () => {
    const options = (secret: string) => ({
      hashKeys: { secret: SECRET },
      encryption: { keys: [{ id: 'k1', secret }] },
    })
    const [ours, theirs] = [another(options(SECRET)), another(options('6f'.repeat(32)))]
    await ours.cacheConnection('1.1', { userId: 'ada', rooms: ['hall'] })
    await ours.cacheRealtimeData('one', 1)
    await ours.cacheRealtimeData('two', 2)
    expect(await theirs.getConnection('1.1')).toBeUndefined()
    expect(await theirs.getUserConnections('ada')).toEqual([])
    expect(await theirs.getRoomPresence('hall')).toMatchObject({ count: 1, members: [] })

    const [one = '', two = ''] = raw('KEYS', '*:e:*') as string[]
    raw('HSET', one, 'd', raw('HGET', two, 'd') as string)

    const read = [await ours.getRealtimeData('one'), await ours.getRealtimeData('two')]
    expect(read).toContain(undefined)
    expect(await cache.getLastEvent('one')).toBeUndefined()
  })
})
