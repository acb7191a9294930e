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

  /** Makes a change while the list cannot be reached; afterwards the channel loses its memory. */
  async function untold(change: () => Promise<void>): Promise<void> {
    cluster.replace('directory', DIRECTORY, {
      note: () => Promise.reject(new Error('The object is overloaded')),
    })
    await change()
    cluster.evict('directory', DIRECTORY)
    cluster.evict('channel', ROOM)
  }

  test('learns of a channel that became occupied while the list could not be reached', async () => {
    await untold(() => say('pusher:subscribe'))
    expect(await cluster.directory.list('')).toEqual([])

    await cluster.advance(5_000)

    expect(await cluster.directory.list('')).toEqual([ROOM])
  })

  test('learns of a channel that was vacated while the list could not be reached', async () => {
    await say('pusher:subscribe')
    expect(await cluster.directory.list('')).toEqual([ROOM])
    await untold(() => say('pusher:unsubscribe'))

    await cluster.advance(5_000)

    expect(await cluster.directory.list('')).toEqual([])
  })

  test('does not keep a channel that was vacated before the answer to its report was lost', async () => {
    const { directory } = cluster
    cluster.replace('directory', DIRECTORY, {
      note: async (...note: Parameters<typeof directory.note>) => {
        await directory.note(...note)
        await say('pusher:unsubscribe')
        throw new Error('The answer did not arrive')
      },
    })
    await say('pusher:subscribe')
    cluster.evict('directory', DIRECTORY)

    await cluster.advance(120_000)

    expect(await cluster.directory.list('')).toEqual([])
  })

  test('gets no repeated report from a channel that only wakes up', async () => {
    await say('pusher:subscribe')
    cluster.evict('channel', ROOM)
    cluster.replace('directory', DIRECTORY, { note: () => expect.unreachable('told again') })

    await cluster.advance(60_000)
    const { occupied } = await cluster.channel(ROOM).info([])

    expect(occupied).toBe(true)
  })
})
