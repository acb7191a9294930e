import { beforeEach, describe, expect, test } from 'vitest'
import { Cluster, type ClusterClient, DIRECTORY } from '../../support/websocket/cluster.ts'

const ROOM = 'room'

describe('the list of occupied channels', () => {
  let cluster: Cluster
  let ann: ClusterClient

  beforeEach(async () => {
    cluster = new Cluster()
    ann = await cluster.connect('0')
  })

  const say = (event: string): Promise<void> => cluster.send(ann, event, { channel: ROOM })

  /** Does something while the list cannot be reached, after which the channel loses its memory. */
  async function untold(change: () => Promise<void>): Promise<void> {
    cluster.replace('directory', DIRECTORY, {
      note: () => Promise.reject(new Error('The object is overloaded')),
    })
    await change()
    cluster.evict('directory', DIRECTORY)
    cluster.evict('channel', ROOM)
  }

  test('hears of a channel that was occupied when it could not be told, and forgot', async () => {
    await untold(() => say('pusher:subscribe'))
    expect(await cluster.directory.list('')).toEqual([])

    await cluster.advance(5_000)

    expect(await cluster.directory.list('')).toEqual([ROOM])
  })

  test('hears of one that was vacated then, and keeps no ghost', async () => {
    await say('pusher:subscribe')
    expect(await cluster.directory.list('')).toEqual([ROOM])
    await untold(() => say('pusher:unsubscribe'))

    await cluster.advance(5_000)

    expect(await cluster.directory.list('')).toEqual([])
  })

  test('is told nothing again by a channel that only wakes up', async () => {
    await say('pusher:subscribe')
    cluster.evict('channel', ROOM)
    cluster.replace('directory', DIRECTORY, { note: () => expect.unreachable('told again') })

    await cluster.advance(60_000)
    const { occupied } = await cluster.channel(ROOM).info([])

    expect(occupied).toBe(true)
  })
})
