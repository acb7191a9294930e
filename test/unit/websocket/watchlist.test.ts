import { beforeEach, describe, expect, test } from 'vitest'
import { authorizeUser } from '../../../src/websocket/protocol/signature.ts'
import { Cluster, type ClusterClient } from '../../support/websocket/cluster.ts'

const WATCHLIST = 'pusher_internal:watchlist_events'

/** The events of a client's watchlist, in order. */
const newsOf = ({ socket }: ClusterClient): unknown[] =>
  socket.frames
    .filter(({ event }) => event === WATCHLIST)
    .flatMap(({ data }) => (data as { events: unknown[] }).events)

describe('the watchlist of a client whose users’ channels cannot be reached when it signs in', () => {
  let cluster: Cluster

  async function signIn(hub: string, id: string, watchlist: string[]): Promise<ClusterClient> {
    const client = await cluster.connect(hub)
    const signed = authorizeUser(cluster.app, client.id, JSON.stringify({ id, watchlist }))
    await cluster.send(client, 'pusher:signin', signed)
    return client
  }

  beforeEach(() => {
    cluster = new Cluster()
  })

  test.each(['before', 'after'] as const)(
    'is told of no user until the channels answer, and then of each once (the calls fail %s they arrive)',
    async (moment) => {
      await signIn('1', 'ben', [])
      cluster.fail = () => moment
      const ann = await signIn('0', 'ann', ['ben', 'cat'])
      await cluster.advance(12_000)
      expect(newsOf(ann)).toEqual([])

      cluster.fail = undefined
      await cluster.advance(60_000)

      expect(newsOf(ann)).toEqual([
        { name: 'online', user_ids: ['ben'] },
        { name: 'offline', user_ids: ['cat'] },
      ])
    },
  )
})

test('The watchlist of a client that signs in does not report a user as online who has left meanwhile', async () => {
  const cluster = new Cluster()
  const signIn = async (hub: string, id: string, watchlist: string[]): Promise<ClusterClient> => {
    const client = await cluster.connect(hub)
    const signed = authorizeUser(cluster.app, client.id, JSON.stringify({ id, watchlist }))
    await cluster.send(client, 'pusher:signin', signed)
    return client
  }
  const ben = await signIn('1', 'ben', [])
  await cluster.advance(1_000)
  const others = Array.from({ length: 99 }, (_, i) => `user-${i}`)
  let calls = 0
  cluster.fail = () => {
    calls += 1
    // The channel of ben has answered, most of the others have not.
    if (calls === 30) void cluster.close(ben, 1000)
    return undefined
  }

  const ann = await signIn('0', 'ann', ['ben', ...others])
  await cluster.advance(60_000)

  expect(newsOf(ann)).toEqual([
    { name: 'offline', user_ids: ['ben'] },
    { name: 'offline', user_ids: others },
  ])
})

test('A sign-in as an invalid user, or as another one than before, is refused with 4303', async () => {
  const cluster = new Cluster()
  const client = await cluster.connect('0')
  const signIn = (user: object): Promise<void> => {
    const signed = authorizeUser(cluster.app, client.id, JSON.stringify(user))
    return cluster.send(client, 'pusher:signin', signed)
  }
  await signIn({ id: 7 })
  await signIn({ id: 'ann' })
  await signIn({ id: 'ben' })

  expect(client.socket.frames).toMatchObject([
    { event: 'pusher:error', data: { code: 4303 } },
    { event: 'pusher:signin_success' },
    { event: 'pusher:error', data: { code: 4303 } },
  ])
})
