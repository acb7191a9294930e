import { abortAllDurableObjects } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { ask, Client, publish } from './client.ts'

describe('a new version of the Worker, which ends every socket', () => {
  test('keeps the last event of a cache channel, and how long it holds', async () => {
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
