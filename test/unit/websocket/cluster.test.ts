import { beforeEach, describe, expect, test } from 'vitest'
import { authorizeUser } from '../../../src/websocket/protocol/signature.ts'
import { Cluster, type ClusterClient, type SentFrame } from '../../support/websocket/cluster.ts'

const ROOM = 'presence-room'
const PING = 'pusher:ping'

const eventsOf = ({ socket }: ClusterClient): string[] =>
  socket.frames.map(({ event }: SentFrame) => event).filter((event) => event !== PING)

/** The webhook events that were received, without their times. */
const toldBy = (cluster: Cluster): unknown[] =>
  cluster.webhooks.flatMap((body) => (JSON.parse(body) as { events: unknown[] }).events)

describe('an app with several hubs, on a manual clock', () => {
  let cluster: Cluster
  let ann: ClusterClient

  /** Advances the clock. Ann and the others stay connected: they answer every ping. */
  async function advance(ms: number, ...others: ClusterClient[]): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      await cluster.advance(Math.min(left, 1_000))
      for (const client of [ann, ...others]) {
        const asked = client.socket.frames.findIndex(({ event }) => event === PING)
        if (asked < 0) continue
        client.socket.frames.splice(asked, 1)
        await cluster.send(client, 'pusher:pong', {})
      }
    }
  }

  beforeEach(async () => {
    cluster = new Cluster({ webhooks: [{ url: 'https://hooks.example/all' }] })
    ann = await cluster.connect('0')
    await cluster.join(ann, ROOM, 'ann')
  })

  test('sends no frame and no webhook when a client comes back within the grace, on any hub', async () => {
    const ben = await cluster.connect('1')
    await cluster.join(ben, ROOM, 'ben')
    await advance(60_000)
    ann.socket.frames.length = 0
    cluster.webhooks.length = 0

    let client = ben
    for (const hub of ['1', '2', '0', '1']) {
      await cluster.close(client, 1006)
      await advance(9_900)
      client = await cluster.connect(hub)
      await cluster.join(client, ROOM, 'ben')
      await advance(1_000)
    }

    expect(eventsOf(ann)).toEqual([])
    expect(toldBy(cluster)).toEqual([])
    expect(await cluster.channel(ROOM).users()).toEqual(['ann', 'ben'])
  })

  test('counts a channel as occupied during the grace, and reports a return in it to nobody', async () => {
    await advance(1_000)
    cluster.webhooks.length = 0

    await cluster.close(ann, 1006)
    await cluster.advance(9_900)
    const during = await cluster.channel(ROOM).info(['user_count'])
    ann = await cluster.connect('1')
    await cluster.join(ann, ROOM, 'ann')
    await advance(60_000)
    expect(during).toEqual({ occupied: true, userCount: 1 })
    expect(toldBy(cluster)).toEqual([])

    await cluster.close(ann, 1006)
    await cluster.advance(20_000)
    expect(await cluster.channel(ROOM).info(['user_count'])).toEqual({
      occupied: false,
      userCount: 0,
    })
    expect(toldBy(cluster)).toEqual([
      { name: 'member_removed', channel: ROOM, user_id: 'ann' },
      { name: 'channel_vacated', channel: ROOM },
    ])
  })

  test('removes a dead client within its timeouts and the grace', async () => {
    const ghost = await cluster.connect('1')
    await cluster.join(ghost, ROOM, 'ghost')
    await advance(100)
    ann.socket.frames.length = 0

    // 120 s of silence, 30 s to answer, 10 s of grace; no close event ever comes.
    await advance(160_000)

    expect(eventsOf(ann)).toEqual(['pusher_internal:member_removed'])
    expect(ghost.socket.closedWith).toBe(4201)
    expect(await cluster.channel(ROOM).users()).toEqual(['ann'])
  })

  test('removes the users of a hub that has lost all sockets at once, unless they come back', async () => {
    const lost = await Promise.all(['1', '1', '1'].map((hub) => cluster.connect(hub)))
    for (const [place, client] of lost.entries()) await cluster.join(client, ROOM, `u${place}`)
    await advance(1_000)
    expect(await cluster.channel(ROOM).users()).toHaveLength(4)

    cluster.crash('1')
    const back = await cluster.connect('2')
    await cluster.join(back, ROOM, 'u0')
    await advance(160_000, back)

    expect(await cluster.channel(ROOM).users()).toEqual(['ann', 'u0'])
    expect(ann.socket.frames.filter(({ event }) => /removed/.test(event))).toHaveLength(2)
  })

  test('treats a hub that no longer answers as lost when its lease is over', async () => {
    const gone = await cluster.connect('1')
    await cluster.join(gone, ROOM, 'gone')
    await advance(1_000)

    cluster.crash('1')
    cluster.fail = () => 'before'
    await cluster.advance(700_000)
    cluster.fail = undefined
    await cluster.advance(20_000)

    expect(await cluster.channel(ROOM).users()).not.toContain('gone')
  })

  test('lists the users of a lost hub again, and sends them events, once it can be reached', async () => {
    const apart = await cluster.connect('1')
    await cluster.join(apart, ROOM, 'apart')
    await advance(1_000)
    const published = async (event: string): Promise<string[]> => {
      await cluster.channel(ROOM).publish({ event, data: '1', except: undefined })
      return eventsOf(apart).filter((name) => name === event)
    }

    cluster.fail = () => 'before'
    await advance(700_000, apart)
    cluster.evict('channel', ROOM)
    expect(await cluster.channel(ROOM).users()).not.toContain('apart')
    expect(await published('missed')).toEqual([])
    cluster.fail = undefined
    await advance(61_000, apart)

    expect(await cluster.channel(ROOM).users()).toEqual(['ann', 'apart'])
    expect(await published('heard')).toEqual(['heard'])
    expect(apart.socket.closedWith).toBeUndefined()
  })

  test('stops asking a lost hub once it has answered without connections', async () => {
    await cluster.join(await cluster.connect('1'), ROOM, 'gone')
    await advance(1_000)
    cluster.fail = () => 'before'
    await advance(700_000)
    cluster.crash('1')
    cluster.fail = undefined
    await cluster.close(ann, 1000)

    await cluster.advance(200_000)

    expect(cluster.rowsIn('channel', ROOM, 'sqlite_schema')).toBe(0)
  })

  test('sends concurrent joins in one batch, after the first', async () => {
    ann.socket.frames.length = 0
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, i) => cluster.connect(String(i % 3), undefined, true)),
    )
    const watcher = await cluster.connect('0', undefined, true)
    await cluster.join(watcher, ROOM, 'watcher')
    await advance(1_000)
    watcher.socket.frames.length = 0

    for (const [i, client] of clients.entries()) await cluster.join(client, ROOM, `u${i}`)
    await advance(100)

    const diffs = watcher.socket.frames.filter(({ event }) => event === 'nearcache:presence_diff')
    expect(diffs).toHaveLength(2)
    expect(diffs.at(-1)?.data).toMatchObject({ count: 22 })
    expect(eventsOf(ann).filter((event) => /added/.test(event))).toHaveLength(21)
  })

  test('sends joins and leaves while a receiver of webhooks does not answer', async () => {
    cluster.receive = () => Promise.withResolvers<Response>().promise
    const webhooks = cluster.advance(300)
    await cluster.platform.advance(0)
    expect(cluster.webhooks).toHaveLength(1)
    ann.socket.frames.length = 0

    const others = await Promise.all(['1', '1', '1'].map((hub) => cluster.connect(hub)))
    for (const [place, client] of others.entries()) await cluster.join(client, ROOM, `u${place}`)
    await cluster.platform.advance(200)
    expect(eventsOf(ann)).toEqual(others.map(() => 'pusher_internal:member_added'))
    for (const client of others) await cluster.close(client, 1001)
    await cluster.platform.advance(2_200)

    expect(eventsOf(ann).filter((event) => /removed/.test(event))).toHaveLength(3)
    await cluster.platform.advance(10_000)
    await webhooks
  })

  test('reports a webhook that was given up after five minutes', async () => {
    cluster.receive = async () => new Response(null, { status: 500 })
    await cluster.advance(200_000)
    expect(cluster.dropped).toEqual([])

    await cluster.advance(100_000)

    expect(cluster.dropped).toEqual(['2: HTTP 500'])
  })

  test('writes the alarm of a channel once for each batch, and not for each join in it', async () => {
    const quiet = new Cluster()
    const join = async (user: string): Promise<void> =>
      quiet.join(await quiet.connect('0'), ROOM, user)
    await join('first')
    const before = quiet.alarmWrites('channel', ROOM)

    // All of them join within the 50 ms after the first; the batch time grows to 150 ms.
    for (let i = 0; i < 250; i++) await join(`u${i}`)

    expect(quiet.alarmWrites('channel', ROOM) - before).toBe(3)
  })

  test('makes up for a failed report, whether the call or its answer was lost', async () => {
    const ben = await cluster.connect('1')
    await cluster.join(ben, ROOM, 'ben')
    const cat = await cluster.connect('1')
    await cluster.join(cat, ROOM, 'cat')
    await advance(1_000)

    cluster.fail = () => 'before'
    await cluster.close(ben, 1000)
    cluster.fail = () => 'after'
    await cluster.close(cat, 1000)
    cluster.fail = undefined
    await advance(20_000)

    expect(await cluster.channel(ROOM).users()).toEqual(['ann'])
  })

  test.each([
    ['among others of its hub', '0'],
    ['alone on its hub', '1'],
  ])('a channel that is never empty stores nothing of users who have left, %s', async (_, hub) => {
    for (let i = 0; i < 1_100; i++) {
      const client = await cluster.connect(hub)
      await cluster.join(client, ROOM, `guest ${i}`)
      await cluster.close(client, 1000)
      if (i % 300 === 0) cluster.evict('channel', ROOM)
    }
    await cluster.advance(60_000)

    expect(await cluster.channel(ROOM).users()).toEqual(['ann'])
    expect(cluster.rowsIn('channel', ROOM, 'count')).toBeLessThan(200)
    expect(cluster.rowsIn('channel', ROOM, 'user')).toBe(1)
  })

  test.each([
    ['of many, as long as UUIDs', 500, 36, 'a'],
    ['of the longest, in letters of two bytes', 100, 128, 'ж'],
  ])(
    'keeps a watchlist besides many channels, also while the hub hibernates: %s',
    async (_, count, chars, letter) => {
      const app = new Cluster({ limits: { watchlistUsers: 1_000 } })
      const signIn = async (id: string, watchlist: string[]): Promise<ClusterClient> => {
        const client = await app.connect(id === 'ben' ? '1' : '0')
        const signed = authorizeUser(app.app, client.id, JSON.stringify({ id, watchlist }))
        await app.send(client, 'pusher:signin', signed)
        return client
      }
      const others = Array.from({ length: count }, (_, i) => String(i).padEnd(chars, letter))
      const watcher = await signIn('ann', ['ben', ...others].slice(0, count))
      for (let i = 0; i < 80; i++)
        await app.send(watcher, 'pusher:subscribe', { channel: `news-${i}` })
      app.evict('hub', '0')
      await app.channel('news-79').publish({ event: 'still', data: '{}' })
      await signIn('ben', [])

      const events = eventsOf(watcher)
      expect(events.slice(0, 2)).toEqual([
        'pusher:signin_success',
        'pusher_internal:watchlist_events',
      ])
      expect(events.slice(-2)).toEqual(['still', 'pusher_internal:watchlist_events'])
      expect(events).toHaveLength(84)
    },
  )

  test.each([0, 80])(
    'removes a member at once whose close wakes a hub without other connections, also with %i more channels',
    async (channels) => {
      const ben = await cluster.connect('1')
      await cluster.join(ben, ROOM, 'ben')
      for (let i = 0; i < channels; i++) {
        await cluster.send(ben, 'pusher:subscribe', { channel: `news-${i}`.padEnd(100, '-') })
      }
      await cluster.advance(1_000)
      cluster.evict('hub', '1')

      await cluster.close(ben, 1000)
      await cluster.advance(1_000)

      expect(await cluster.channel(ROOM).users()).toEqual(['ann'])
      expect(cluster.rowsIn('hub', '1', 'spilled')).toBe(0)
    },
  )

  test('drops what it stored of sockets that a restart has ended, and of no other', async () => {
    const connect = async (): Promise<ClusterClient> => {
      const client = await cluster.connect('1')
      for (let i = 0; i < 80; i++) {
        await cluster.send(client, 'pusher:subscribe', { channel: `news-${i}`.padEnd(100, '-') })
      }
      return client
    }
    for (let i = 0; i < 3; i++) await connect()
    expect(cluster.rowsIn('hub', '1', 'spilled')).toBe(3)
    cluster.crash('1')
    await connect()

    await cluster.advance(1_000)

    expect(cluster.rowsIn('hub', '1', 'spilled')).toBe(1)
  })

  test('closes a client that floods a hub, which may reconnect, and no other client', async () => {
    const wild = await cluster.connect('0')

    for (let i = 0; i < 1_001; i++)
      await cluster.send(wild, 'pusher:unsubscribe', { channel: 'no' })

    expect(wild.socket.closedWith).toBe(4100)
    await cluster.channel(ROOM).publish({ event: 'still', data: '{}' })
    expect(eventsOf(ann)).toContain('still')
    expect(ann.socket.closedWith).toBeUndefined()
  })

  test('keeps history for a client with the extensions, even if its hub already had another subscriber', async () => {
    const stock = await cluster.connect('0')
    await cluster.send(stock, 'pusher:subscribe', { channel: 'news' })
    const extended = await cluster.connect('0', 'me', true)
    await cluster.send(extended, 'pusher:subscribe', { channel: 'news' })
    const [{ serial, epoch } = {}] = extended.socket.frames
    await cluster.close(extended, 1006)
    await cluster.channel('news').publish({ event: 'missed', data: '{}' })

    const again = await cluster.connect('0', 'me', true)
    await cluster.send(again, 'pusher:subscribe', { channel: 'news', resume: { epoch, serial } })

    expect(again.socket.frames.map(({ event }) => event)).toEqual([
      'pusher_internal:subscription_succeeded',
      'nearcache:resumed',
      'missed',
    ])
  })

  test('numbers events without a gap for a client with the extensions, also those that it is excluded from', async () => {
    const [stock, extended] = [await cluster.connect('0'), await cluster.connect('0', 'me', true)]
    for (const client of [stock, extended]) {
      await cluster.send(client, 'pusher:subscribe', { channel: 'news' })
      client.socket.frames.length = 0
    }
    const channel = cluster.channel('news')
    for (const except of [undefined, stock.id, extended.id, undefined])
      await channel.publish({ event: 'news', data: '{}', except })

    expect(eventsOf(stock)).toEqual(['news', 'news', 'news'])
    expect(eventsOf(extended)).toEqual(['news', 'news', 'nearcache:omitted', 'news'])
    expect(extended.socket.frames.map(({ serial }) => serial)).toEqual([1, 2, 3, 4])
  })

  test('sends what a hub has missed to a client that asks for it on its connection', async () => {
    const client = await cluster.connect('0', 'me', true)
    await cluster.send(client, 'pusher:subscribe', { channel: 'news' })
    const [{ serial, epoch } = {}] = client.socket.frames
    const channel = cluster.channel('news')
    cluster.fail = () => 'before'
    await channel.publish({ event: 'missed', data: '{}' })
    cluster.fail = undefined
    await channel.publish({ event: 'next', data: '{}' })
    expect(client.socket.frames.at(-1)).toMatchObject({ event: 'next', serial: 2 })
    client.socket.frames.length = 0

    await cluster.send(client, 'pusher:subscribe', { channel: 'news', resume: { epoch, serial } })
    await channel.publish({ event: 'last', data: '{}' })

    expect(client.socket.frames.map((frame) => [frame.event, frame.serial])).toEqual([
      ['pusher_internal:subscription_succeeded', 2],
      ['nearcache:resumed', 2],
      ['missed', 1],
      ['next', 2],
      ['last', 3],
    ])
  })
})
