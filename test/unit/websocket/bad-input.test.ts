import { describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { WebSocketCache } from '../../../src/websocket/index.ts'

const API = { url: 'https://a.test', appId: '1', key: 'k', secret: 's' }

describe('a WebSocketCache', () => {
  const redis = countingTransport(embeddedTransport())
  const cache = new WebSocketCache({ redis, api: API, maxDataBytes: 1_024 })

  test.each([
    ['redis', { redis: {} }],
    ['prefix', { prefix: '{' }],
    ['namespace', { namespace: '' }],
    ['node', { node: 'a b' }],
    ['lease', { lease: 999 }],
    ['lease', { lease: '25h' }],
    ['remember', { remember: '0s' }],
    ['dataTtl', { dataTtl: 0 }],
    ['maxConnectionsPerUser', { maxConnectionsPerUser: 0 }],
    ['maxRoomsPerConnection', { maxRoomsPerConnection: 1.5 }],
    ['maxConnectionsPerRoom', { maxConnectionsPerRoom: 1e9 }],
    ['maxDataBytes', { maxDataBytes: 1_023 }],
    ['deadline', { deadline: 0 }],
    ['retries', { retries: -1 }],
    ['breaker.cool', { breaker: { cool: 1 } }],
    ['hashKeys', { encryption: { keys: [] } }],
    ['hashKeys.secret', { hashKeys: { secret: 'short' } }],
    ['encryption.keys', { hashKeys: { secret: '5e'.repeat(32) }, encryption: { keys: [] } }],
    ['options.leases', { leases: 1 }],
    ['api.url', { api: { ...API, url: 'ftp://a.test' } }],
    ['api.secret', { api: { ...API, secret: '' } }],
    ['api.timeout', { api: { ...API, timeout: 0 } }],
    ['api.host', { api: { ...API, host: 'a.test' } }],
  ])('refuses a bad %s before it sends anything', (option, options) => {
    const make = (): unknown => new WebSocketCache({ redis, ...options } as never)

    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION', option }))
  })

  const SURROGATE = 'a\ud800'
  test.each([
    ['an empty id', () => cache.getConnection('')],
    ['an id that is none', () => cache.removeConnection(7 as never)],
    ['a long id', () => cache.cacheConnection('x'.repeat(129))],
    ['half a character', () => cache.getUserPresence(SURROGATE)],
    ['a control character', () => cache.getRoomPresence('a\nb')],
    ['a long room', () => cache.addConnectionToRoom('1.1', 'x'.repeat(201))],
    ['a long channel', () => cache.getRealtimeData('x'.repeat(201))],
    ['one bad id of many', () => cache.updateConnectionsActivity(['1.1', ''])],
    ['a room that is none', () => cache.cacheConnection('1.1', { rooms: [{} as never] })],
  ])('refuses %s as a name, and does not quote it', async (_what, call) => {
    redis.reset()

    const error = await call().catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'ERR_INVALID_KEY' })
    expect(String(error)).not.toContain('xxx')
    expect(redis.counts.requests).toBe(0)
  })

  test.each([
    ['status', () => cache.updateUserPresence('ada', 'asleep' as never)],
    ['for', () => cache.updateUserPresence('ada', 'away', { for: 'long ago' as never })],
    ['most', () => cache.getRoomPresence('hall', { most: -1 })],
    ['most', () => cache.getRoomConnections('hall', { most: 0 })],
    ['userId', () => cache.addConnectionToRoom('1.1', 'hall', { info: 1 })],
    ['userId', () => cache.cacheConnection('1.1', { rooms: [{ room: 'hall', info: 1 }] })],
    ['rooms', () => cache.cacheConnection('1.1', { rooms: 'hall' as never })],
    ['options.user', () => cache.cacheConnection('1.1', { user: 'ada' } as never)],
    ['position.serial', () => cache.cacheRealtimeData('a', 1, position(-1))],
    ['event', () => cache.cacheRealtimeData('a', 1, { event: 1 as never })],
    ['ttl', () => cache.cacheRealtimeData('a', 1, { ttl: 0 })],
    ['userIds.length', () => cache.getUsersPresence(Array(1_001).fill('ada'))],
    ['node', () => cache.removeNode('a b')],
    ['channels', () => cache.publish([], 'e', 1)],
    ['channels', () => cache.publish(['a b'], 'e', 1)],
    ['channels', () => cache.publish(Array(101).fill('a'), 'e', 1)],
    ['event', () => cache.publish('a', '', 1)],
    ['channels', () => cache.publish(5 as never, 'e', 1)],
    ['socketId', () => cache.publish('a', 'e', 1, { socketId: '1' })],
    // As the server SDKs of Pusher take it.
    ['info', () => cache.publish('a', 'e', 1, { info: 'user_count' as never })],
    ['api', () => new WebSocketCache({ redis }).publish('a', 'e', 1)],
  ])('names %s when it is out of its range', async (option, call) => {
    redis.reset()

    await expect(call()).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option })
    expect(redis.counts.requests).toBe(0)
  })

  test('takes info that is undefined as none, also without a user', async () => {
    const rooms = [{ room: 'hall', info: undefined as unknown }]

    expect(await cache.cacheConnection('7.7', { rooms })).toBe(true)
    expect(await cache.addConnectionToRoom('7.7', 'attic', { info: undefined })).toBe(true)
  })

  test('refuses data that is too large or cannot be stored', async () => {
    const calls = [
      () => cache.cacheConnection('1.1', { data: 'x'.repeat(1_024) }),
      () => cache.cacheRealtimeData('a', () => 1),
      () => cache.updateUserPresence('ada', 'away', { data: Symbol('a') }),
      () => cache.publish('a', 'e', 1n),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
    }
  })

  test('rejects while Redis is down, and reports no user as offline', async () => {
    const away = chaosTransport(embeddedTransport(), { faults: { fail: 1 } })
    const cut = new WebSocketCache({ redis: away, deadline: '50ms', retries: 0 })
    const calls = [
      () => cut.cacheConnection('1.1'),
      () => cut.getConnection('1.1'),
      () => cut.getUserPresence('ada'),
      () => cut.getRoomPresence('hall'),
      () => cut.getRealtimeData('a'),
      () => cut.removeConnection('1.1'),
    ]
    for (const call of calls) {
      const code = await call().then(
        () => 'answered',
        (error: { readonly code?: string }) => error.code,
      )
      expect(['ERR_REMOTE', 'ERR_CIRCUIT_OPEN']).toContain(code)
    }
  })

  test('rejects a malformed reply of Redis', async () => {
    const answers: unknown[] = [null, 'x', -1, [], [1], {}, [[1, 2]], [0, 0, [['a']]]]
    for (const result of answers) {
      const redis = { request: async () => ({ result }) }
      const odd = new WebSocketCache({ redis: redis as never })
      for (const call of [
        () => odd.getRoomPresence('hall'),
        () => odd.getUserPresence('ada'),
        () => odd.cacheConnection('1.1'),
        () => odd.getUserConnections('ada'),
      ]) {
        await expect(call(), JSON.stringify(result)).rejects.toMatchObject({ code: 'ERR_REMOTE' })
      }
    }
  })
})

function position(serial: number) {
  return { position: { epoch: 'a', serial } }
}
