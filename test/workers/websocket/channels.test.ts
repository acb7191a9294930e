import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { hubsFor } from '../../../src/websocket/objects/placement.ts'
import { call, callAdmin } from '../mailbox.ts'
import {
  ask,
  Client,
  channelOf,
  evict,
  hubOf,
  hubsOf,
  poll,
  publish,
  ring,
  silence,
} from './client.ts'

describe('channels, over hubs', () => {
  test('deliver an event to every subscriber except the excluded one', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => Client.connect('usual')))
    for (const client of clients) await client.subscribe('news')
    const [first, ...others] = clients

    await publish('usual', 'news', 'update', { n: 1 }, { socket_id: first?.id })

    for (const client of others) {
      expect(await client.next('update')).toEqual({
        event: 'update',
        channel: 'news',
        data: { n: 1 },
      })
    }
    expect(first?.rest('news')).toEqual([])
  })

  test('end in the last requested state, however fast a client subscribes and unsubscribes', async () => {
    const client = await Client.connect('usual')

    for (let i = 0; i < 5; i++) {
      client.send('pusher:subscribe', { channel: 'mind' })
      client.send('pusher:unsubscribe', { channel: 'mind' })
    }
    client.send('pusher:subscribe', { channel: 'mind' })
    await client.next('pusher_internal:subscription_succeeded', 'mind')
    await silence(100)
    await publish('usual', 'mind', 'made-up', {})

    await client.next('made-up', 'mind')
    expect((await ask('usual', 'GET', '/channels/mind')).body).toMatchObject({ occupied: true })
  })

  test('let members send events to the others, with their user id, up to the limit', async () => {
    const ann = await Client.connect('usual')
    const ben = await Client.connect('usual')
    await ann.subscribe('presence-chat', 'ann')
    await ben.subscribe('presence-chat', 'ben')

    for (let i = 0; i < 15; i++) ann.send('client-typing', { i }, { channel: 'presence-chat' })

    expect(await ben.next('client-typing')).toEqual({
      event: 'client-typing',
      channel: 'presence-chat',
      data: { i: 0 },
      user_id: 'ann',
    })
    expect((await ann.next('pusher:error')).data).toMatchObject({ code: 4301 })
    expect(ann.frames.filter(({ event }) => event === 'client-typing')).toEqual([])
    expect(ann.closedWith).toBeUndefined()
  })

  test('are listed while they are occupied, with their counts', async () => {
    const [one, two] = [await Client.connect('usual'), await Client.connect('usual')]
    await one.subscribe('listed-a')
    await one.subscribe('listed-b')
    await two.subscribe('listed-b')
    const list = async (query: Readonly<Record<string, string>>) =>
      (await ask('usual', 'GET', '/channels', undefined, query)).body

    expect(await list({ filter_by_prefix: 'listed-', info: 'subscription_count' })).toEqual({
      channels: { 'listed-a': { subscription_count: 1 }, 'listed-b': { subscription_count: 2 } },
    })
    one.socket.close(1000)
    await poll(async () => {
      const { channels } = (await list({ filter_by_prefix: 'listed-' })) as { channels: object }
      return Object.keys(channels).length === 1 ? true : undefined
    }, 'list without the first')
    expect(await list({ filter_by_prefix: 'listed-' })).toEqual({ channels: { 'listed-b': {} } })
  })

  test('send subscription counts if the app enables them', async () => {
    const one = await Client.connect('hasty')
    await one.subscribe('counted')
    expect((await one.next('pusher_internal:subscription_count')).data).toEqual({
      subscription_count: 1,
    })
    const two = await Client.connect('hasty')
    await two.subscribe('counted')

    expect((await one.next('pusher_internal:subscription_count')).data).toEqual({
      subscription_count: 2,
    })
  })

  test('delete their data some time after the last subscriber has left', async () => {
    const client = await Client.connect('usual')
    await client.subscribe('private-once')
    const tables = () =>
      runInDurableObject(
        channelOf('usual', 'private-once'),
        (_, { storage }) =>
          [...storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'meta'")].length,
      )
    expect(await tables()).toBe(1)

    client.socket.close(1000)
    await poll(async () => {
      const { body } = await ask('usual', 'GET', '/channels/private-once')
      return (body as { occupied: boolean }).occupied ? undefined : true
    }, 'empty channel')
    await evict('usual', 'private-once')
    await ring('usual', 'private-once')

    expect(await tables()).toBe(0)
  })
})

