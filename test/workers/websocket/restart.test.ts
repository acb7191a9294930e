import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test'
import { PING_FRAME } from 'nearcache/websocket/objects'
import { describe, expect, test } from 'vitest'
import { ask, Client, hubOf, publish, silence } from './client.ts'

/** Time for a hub to update the mirror. */

describe('a new version of the Worker, which ends every socket', () => {
  test('keeps the last event of a cache channel, and its lifetime', async () => {
    const early = await Client.connect('usual')
    await early.subscribe('cache-price')
    await early.next('pusher:cache_miss', 'cache-price')
    await publish('usual', 'cache-price', 'price', { eur: 7 })
    await early.next('price')

    await abortAllDurableObjects()

    const late = await Client.connect('usual')
    await late.subscribe('cache-price')
    expect(await late.next('price')).toMatchObject({ channel: 'cache-price', data: { eur: 7 } })
    const { body } = await ask('usual', 'GET', '/channels/cache-price', undefined, {
      info: 'cache',
    })
    expect(body).toMatchObject({ occupied: true, cache: { data: '{"eur":7}' } })
    expect((body as { cache: { ttl: number } }).cache.ttl).toBeGreaterThan(1_700)
  })
})

describe('a hub without anything to do', () => {
  test('is not woken by the pings of its clients, which are still answered', async () => {
    const client = await Client.connect('usual', '&nearcache=1&client_id=idle')
    await client.subscribe('private-idle')
    const hub = hubOf('usual', 'idle')
    await silence(1_000)
    await evictDurableObject(hub)

    for (let i = 0; i < 5; i++) {
      client.socket.send(PING_FRAME)
      await client.next('pusher:pong')
    }

    // Only a running object can be evicted.
    await expect(evictDurableObject(hub)).rejects.toThrow('not currently running')
    await publish('usual', 'private-idle', 'wake', {})
    await client.next('wake')
    await evictDurableObject(hub)
  })
})
