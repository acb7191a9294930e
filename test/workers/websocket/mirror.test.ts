import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { realtimeCache } from '../../../workers/realtime-mirror.ts'
import { APPS, ask, Client, evict, poll, publish } from './client.ts'

const cache = realtimeCache(env, APPS.usual)

describe('the mirror of realtime in Redis', () => {
  test('tells code without a socket who is in a room, until the last connection is gone', async () => {
    const ann = await Client.connect('usual')
    await ann.subscribe('presence-mirrored', 'm-ann', { user_info: { name: 'Ann' } })
    const ben = await Client.connect('usual')
    await ben.signIn({ id: 'm-ben' })
    await ben.subscribe('presence-mirrored', 'm-ben')

    const room = await poll(async () => {
      const presence = await cache.getRoomPresence('presence-mirrored')
      return presence.count === 2 ? presence : undefined
    }, 'room of two')

    expect(room.members.map(({ userId, info }) => [userId, info]).sort()).toEqual([
      ['m-ann', { name: 'Ann' }],
      ['m-ben', undefined],
    ])
    expect(await cache.getUserPresence('m-ben')).toMatchObject({ isOnline: true, connections: 1 })
    expect((await cache.getConnection(ann.id))?.rooms).toEqual(['presence-mirrored'])
    ann.socket.close(1000)
    await poll(async () => {
      const { count } = await cache.getRoomPresence('presence-mirrored')
      return count === 1 ? true : undefined
    }, 'room of one')
    expect((await cache.getUserPresence('m-ann')).isOnline).toBe(false)
  })

  test('takes more connections of a user, and longer events, than a WebSocketCache does by default', async () => {
    for (let i = 0; i <= 100; i++) await cache.cacheConnection(`crowd-${i}`, { userId: 'm-crowd' })
    const data = 'x'.repeat(100_000)
    await cache.cacheRealtimeData('cache-long', data)

    expect((await cache.getUserPresence('m-crowd')).connections).toBe(101)
    expect(await cache.getRealtimeData('cache-long')).toBe(data)
  })

  test('needs nothing of the Worker but its Redis', async () => {
    const { REDIS } = env
    const own = realtimeCache({ REDIS }, APPS.usual)
    await own.cacheConnection('own-1', { userId: 'm-own' })

    expect((await own.getUserPresence('m-own')).isOnline).toBe(true)
    expect(() => realtimeCache({}, APPS.usual)).toThrow(
      'REDIS must be bound, or UPSTASH_REDIS_REST_URL set',
    )
  })

  test('has the same last event as the cache channel, with at least its lifetime', async () => {
    await publish('usual', 'cache-mirrored', 'price', { eur: 9 })
    await publish('usual', 'cache-mirrored', 'price', { eur: 10 })
    await evict('usual', 'cache-mirrored')

    const { body } = await ask('usual', 'GET', '/channels/cache-mirrored', undefined, {
      info: 'cache',
    })
    const last = await cache.getRealtimeData('cache-mirrored')

    expect((body as { cache: { data: string } }).cache.data).toBe('{"eur":10}')
    expect(last).toEqual({ eur: 10 })
  })
})