describe('connections with the extensions', () => {
  const extended = (clientId: string) =>
    Client.connect('usual', `&nearcache=1&client_id=${clientId}`)

  test('receive missed events after a reconnection, in order, without their own', async () => {
    const ann = await extended('resume-ann')
    const { serial, epoch } = await ann.subscribe('private-resume')
    const ben = await extended('resume-ben')
    await ben.subscribe('private-resume')
    ann.send('client-own', 1, { channel: 'private-resume' })
    await ben.next('client-own')
    ann.socket.close(1000)
    await poll(async () => {
      const info = { info: 'subscription_count' }
      const { body } = await ask('usual', 'GET', '/channels/private-resume', undefined, info)
      return (body as { subscription_count: number }).subscription_count === 1 || undefined
    }, 'subscription of one alone')
    await publish('usual', 'private-resume', 'one', 1)
    await publish('usual', 'private-resume', 'two', 2)
    await evict('usual', 'private-resume')

    const again = await extended('resume-ann')
    await again.subscribe('private-resume', undefined, {
      resume: { epoch, serial, socket_id: ann.id },
    })

    expect((await again.next('nearcache:resumed')).data).toEqual({ recovered: true, replayed: 2 })
    const missed = [await again.next('one'), await again.next('two')]
    expect(missed.map((frame) => frame.serial)).toEqual([Number(serial) + 2, Number(serial) + 3])
    await publish('usual', 'private-resume', 'three', 3)
    expect((await again.next('three')).serial).toBe(Number(serial) + 4)
  })

  test('are told when the history does not reach back far enough', async () => {
    const ann = await extended('gap-ann')
    const { serial } = await ann.subscribe('private-gap')
    const again = await extended('gap-ann-2')

    await again.subscribe('private-gap', undefined, { resume: { epoch: 'another', serial } })

    expect((await again.next('nearcache:resumed')).data).toEqual({ recovered: false, replayed: 0 })
  })

  test('get serials that increase by one, for events and presence changes alike', async () => {
    const ann = await extended('serial-ann')
    const first = await ann.subscribe('presence-serial', 'ann')
    const ben = await Client.connect('usual')
    await ben.subscribe('presence-serial', 'ben')
    const diff = await ann.next('nearcache:presence_diff')
    await publish('usual', 'presence-serial', 'event', {})

    const event = await ann.next('event')

    expect(diff.serial).toBe(Number(first.serial) + 1)
    expect(event.serial).toBe(Number(first.serial) + 2)
    expect(event.epoch).toBe(first.epoch)
  })
})

