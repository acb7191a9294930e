import { expect, test } from 'vitest'
import { PresenceRefusedError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { WebSocketCache } from '../../../src/websocket/index.ts'
import { HubMirror } from '../../../src/websocket/objects/hub-mirror.ts'
import type { MirrorPort } from '../../../src/websocket/objects/mirror-port.ts'
import { authorizeChannel } from '../../../src/websocket/protocol/signature.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'
import { Cluster } from '../../support/websocket/cluster.ts'

const ROOM = 'presence-room'

test('Users that do not reconnect to a restarted hub are removed from its mirror at once', async () => {
  const cluster = new Cluster()
  const { platform } = cluster
  const redis = faultyRequester(embeddedTransport({ platform }))
  const cache = new WebSocketCache({ redis, platform, retries: 0 })
  cluster.mirrorOf = (hub) => cache.mirror(hub)
  const usersThere = async (): Promise<readonly string[]> =>
    (await cache.getRoomPresence(ROOM)).members.map(({ userId }) => userId).sort()
  for (const user of ['ada', 'ben']) await cluster.join(await cluster.connect('h1'), ROOM, user)
  await cluster.join(await cluster.connect('h2'), ROOM, 'eve')
  await cluster.advance(1_000)
  expect(await usersThere()).toEqual(['ada', 'ben', 'eve'])

  cluster.crash('h1')
  // Redis cannot be reached at this moment; the mirror must still be told later.
  redis.fate = () => ({ kind: 'fail', error: new Error('away') })
  await cluster.join(await cluster.connect('h1'), ROOM, 'ada')
  await cluster.advance(1_000)
  redis.fate = () => ({ kind: 'pass' })
  await cluster.advance(6_000)

  expect(await usersThere()).toEqual(['ada', 'eve'])
  expect(await cache.countConnections()).toEqual(
    new Map([
      ['h1', 1],
      ['h2', 1],
    ]),
  )
})

test('New information of a user reaches the mirror', async () => {
  const cluster = new Cluster()
  const { app, platform } = cluster
  const redis = embeddedTransport({ platform })
  const cache = new WebSocketCache({ redis, platform })
  cluster.mirrorOf = (hub) => cache.mirror(hub)
  const ada = await cluster.connect('h1', undefined, true)
  const signed = (mood: string): object => {
    const data = JSON.stringify({ user_id: 'ada', user_info: { mood } })
    return { channel: ROOM, ...authorizeChannel(app, ada.id, ROOM, data) }
  }
  await cluster.send(ada, 'pusher:subscribe', signed('busy'))
  await cluster.advance(1_000)
  await cluster.send(ada, 'nearcache:presence_update', signed('free'))
  await cluster.advance(1_000)

  expect((await cache.getRoomPresence(ROOM)).members).toMatchObject([{ info: { mood: 'free' } }])
})

test('A refused subscription leaves no room in the mirror, even if it was reported meanwhile', async () => {
  const cluster = new Cluster()
  const { platform } = cluster
  const cache = new WebSocketCache({ redis: embeddedTransport({ platform }), platform })
  cluster.mirrorOf = (hub) => cache.mirror(hub)
  const ada = await cluster.connect('h1')
  cluster.replace('channel', ROOM, {
    report: async () => {
      await cluster.advance(1_000)
      return { position: { epoch: 'e', serial: 0 }, isKnown: false, isFull: true }
    },
  })
  await cluster.join(ada, ROOM, 'ada')
  await cluster.advance(1_000)

  expect((await cache.getConnection(ada.id))?.rooms).toEqual([])
  expect((await cache.getRoomPresence(ROOM)).count).toBe(0)
})

test('The changes that a hub keeps for an unreachable mirror are bounded', async () => {
  let [isAway, told, opened] = [true, 0, 0]
  const tell = async (): Promise<void> => {
    told++
    if (isAway) throw new Error('away')
  }
  const port: MirrorPort = {
    opened: () => tell().then(() => void opened++),
    closed: tell,
    ended: tell,
    active: async () => [],
    lastEvent: tell,
  }
  const mirror = new HubMirror(port, false, 0)
  const known = (id: string) => ({ id, user: undefined, subscriptions: new Map() })
  for (let hour = 0; hour < 5; hour++) {
    for (let i = 0; i < 5_000; i++) {
      mirror.changed(known(`${hour}.${i}`), hour)
      mirror.gone(known(`${hour}.${i}`), hour)
    }
    if (hour === 4) mirror.changed(known('there'), hour)
    await mirror.flush(hour * 3_600_000 + 1_000)
  }

  isAway = false
  told = 0
  await mirror.flush(5 * 3_600_000)

  expect(opened).toBe(1)
  expect(told).toBeLessThan(8_100)
})

test('A connection that the mirror refuses is reported again at the next sweep, not before', async () => {
  const cluster = new Cluster()
  let [isFull, reported] = [true, 0]
  const done = async (): Promise<void> => undefined
  cluster.mirrorOf = () => ({
    opened: async () => {
      reported += 1
      if (isFull) throw new PresenceRefusedError('connections')
    },
    active: async (ids) => ids,
    closed: done,
    ended: done,
    lastEvent: done,
  })
  await cluster.connect('0')

  await cluster.advance(60_000)
  expect(reported).toBe(1)

  isFull = false
  await cluster.advance(75_000)
  expect(reported).toBe(2)
})
