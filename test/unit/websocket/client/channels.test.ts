import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Authorization, ChannelChange } from '../../../../src/websocket/client/index.ts'
import { type ClientBench, clientBench, type ScriptedSocket } from './scripted-server.ts'

const succeeded = (channel: string, data: unknown = {}, position = {}) => ({
  ...{ event: 'pusher_internal:subscription_succeeded', channel, data },
  ...position,
})
const listOf = (hash: Record<string, unknown>) => {
  const ids = Object.keys(hash)
  return { presence: { count: ids.length, ids, hash } }
}
const sign = async ({ socketId, channel }: { socketId: string; channel: string }) => ({
  auth: `key:${socketId}:${channel}`,
  ...(channel.startsWith('presence-') && { channel_data: '{"user_id":"me"}' }),
})

describe('a channel', () => {
  let bench: ClientBench
  beforeEach(() => {
    bench = clientBench({ authorize: sign })
  })

  /** Subscribes, and records the events. */
  function enter(name: string) {
    const channel = bench.client.subscribe(name)
    const [changes, events]: [ChannelChange[], unknown[]] = [[], []]
    channel.watch((change) => changes.push(change))
    channel.onAny((event, data) => events.push([event, data]))
    return { channel, changes, events }
  }

  test('is subscribed to once there is a connection, and passes on its events with their types', async () => {
    const room = bench.client.subscribe<{ message: { text: string } }>('room')
    const texts: string[] = []
    const end = room.on('message', ({ text }) => texts.push(text))
    await bench.connect()
    expect(bench.socket.frames).toEqual([{ event: 'pusher:subscribe', data: { channel: 'room' } }])
    expect(room.state).toBe('pending')

    bench.socket.say(succeeded('room'))
    bench.socket.say({ event: 'message', channel: 'room', data: { text: 'one' } })
    bench.socket.say({ event: 'message', channel: 'other', data: { text: 'no' } })
    end()
    bench.socket.say({ event: 'message', channel: 'room', data: { text: 'two' } })

    expect(room.state).toBe('subscribed')
    expect(texts).toEqual(['one'])
    expect(bench.client.subscribe('room')).toBe(room)
    expect(bench.socket.frames).toHaveLength(1)
  })

  test('has no information of a member without any, however the server says so', async () => {
    const { channel, changes } = enter('presence-room')
    await bench.connect('1.1')
    bench.socket.say(succeeded('presence-room', listOf({ me: {} })))
    const joins = [{ user_id: 'ann' }]
    const data = { joins, leaves: [], count: 2 }
    bench.socket.say({ event: 'nearcache:presence_diff', channel: 'presence-room', data })
    await bench.reconnect('1.2')
    changes.length = 0
    bench.socket.say(succeeded('presence-room', listOf({ me: {}, ann: {} })))

    expect([...channel.members.values()].map(({ info }) => info)).toEqual([undefined, undefined])
    expect(changes).toEqual([{ kind: 'state', state: 'subscribed' }])
  })

  test('passes on events with a colon in their name, but not those of the protocol', async () => {
    const { events } = enter('room')
    await bench.connect()
    bench.socket.say(succeeded('room'))

    for (const event of [
      'order:created',
      'client-order:seen',
      'pusher:new',
      'pusher_internal:new',
    ]) {
      bench.socket.say({ event, channel: 'room', data: 1 })
    }
    bench.socket.say({ event: 'nearcache:new', channel: 'room', data: 1 })

    expect(events).toEqual([
      ['order:created', 1],
      ['client-order:seen', 1],
    ])
  })

  test('data that is not JSON is passed on as it is', async () => {
    const { events } = enter('room')
    await bench.connect()

    bench.socket.sayText('{"event":"message","channel":"room","data":"not JSON"}')
    bench.socket.sayText('{"event":"message","channel":"room","data":{"a":1}}')
    bench.socket.sayText('{"event":"message","channel":"room"}')

    expect(events).toEqual([
      ['message', 'not JSON'],
      ['message', { a: 1 }],
      ['message', undefined],
    ])
  })

  test('that is private is signed for the current connection, each time', async () => {
    enter('private-room')
    await bench.connect('1.1')
    await bench.reconnect('1.2')

    expect(bench.sockets.map(({ frames }) => frames)).toEqual(
      ['1.1', '1.2'].map((id) => [
        {
          event: 'pusher:subscribe',
          data: { channel: 'private-room', auth: `key:${id}:private-room` },
        },
      ]),
    )
  })

  test('a signature that arrives after its connection has closed is not sent', async () => {
    const waiting: PromiseWithResolvers<Authorization>[] = []
    bench = clientBench({
      authorize: () => {
        const one = Promise.withResolvers<Authorization>()
        waiting.push(one)
        return one.promise
      },
    })
    enter('private-room')
    await bench.connect('1.1')
    await bench.reconnect('1.2')

    waiting[0]?.resolve({ auth: 'old' })
    waiting[1]?.resolve({ auth: 'new' })
    await bench.platform.advance(0)

    expect(bench.sockets.flatMap(({ frames }) => frames.map(({ data }) => data))).toEqual([
      { channel: 'private-room', auth: 'new' },
    ])
  })

  test('fails with the error of the signing function or of the server, and can be requested again', async () => {
    const error = new Error('not you')
    let isDown = true
    bench = clientBench({
      authorize: async (request) => {
        if (isDown) throw error
        return sign(request)
      },
    })
    const { channel, changes } = enter('private-room')
    await bench.connect()
    expect(channel.state).toBe('failed')
    expect(changes.at(-1)).toMatchObject({ kind: 'refused', type: 'AuthError' })
    expect((changes.at(-1) as { error: unknown }).error).toBe(error)

    isDown = false
    bench.client.subscribe('private-room')
    await bench.platform.advance(0)
    const data = { type: 'AuthError', error: 'wrong signature', status: 401 }
    bench.socket.say({ event: 'pusher:subscription_error', channel: 'private-room', data })

    expect(changes.at(-1)).toEqual({ kind: 'refused', type: 'AuthError', error: 'wrong signature' })
    expect(channel.state).toBe('failed')
    expect(() => bench.client.subscribe('private-encrypted-room')).toThrow(
      expect.objectContaining({ option: 'name' }),
    )
  })

  test('ends with its subscription, and is not subscribed to again', async () => {
    const { channel, changes, events } = enter('room')
    await bench.connect()
    bench.socket.say(succeeded('room'))

    channel.unsubscribe()
    bench.socket.say({ event: 'late', channel: 'room' })
    await bench.reconnect('1.2')

    expect(channel.state).toBe('ended')
    expect(bench.sockets[0]?.frames.at(-1)).toEqual({
      event: 'pusher:unsubscribe',
      data: { channel: 'room' },
    })
    expect(bench.socket.frames).toEqual([])
    expect([events, changes.map((change) => 'state' in change && change.state)]).toEqual([
      [],
      ['subscribed', 'ended'],
    ])
    expect(bench.client.subscribe('room')).not.toBe(channel)
  })

  test('client events are sent while it is subscribed, and not kept for later', async () => {
    const { channel } = enter('private-room')
    expect(channel.trigger('client-typing', { is: true })).toBe(false)
    await bench.connect()
    expect(channel.trigger('client-typing', { is: true })).toBe(false)
    bench.socket.say(succeeded('private-room'))

    expect(channel.trigger('client-typing', { is: true })).toBe(true)

    expect(bench.socket.frames.at(-1)).toEqual({
      ...{ event: 'client-typing', channel: 'private-room', data: { is: true } },
    })
    bench.socket.end(1006)
    expect(channel.trigger('client-typing', { is: true })).toBe(false)
  })

  test('an error of a listener does not keep others from their events', async () => {
    const { channel, events } = enter('room')
    channel.on('message', () => {
      throw new Error('a listener')
    })
    await bench.connect()

    bench.socket.say({ event: 'message', channel: 'room', data: 1 })

    expect(events).toEqual([['message', 1]])
  })

  describe('after a reconnect', () => {
    const at = (serial: number, epoch = 'e1') => ({ serial, epoch })
    const news = (serial: number, epoch = 'e1') => ({
      ...{ event: 'news', channel: 'room', data: serial, ...at(serial, epoch) },
    })
    const resumed = (recovered: boolean, replayed: number) => ({
      ...{ event: 'nearcache:resumed', channel: 'room', data: { recovered, replayed } },
    })
    const resumeOf = ({ frames }: ScriptedSocket): unknown =>
      (frames[0]?.data as { readonly resume?: unknown } | undefined)?.resume

    test('continues where it was, repeats nothing, and reports that nothing is missing', async () => {
      const { changes, events } = enter('room')
      await bench.connect('1.1')
      bench.socket.say(succeeded('room', {}, at(3)))
      bench.socket.say(news(4))
      await bench.reconnect('1.2')
      expect(resumeOf(bench.socket)).toEqual({ epoch: 'e1', serial: 4, socket_id: '1.1' })

      bench.socket.say(succeeded('room', {}, at(7)))
      bench.socket.say(resumed(true, 2))
      for (const serial of [4, 5, 6, 8]) bench.socket.say(news(serial))

      expect(events.map((one) => (one as unknown[])[1])).toEqual([4, 5, 6, 8])
      expect(changes).toContainEqual({ kind: 'resumed', recovered: true, replayed: 2 })
    })

    test('continues within the missed events if the connection breaks there', async () => {
      const { events } = enter('room')
      await bench.connect('1.1')
      bench.socket.say(succeeded('room', {}, at(3)))
      await bench.reconnect('1.2')
      bench.socket.say(succeeded('room', {}, at(9)))
      bench.socket.say(resumed(true, 3))
      bench.socket.say(news(5))

      await bench.reconnect('1.3')

      expect(resumeOf(bench.socket)).toEqual({ epoch: 'e1', serial: 5, socket_id: '1.2' })
      bench.socket.say(succeeded('room', {}, at(9)))
      bench.socket.say(resumed(true, 2))
      bench.socket.say(news(6))
      bench.socket.say(news(8))
      await bench.reconnect('1.4')
      // Nothing is missing now: the channel is at serial 9, which was a change of presence.
      expect(resumeOf(bench.socket)).toEqual({ epoch: 'e1', serial: 9, socket_id: '1.3' })
      expect(events.map((one) => (one as unknown[])[1])).toEqual([5, 6, 8])
    })

    test('reports when events are lost, and continues at the current position', async () => {
      const { changes, events } = enter('room')
      await bench.connect('1.1')
      bench.socket.say(succeeded('room', {}, at(3)))
      await bench.reconnect('1.2')
      bench.socket.say(succeeded('room', {}, at(900)))
      bench.socket.say(resumed(false, 0))
      bench.socket.say(news(901))

      await bench.reconnect('1.3')

      expect(changes).toContainEqual({ kind: 'resumed', recovered: false, replayed: 0 })
      expect(resumeOf(bench.socket)).toEqual({ epoch: 'e1', serial: 901, socket_id: '1.2' })
      expect(events).toEqual([['news', 901]])
    })

    test('a new history is reported as a loss at once, and has its own serials', async () => {
      const { changes, events } = enter('room')
      await bench.connect('1.1')
      bench.socket.say(succeeded('room', {}, at(50)))
      bench.socket.say(news(51))
      await bench.reconnect('1.2')
      bench.socket.say(succeeded('room', {}, at(2, 'e2')))
      // The connection may break before the server reports the loss.
      const lost = { kind: 'resumed', recovered: false, replayed: 0 }
      expect(changes.at(-1)).toEqual(lost)
      bench.socket.say(resumed(false, 0))
      expect(changes.filter(({ kind }) => kind === 'resumed')).toEqual([lost])
      bench.socket.say(news(3, 'e2'))

      expect(events.map((one) => (one as unknown[])[1])).toEqual([51, 3])
    })

    test('the last event of a cache channel is passed on once, although it is sent again', async () => {
      const { changes, events } = enter('cache-room')
      const cached = { ...news(3), channel: 'cache-room' }
      await bench.connect('1.1')
      bench.socket.say(succeeded('cache-room', {}, at(5)))
      bench.socket.say(cached)
      await bench.reconnect('1.2')
      bench.socket.say(succeeded('cache-room', {}, at(5)))
      bench.socket.say(cached)
      bench.socket.say({ event: 'pusher:cache_miss', channel: 'cache-room' })

      expect(events).toEqual([['news', 3]])
      expect(changes.at(-1)).toEqual({ kind: 'cacheMiss' })
    })

    test('a server without the extensions is not asked to resume, and may repeat events', async () => {
      const { events } = enter('room')
      await bench.connect('1.1')
      bench.socket.say(succeeded('room'))
      bench.socket.say({ event: 'news', channel: 'room', data: 1 })
      await bench.reconnect('1.2')
      expect(resumeOf(bench.socket)).toBeUndefined()
      bench.socket.say(succeeded('room'))
      bench.socket.say({ event: 'news', channel: 'room', data: 1 })

      expect(events).toHaveLength(2)
    })
  })

  describe('of presence', () => {
    const NAME = 'presence-room'
    const idsOf = (changes: readonly ChannelChange[]) =>
      changes.flatMap((change) =>
        'member' in change ? [`${change.kind} ${change.member.id}`] : [],
      )

    test('knows its members, joins and leaves from any server of the protocol', async () => {
      const { channel, changes } = enter(NAME)
      await bench.connect()
      bench.socket.say(succeeded(NAME, listOf({ me: { n: 1 }, ada: null })))
      expect([channel.me, channel.count]).toEqual(['me', 2])
      expect([...channel.members.values()]).toEqual([
        { id: 'me', info: { n: 1 } },
        { id: 'ada', info: undefined },
      ])

      const bob = { user_id: 'bob', user_info: 'Bob' }
      bench.socket.say({ event: 'pusher_internal:member_added', channel: NAME, data: bob })
      bench.socket.say({
        ...{ event: 'pusher_internal:member_removed', channel: NAME, data: { user_id: 'ada' } },
      })

      expect(idsOf(changes)).toEqual(['joined me', 'joined ada', 'joined bob', 'left ada'])
      expect([[...channel.members.keys()], channel.count]).toEqual([['me', 'bob'], 2])
    })

    test('reports only the differences after a reconnect', async () => {
      const { channel, changes } = enter(NAME)
      await bench.connect('1.1')
      bench.socket.say(succeeded(NAME, listOf({ me: 1, ada: 1, bob: 1 })))
      changes.length = 0
      await bench.reconnect('1.2')
      expect(channel.members.size).toBe(3)

      bench.socket.say(succeeded(NAME, listOf({ me: 1, ada: 2, eve: 1 })))

      expect(idsOf(changes)).toEqual(['left bob', 'updated ada', 'joined eve'])
    })

    test('applies batches: leaves first, exact counts, and nothing that its list already has', async () => {
      const { channel, changes } = enter(NAME)
      const diff = (serial: number, joins: string[], leaves: string[], count: number) => {
        const data = { joins: joins.map((user_id) => ({ user_id })), leaves, count }
        const position = { serial, epoch: 'e1' }
        bench.socket.say({ event: 'nearcache:presence_diff', channel: NAME, data, ...position })
      }
      await bench.connect()
      bench.socket.say(succeeded(NAME, listOf({ me: null, ada: null }), { serial: 5, epoch: 'e1' }))
      changes.length = 0

      diff(5, ['old'], ['ada'], 2)
      diff(6, ['ada', 'bob'], ['ada'], 3)
      diff(7, [], [], 5_000)

      expect(idsOf(changes)).toEqual(['left ada', 'joined ada', 'joined bob'])
      expect([channel.members.size, channel.count]).toEqual([3, 5_000])
    })

    test('changes what others know of a user, signed as the subscription was', async () => {
      const asked: unknown[] = []
      bench = clientBench({
        authorize: async (request) => {
          asked.push(request)
          return { auth: 'key:sig', channel_data: JSON.stringify({ user_id: 'me' }) }
        },
      })
      const { channel, changes } = enter(NAME)
      await bench.connect()
      bench.socket.say(succeeded(NAME, listOf({ me: 'old', ada: 'Ada' })))

      expect(await channel.update('new')).toBe(true)
      bench.socket.say({
        ...{ event: 'nearcache:presence_update', channel: NAME },
        data: { user_id: 'ada', user_info: 'Countess' },
      })

      expect(asked.at(-1)).toEqual({ socketId: '1.1', channel: NAME, userInfo: 'new' })
      expect(bench.socket.frames.at(-1)).toEqual({
        event: 'nearcache:presence_update',
        data: { channel: NAME, auth: 'key:sig', channel_data: '{"user_id":"me"}' },
      })
      expect(changes.at(-1)).toEqual({ kind: 'updated', member: { id: 'ada', info: 'Countess' } })
    })

    test('names the sender of a client event', async () => {
      const { channel } = enter(NAME)
      const senders: unknown[] = []
      channel.on('client-hello', (_data, { userId }) => senders.push(userId))
      await bench.connect()

      bench.socket.say({ event: 'client-hello', channel: NAME, user_id: 'ada', data: {} })

      expect(senders).toEqual(['ada'])
    })
  })

  test('errors, watched users and counts are passed on', async () => {
    const { changes } = enter('room')
    await bench.connect()
    const message = 'too many client events'
    const seen = [
      { name: 'online', user_ids: ['ada', 'bob'] },
      { name: 'offline', user_ids: ['eve'] },
    ]

    bench.socket.say({ event: 'pusher:error', data: { code: 4301, message } })
    bench.socket.say({ event: 'pusher:error', channel: 'room', data: { code: 4301, message } })
    bench.socket.say({ event: 'pusher_internal:watchlist_events', data: { events: seen } })
    const count = { subscription_count: 5 }
    bench.socket.say({ event: 'pusher_internal:subscription_count', channel: 'room', data: count })

    expect(bench.changes.slice(-3)).toEqual([
      { kind: 'error', code: 4301, message },
      { kind: 'error', code: 4301, message },
      { kind: 'watchlist', online: ['ada', 'bob'], offline: ['eve'] },
    ])
    expect(changes).toEqual([{ kind: 'count', count: 5 }])
  })

  test('survives whatever a server sends', async () => {
    const { events } = enter('presence-room')
    bench.client.watch(() => undefined)
    await bench.connect()
    const name = fc.constantFrom(
      ...['pusher:error', 'pusher:signin_success', 'pusher_internal:watchlist_events'],
      ...['pusher_internal:subscription_succeeded', 'nearcache:resumed', 'nearcache:presence_diff'],
      ...[
        'pusher_internal:member_added',
        'pusher:subscription_error',
        'message',
        'pusher:cache_miss',
      ],
    )
    const frame = fc.record(
      {
        event: fc.oneof(name, fc.jsonValue()),
        channel: fc.oneof(fc.constant('presence-room'), fc.jsonValue()),
        data: fc.oneof(fc.json(), fc.jsonValue()),
        serial: fc.jsonValue(),
        epoch: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const text = fc.oneof(
      frame.map((one) => JSON.stringify(one)),
      fc.string(),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(text, (one) => {
        bench.socket.sayText(one)
      }),
      { numRuns: 2_000 },
    )
    events.length = 0

    await bench.reconnect('9.9')
    bench.socket.say({ event: 'message', channel: 'presence-room', data: 'still here' })

    expect(events).toEqual([['message', 'still here']])
  })
})