describe('users', () => {
  test('receive watchlist events, and events that are sent only to them', async () => {
    const ann = await Client.connect('usual')
    await ann.signIn({ id: 'w-ann', watchlist: ['w-ben'] })
    expect((await ann.next('pusher_internal:watchlist_events')).data).toEqual({
      events: [{ name: 'offline', user_ids: ['w-ben'] }],
    })
    const ben = await Client.connect('usual')
    await ben.signIn({ id: 'w-ben' })
    expect((await ann.next('pusher_internal:watchlist_events')).data).toEqual({
      events: [{ name: 'online', user_ids: ['w-ben'] }],
    })
    expect((await ben.subscribe('#server-to-user-w-ann')).event).toBe('pusher:subscription_error')
    await ann.subscribe('#server-to-user-w-ann')
    await publish('usual', '#server-to-user-w-ann', 'mail', { from: 'ben' })
    expect((await ann.next('mail')).data).toEqual({ from: 'ben' })

    ben.socket.close(1000)

    expect((await ann.next('pusher_internal:watchlist_events')).data).toEqual({
      events: [{ name: 'offline', user_ids: ['w-ben'] }],
    })
  })

  test('are disconnected permanently on every hub when the app terminates them', async () => {
    const clients = await Promise.all(
      ['t-1', 't-2', 't-3'].map((id) => Client.connect('usual', `&nearcache=1&client_id=${id}`)),
    )
    for (const client of clients) await client.signIn({ id: 'bad' })

    const { status } = await ask('usual', 'POST', '/users/bad/terminate_connections', {})

    expect(status).toBe(200)
    for (const client of clients) {
      expect(await poll(() => client.closedWith, 'close')).toMatchObject({ code: 4009 })
    }
  })
})

describe('hubs', () => {
  test('send their clients to other hubs when they are drained, and accept none meanwhile', async () => {
    const client = await Client.connect('usual', '&nearcache=1&client_id=drained')
    await client.subscribe('presence-drain', 'ann')
    const hub = hubOf('usual', 'drained')

    await hub.drain(1_000)

    expect(await poll(() => client.closedWith, 'close')).toMatchObject({ code: 4200 })
    const again = await Client.connect('usual', '&nearcache=1&client_id=drained')
    await again.subscribe('presence-drain', 'ann')
    const statuses = await Promise.all(hubsOf('usual').map((each) => each.status()))
    expect(statuses.map(({ state }) => state).sort()).toEqual(['draining', 'open'])
    expect((await hub.status()).sockets).toBe(0)
    expect(await hub.drain(0)).toMatchObject({ state: 'open' })
  })

  test('are listed for operators, who can drain one', async () => {
    const client = await Client.connect('usual', '&nearcache=1&client_id=shown')
    const { hubs } = (await (await callAdmin('/hubs/usual')).json()) as {
      hubs: Record<string, { sockets: number }>
    }
    const [name = ''] = hubsFor('shown', 2)

    expect(Object.keys(hubs)).toEqual(['0', '1'])
    expect(hubs[name]?.sockets).toBeGreaterThan(0)
    const drained = await callAdmin(`/hubs/usual/${name}/drain`, { withinSeconds: 1 })
    expect(await drained.json()).toMatchObject({ state: 'draining', capacity: 4_000 })
    expect(await poll(() => client.closedWith, 'close')).toMatchObject({ code: 4200 })
    const opened = await callAdmin(`/hubs/usual/${name}/drain`, { withinSeconds: 0 })
    expect(await opened.json()).toMatchObject({ state: 'open' })
    expect((await callAdmin('/hubs/nobody')).status).toBe(404)
    expect((await callAdmin('/hubs/usual/9/drain', { withinSeconds: 1 })).status).toBe(404)
    expect((await callAdmin(`/hubs/usual/${name}/drain`, { withinSeconds: -1 })).status).toBe(400)
    expect((await call('/admin/hubs/usual')).status).toBe(401)
  })

  test('keep the subscriptions of a socket with more of them than its attachment holds', async () => {
    const client = await Client.connect('usual', '&nearcache=1&client_id=many')
    const name = (i: number): string => `private-${'x'.repeat(180)}-${i}`
    // More than four thousand characters of names do not stay in the attachment.
    await Promise.all(Array.from({ length: 30 }, (_, i) => client.subscribe(name(i))))

    await evict('usual', name(29))
    await publish('usual', name(0), 'first', 0)
    await publish('usual', name(29), 'last', 29)

    await client.next('first', name(0))
    await client.next('last', name(29))
    client.send('pusher:unsubscribe', { channel: name(0) })
    await evict('usual', name(0))
    await publish('usual', name(1), 'second', 1)
    await client.next('second', name(1))
  })
})
