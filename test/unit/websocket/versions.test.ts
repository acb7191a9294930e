import { beforeEach, describe, expect, test } from 'vitest'
import { HubConnection } from '../../../src/websocket/objects/hub-connection.ts'
import type { Delivery, HubStub, ReportAnswer } from '../../../src/websocket/objects/stubs.ts'
import { Cluster, type ClusterClient, MemorySocket } from '../../support/websocket/cluster.ts'

const ROOM = 'presence-room'

/** Exact messages of objects of version 0.1.0: do not change them with the code. */
const HUB_SAYS = {
  joins: {
    report: {
      hub: '9',
      epoch: 1,
      seq: 1,
      sockets: 1,
      users: [{ id: 'old', sockets: 1, info: '{"n":1}' }],
      isComplete: false,
    },
    question: { user: 'old', isCached: false, isExtended: false, resume: undefined },
  },
  leaves: {
    report: {
      hub: '9',
      epoch: 1,
      seq: 2,
      sockets: 0,
      users: [{ id: 'old', sockets: 0, reason: 'unsubscribed' }],
      isComplete: false,
    },
    question: {},
  },
} as const
const POSITION = { epoch: 'e', serial: 4 }
const CHANNEL_SAYS = {
  answer: {
    position: POSITION,
    isKnown: true,
    snapshot: String.raw`{\"presence\":{\"count\":1,\"ids\":[\"new\"],\"hash\":{\"new\":{}}}}`,
    isPresent: true,
  },
  deliveries: [
    {
      kind: 'event',
      position: { epoch: 'e', serial: 5 },
      frame: '{"event":"news","channel":"presence-room","data":"1"}',
      except: undefined,
    },
    {
      kind: 'presence',
      position: { epoch: 'e', serial: 6 },
      diff: {
        joins: [{ id: 'old', info: '{"n":1}' }],
        leaves: ['gone'],
        updates: [{ id: 'new', info: '{"n":2}' }],
        count: 2,
      },
    },
    { kind: 'subscriptions', position: { epoch: 'e', serial: 6 }, count: 2 },
  ],
} as const

describe('while a new version is deployed', () => {
  let cluster: Cluster

  beforeEach(() => {
    cluster = new Cluster()
  })

  test('a channel and a hub of the previous version understand each other', async () => {
    const heard: Delivery[] = []
    const hub: Partial<HubStub> = {
      deliver: async (_, deliveries) => void heard.push(...deliveries),
    }
    cluster.replace('hub', '9', hub)
    const ann = await cluster.connect('0')
    await cluster.join(ann, ROOM, 'ann')

    const { joins, leaves } = HUB_SAYS
    const answer = await cluster.channel(ROOM).report(joins.report, joins.question)
    await cluster.channel(ROOM).publish({ event: 'news', data: '1' }, [])
    await cluster.send(ann, 'pusher:unsubscribe', { channel: ROOM })
    await cluster.advance(20_000)
    const present = await cluster.channel(ROOM).users()
    await cluster.channel(ROOM).report(leaves.report, leaves.question)

    const position = { epoch: expect.any(String), serial: expect.any(Number) }
    expect(answer).toMatchObject({ position, isKnown: false, isPresent: true })
    expect(JSON.parse(JSON.parse(`"${answer.snapshot}"`))).toEqual({
      presence: { count: 2, ids: ['ann', 'old'], hash: { ann: {}, old: { n: 1 } } },
    })
    expect(heard).toMatchObject([
      { kind: 'event', position, frame: expect.stringContaining('"news"') },
      {
        kind: 'presence',
        position,
        diff: { joins: [{ id: 'old', info: '{"n":1}' }], leaves: ['ann'], updates: [], count: 1 },
      },
    ])
    expect(present).toEqual(['old'])
    await expect(cluster.channel(ROOM).users()).resolves.toEqual([])
  })

  const events = ({ socket }: ClusterClient): unknown[] =>
    socket.frames.splice(0).map(({ event, data }) => [event, data])

  /** A hub with one client, on a channel that gives this answer. */
  async function joined(answer: unknown): Promise<ClusterClient> {
    cluster.replace('channel', ROOM, { report: async () => answer as ReportAnswer })
    const client = await cluster.connect('0')
    await cluster.join(client, ROOM, 'new')
    return client
  }

  test('a hub understands a channel of the previous version', async () => {
    const client = await joined(CHANNEL_SAYS.answer)
    await cluster.hub('0').deliver(ROOM, CHANNEL_SAYS.deliveries)

    expect(events(client)).toEqual([
      [
        'pusher_internal:subscription_succeeded',
        { presence: { count: 1, ids: ['new'], hash: { new: {} } } },
      ],
      ['news', 1],
      ['pusher_internal:member_removed', { user_id: 'gone' }],
      ['pusher_internal:member_added', { user_id: 'old', user_info: { n: 1 } }],
      ['pusher_internal:subscription_count', { subscription_count: 2 }],
    ])
  })

  test('a hub ignores deliveries that it cannot read, and sends its clients all others', async () => {
    const client = await joined(CHANNEL_SAYS.answer)
    events(client)
    const [event] = CHANNEL_SAYS.deliveries
    const strange = [
      { kind: 'of tomorrow', position: POSITION },
      { kind: 'presence', position: POSITION },
      { kind: 'presence', position: POSITION, diff: { joins: [{ user_id: 'a' }], leaves: [] } },
      {
        kind: 'presence',
        position: POSITION,
        diff: { joins: [{ user_id: 'a' }], leaves: [], updates: [] },
      },
      event,
    ]

    await cluster.hub('0').deliver(ROOM, strange as unknown as Delivery[])

    expect(events(client)).toEqual([['news', 1]])
  })

  test('a hub refuses a subscription whose answer it cannot read', async () => {
    const client = await joined({ position: POSITION, isKnown: true, snapshot: { count: 1 } })

    expect(events(client)).toEqual([
      ['pusher:subscription_error', expect.objectContaining({ type: 'Unavailable', status: 503 })],
    ])
  })

  test('a connection stored by the previous version is read: many channels apart from the user', () => {
    const socket = new MemorySocket()
    const user = { id: 'ann', watchlist: ['ben'] }
    socket.serializeAttachment({ id: '1.2', at: 1, h: 2, u: user, s: 1 })
    const spilled = '[["news"],["presence-room","ann","{}"]]'

    const connection = HubConnection.restore(socket, { spilled: () => spilled } as never)

    expect(connection?.user).toEqual(user)
    expect([...(connection?.subscriptions.keys() ?? [])]).toEqual(['news', 'presence-room'])
  })
})
