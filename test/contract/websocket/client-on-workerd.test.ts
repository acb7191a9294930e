import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import {
  type ChannelChange,
  type ClientOptions,
  RealtimeClient,
} from '../../../src/websocket/client/index.ts'
import { WebSocketCache } from '../../../src/websocket/index.ts'
import { sign } from '../../../src/websocket/protocol/signature.ts'
import { type RealtimeWorker, startRealtime } from '../../support/websocket/worker.ts'

const APP = { id: '1', key: 'app-key', secret: 'app-secret-0123456789' }
/** Long enough for a busy machine. */
const PATIENT = { timeout: 30_000, interval: 20 }

describe('a RealtimeClient of the Worker, in workerd', () => {
  let worker: RealtimeWorker
  const clients: RealtimeClient[] = []

  beforeAll(async () => {
    worker = await startRealtime({ apps: [{ ...APP, clientEvents: 'members' }], hubs: 2 })
  }, 60_000)
  afterAll(() => worker.stop())
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect()
  })

  /** The server of an application, which knows its users. */
  function signersOf(
    userId: string,
    info: unknown,
  ): Pick<ClientOptions, 'authorize' | 'authorizeUser'> {
    return {
      authorize: async ({ socketId, channel, userInfo = info }) => {
        const data = JSON.stringify({ user_id: userId, user_info: userInfo })
        if (!channel.startsWith('presence-')) {
          return { auth: `${APP.key}:${sign(APP.secret, `${socketId}:${channel}`)}` }
        }
        const auth = `${APP.key}:${sign(APP.secret, `${socketId}:${channel}:${data}`)}`
        return { auth, channel_data: data }
      },
      authorizeUser: async ({ socketId }) => {
        const data = JSON.stringify({ id: userId })
        return {
          auth: `${APP.key}:${sign(APP.secret, `${socketId}::user::${data}`)}`,
          user_data: data,
        }
      },
    }
  }

  /** A connecting client, with its socket. */
  function enter(userId: string, options: Partial<ClientOptions> = {}) {
    const sockets: WebSocket[] = []
    class Seen extends WebSocket {
      constructor(url: string) {
        super(url)
        sockets.push(this)
      }
    }
    const client = new RealtimeClient({
      ...{ url: worker.origin, key: APP.key, WebSocket: Seen as never },
      reconnect: { baseMs: 2_000, capMs: 2_000 },
      ...signersOf(userId, { name: userId }),
      ...options,
    })
    clients.push(client)
    client.connect()
    return { client, sockets }
  }

  function publisher(): WebSocketCache {
    return new WebSocketCache({
      redis: embeddedTransport(),
      api: { url: worker.origin, appId: APP.id, key: APP.key, secret: APP.secret, timeout: '20s' },
    })
  }

  /** Subscribes, waits until that is done, and records the events. */
  async function subscribe(client: RealtimeClient, name: string) {
    const channel = client.subscribe(name)
    const [changes, events]: [ChannelChange[], unknown[]] = [[], []]
    channel.watch((change) => changes.push(change))
    channel.onAny((event, data, { userId }) => events.push([event, data, userId]))
    await vi.waitFor(() => expect(channel.state).toBe('subscribed'), PATIENT)
    return { channel, changes, events }
  }

  /** All states of a channel since it was subscribed: polling could miss a short one. */
  function statesOf(changes: readonly ChannelChange[]): string[] {
    return changes.flatMap((change) => (change.kind === 'state' ? [change.state] : []))
  }

  test('gets events that are published from Node and by another client', async () => {
    const [ada, bob] = [enter('ada'), enter('bob')]
    const [one, two, open] = await Promise.all([
      subscribe(ada.client, 'private-room'),
      subscribe(bob.client, 'private-room'),
      subscribe(bob.client, 'room'),
    ])
    const api = publisher()

    const told = await api.publish(
      ['room', 'private-room'],
      'news',
      { n: 1 },
      {
        info: ['subscription_count'],
      },
    )
    expect(one.channel.trigger('client-typing', { is: true })).toBe(true)
    await vi.waitFor(() => expect(two.events).toHaveLength(2), PATIENT)

    expect(two.events).toEqual([
      ['news', { n: 1 }, undefined],
      ['client-typing', { is: true }, undefined],
    ])
    expect(one.events).toEqual([['news', { n: 1 }, undefined]])
    expect(open.events).toEqual([['news', { n: 1 }, undefined]])
    expect(told.get('private-room')).toEqual({ subscriptionCount: 2 })
    const socketId = ada.client.socketId ?? ''
    await api.publish('private-room', 'news', { n: 2 }, { socketId })
    await vi.waitFor(() => expect(two.events).toHaveLength(3), PATIENT)
    expect(one.events).toHaveLength(1)
  })

  test('is told which members are present, come, go and change their data', async () => {
    const [ada, bob] = [enter('ada'), enter('bob')]
    const one = await subscribe(ada.client, 'presence-hall')
    const two = await subscribe(bob.client, 'presence-hall')
    await vi.waitFor(() => expect(one.channel.members.size).toBe(2), PATIENT)
    expect([one.channel.me, two.channel.me, two.channel.count]).toEqual(['ada', 'bob', 2])

    await two.channel.update({ name: 'Robert' })
    await vi.waitFor(
      () => expect(one.channel.members.get('bob')?.info).toEqual({ name: 'Robert' }),
      PATIENT,
    )
    two.channel.trigger('client-wave', {})
    await vi.waitFor(() => expect(one.events).toEqual([['client-wave', {}, 'bob']]), PATIENT)
    two.channel.unsubscribe()
    await vi.waitFor(() => expect(one.channel.members.size).toBe(1), PATIENT)

    const kinds = one.changes.map(({ kind }) => kind).filter((kind) => kind !== 'state')
    expect(kinds.slice(-3)).toEqual(['joined', 'updated', 'left'])
  })

  test('uses no extension of the protocol if so configured, and still gets the same events', async () => {
    const ada = enter('ada', { extensions: 'off' })
    const one = await subscribe(ada.client, 'presence-stock')
    const bob = await subscribe(enter('bob', { extensions: 'off' }).client, 'presence-stock')
    await vi.waitFor(() => expect(one.channel.members.size).toBe(2), PATIENT)
    expect(bob.channel.members.get('ada')?.info).toEqual({ name: 'ada' })

    ada.sockets[0]?.close(3_000)
    await vi.waitFor(() => expect(statesOf(one.changes)).toContain('pending'), PATIENT)
    await vi.waitFor(() => expect(one.channel.state).toBe('subscribed'), PATIENT)
    await publisher().publish('presence-stock', 'news', 1)
    await vi.waitFor(() => expect(one.events).toEqual([['news', 1, undefined]]), PATIENT)
    bob.channel.unsubscribe()
    await vi.waitFor(() => expect(one.channel.members.size).toBe(1), PATIENT)

    const kinds = one.changes.map(({ kind }) => kind)
    expect(kinds).not.toContain('resumed')
    expect(kinds.filter((kind) => kind === 'joined' || kind === 'left').slice(-2)).toEqual([
      'joined',
      'left',
    ])
  })

  test('gets all missed events, in order, after a lost connection', async () => {
    const ada = enter('ada')
    const { changes, events } = await subscribe(ada.client, 'private-news')
    const api = publisher()
    await api.publish('private-news', 'news', 0)
    await vi.waitFor(() => expect(events).toHaveLength(1), PATIENT)

    ada.sockets[0]?.close(3_000)
    await vi.waitFor(() => expect(statesOf(changes)).toContain('pending'), PATIENT)
    for (let n = 1; n <= 5; n++) await api.publish('private-news', 'news', n)
    ada.client.connect()
    await vi.waitFor(() => expect(events).toHaveLength(6), PATIENT)
    await api.publish('private-news', 'news', 6)
    await vi.waitFor(() => expect(events).toHaveLength(7), PATIENT)

    expect(events.map((event) => (event as unknown[])[1])).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(changes).toContainEqual({
      kind: 'resumed',
      recovered: true,
      replayed: expect.anything(),
    })
  })

  test('a socket that closes gets a reply', async () => {
    const socket = new WebSocket(`${worker.origin.replace('http', 'ws')}/app/${APP.key}?protocol=7`)
    await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }))

    socket.close(3_000)
    const closed = await new Promise<CloseEvent>((resolve) => {
      socket.addEventListener('close', (event) => resolve(event as CloseEvent))
    })

    expect([closed.code, closed.wasClean]).toEqual([3_000, true])
  })

  test('gets the last event of a cache channel, the one that the SDK keeps', async () => {
    const ada = enter('ada')
    const empty = await subscribe(ada.client, 'cache-empty')
    await vi.waitFor(() => expect(empty.changes).toContainEqual({ kind: 'cacheMiss' }), PATIENT)
    await publisher().publish('cache-full', 'price', { eur: 5 })

    const { events } = await subscribe(ada.client, 'cache-full')

    await vi.waitFor(() => expect(events).toEqual([['price', { eur: 5 }, undefined]]), PATIENT)
  })

  test('signs a user in, and then gets the events for that user alone', async () => {
    const [ada, bob] = [enter('ada'), enter('bob')]
    const [{ user, channel }, other] = await Promise.all([ada.client.signIn(), bob.client.signIn()])
    const [heard, overheard]: [unknown[], unknown[]] = [[], []]
    channel.onAny((_event, data) => heard.push(data))
    other.channel.onAny((_event, data) => overheard.push(data))
    await vi.waitFor(() => expect(channel.state).toBe('subscribed'), PATIENT)

    await publisher().publish(channel.name, 'note', 'for you')
    await vi.waitFor(() => expect(heard).toEqual(['for you']), PATIENT)

    expect(user).toMatchObject({ id: 'ada' })
    expect(overheard).toEqual([])
  })

  test('is refused finally with an unknown key; a channel with an invalid signature is refused too', async () => {
    const nobody = enter('ada', { key: 'another-key' })
    await vi.waitFor(() => expect(nobody.client.state).toBe('refused'), PATIENT)

    const { client } = enter('eve', { authorize: async () => ({ auth: `${APP.key}:00` }) })
    const channel = client.subscribe('private-room')
    await vi.waitFor(() => expect(channel.state).toBe('failed'), PATIENT)
    expect(await publisher().publish('room', 'e', 1)).toEqual(new Map())
  })
}, 120_000)
