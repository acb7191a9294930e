import { describe, expect, test } from 'vitest'
import { ask, Client, evict, poll, silence } from './client.ts'

const idsOf = ({ data }: { data?: unknown }): string[] =>
  [...(data as { presence: { ids: string[] } }).presence.ids].sort()

describe('presence, over hubs', () => {
  test('informs each user about the others, once for all connections, and never about itself', async () => {
    const ann = await Client.connect('usual', '&nearcache=1&client_id=a')
    const ben = await Client.connect('usual')
    const benToo = await Client.connect('usual')

    expect(idsOf(await ann.subscribe('presence-each', 'ann'))).toEqual(['ann'])
    expect(idsOf(await ben.subscribe('presence-each', 'ben'))).toEqual(['ann', 'ben'])
    expect((await ann.next('nearcache:presence_diff')).data).toMatchObject({
      joins: [{ user_id: 'ben' }],
      leaves: [],
      count: 2,
    })
    expect(idsOf(await benToo.subscribe('presence-each', 'ben'))).toEqual(['ann', 'ben'])
    ben.socket.close(1000)
    await silence(200)
    expect(ann.rest('presence-each')).toEqual([])
    benToo.socket.close(1000)

    expect((await ann.next('nearcache:presence_diff')).data).toMatchObject({
      joins: [],
      leaves: ['ben'],
      count: 1,
    })
  })

  test('gives stock clients the frames of the protocol', async () => {
    const ann = await Client.connect('usual')
    const ben = await Client.connect('usual')
    await ann.subscribe('presence-stock', 'ann')

    await ben.subscribe('presence-stock', 'ben', { user_info: { name: 'Ben' } })
    const added = await ann.next('pusher_internal:member_added')
    ben.send('pusher:unsubscribe', { channel: 'presence-stock' })
    const removed = await ann.next('pusher_internal:member_removed')

    expect(added.data).toEqual({ user_id: 'ben', user_info: { name: 'Ben' } })
    expect(added).not.toHaveProperty('serial')
    expect(removed.data).toEqual({ user_id: 'ben' })
    expect(ben.rest('presence-stock')).toEqual([])
  })

  test('is unchanged after every object was evicted from memory', async () => {
    const ann = await Client.connect('usual')
    const ben = await Client.connect('usual')
    await ann.subscribe('presence-evicted', 'ann', { user_info: { at: 1 } })
    await ben.subscribe('presence-evicted', 'ben', { user_info: { at: 2 } })
    await ann.next('pusher_internal:member_added')
    const before = await ask('usual', 'GET', '/channels/presence-evicted/users')

    await evict('usual', 'presence-evicted')

    expect(await ask('usual', 'GET', '/channels/presence-evicted/users')).toEqual(before)
    const cat = await Client.connect('usual')
    const snapshot = await cat.subscribe('presence-evicted', 'cat')
    expect(snapshot.data).toMatchObject({
      presence: { count: 3, hash: { ann: { at: 1 }, ben: { at: 2 }, cat: {} } },
    })
    expect((await ann.next('pusher_internal:member_added')).data).toEqual({ user_id: 'cat' })
    await evict('usual', 'presence-evicted')
    cat.socket.close(1000)
    expect((await ben.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'cat' })
    expect(ann.rest('presence-evicted')).toEqual(['pusher_internal:member_removed'])
  })

  test('sends no event when a client reconnects within the grace', async () => {
    const ann = await Client.connect('usual')
    const ben = await Client.connect('usual', '&nearcache=1&client_id=ben')
    await ann.subscribe('presence-grace', 'ann')
    await ben.subscribe('presence-grace', 'ben')
    await ann.next('pusher_internal:member_added')

    // The half-open connection of the same client is closed by the new one.
    const again = await Client.connect('usual', '&nearcache=1&client_id=ben')
    await poll(() => ben.closedWith, 'close of the connection before')
    await again.subscribe('presence-grace', 'ben')
    await silence(300)

    expect(ben.closedWith).toEqual({ code: 4200, reason: 'The same client has connected again' })
    expect(ann.rest('presence-grace')).toEqual([])
    const { body } = await ask('usual', 'GET', '/channels/presence-grace/users')
    expect(body).toEqual({ users: [{ id: 'ann' }, { id: 'ben' }] })
  })

  test('removes a client that disappeared without a close event in time', async () => {
    const ann = await Client.connect('hasty')
    const answering = setInterval(() => ann.send('pusher:pong', {}), 300)
    const ghost = await Client.connect('hasty')
    await ann.subscribe('presence-ghost', 'ann')
    await ghost.subscribe('presence-ghost', 'ghost')
    await ann.next('pusher_internal:member_added')
    const since = Date.now()

    const removed = await ann.next('pusher_internal:member_removed')
    clearInterval(answering)

    expect(removed.data).toEqual({ user_id: 'ghost' })
    // One second each of activity timeout, pong timeout and grace, and a margin for slow machines.
    expect(Date.now() - since).toBeLessThan(13_000)
    expect(ghost.frames.map(({ event }) => event)).toContain('pusher:ping')
    expect(ann.closedWith).toBeUndefined()
  })

  test('lists members up to the limit of the app, counts the others, and refuses one too many', async () => {
    const clients: Client[] = []
    for (const user of ['u1', 'u2', 'u3', 'u4']) {
      const client = await Client.connect('usual', '&nearcache=1')
      const frame = await client.subscribe('presence-many', user)
      const { count, ids } = (frame.data as { presence: { count: number; ids: string[] } }).presence
      clients.push(client)
      expect(count).toBe(clients.length)
      expect(ids).toContain(user)
    }
    const fifth = await Client.connect('usual')
    const sixth = await Client.connect('usual')

    expect(idsOf(await fifth.subscribe('presence-many', 'u5'))).toEqual(['u1', 'u2', 'u3', 'u5'])
    const refused = await sixth.subscribe('presence-many', 'u6')

    expect(refused).toMatchObject({
      event: 'pusher:subscription_error',
      data: { type: 'LimitReached' },
    })
    await poll(
      () => clients[0]?.frames.find(({ data }) => (data as { count?: number })?.count === 5),
      'count of five',
    )
    clients[1]?.socket.close(1000)
    await poll(
      () =>
        clients[0]?.frames.find(({ data }) =>
          (data as { leaves?: string[] })?.leaves?.includes('u2'),
        ),
      'leave of the second',
    )
    const last = clients[0]?.frames.at(-1)?.data
    expect(last).toMatchObject({ leaves: ['u2'], joins: [{ user_id: 'u4' }], count: 4 })
  })

  test('sends changed information of a present user to clients that support it', async () => {
    const { authorizeChannel } = await import('nearcache/websocket/protocol')
    const { APPS } = await import('./client.ts')
    const ann = await Client.connect('usual', '&nearcache=1')
    const ben = await Client.connect('usual', '&nearcache=1')
    const stock = await Client.connect('usual')
    await ann.subscribe('presence-news', 'ann', { user_info: { mood: 'calm' } })
    await ben.subscribe('presence-news', 'ben')
    await stock.subscribe('presence-news', 'stock')

    const data = JSON.stringify({ user_id: 'ann', user_info: { mood: 'glad' } })
    const signed = authorizeChannel(APPS.usual, ann.id, 'presence-news', data)
    ann.send('nearcache:presence_update', { channel: 'presence-news', ...signed })
    const update = await ben.next('nearcache:presence_update')
    ann.send('nearcache:presence_update', {
      channel: 'presence-news',
      channel_data: data,
      auth: `${signed.auth}0`,
    })

    expect(update.data).toEqual({ user_id: 'ann', user_info: { mood: 'glad' } })
    expect(stock.rest('presence-news').filter((event) => event.startsWith('nearcache'))).toEqual([])
    expect((await ann.next('pusher:error')).data).toMatchObject({
      message: 'The signature is not valid',
    })
  })
})
