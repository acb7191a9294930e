import { beforeEach, describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { WebSocketCache } from '../../../src/websocket/index.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'
import { Cluster } from '../../support/websocket/cluster.ts'

const CHANNEL = 'cache-price'

describe('the mirror of a cache channel', () => {
  let cluster: Cluster
  let redis: ReturnType<typeof faultyRequester>
  let cache: WebSocketCache
  let writes: number

  const setAway = (isAway: boolean): void => {
    redis.fate = () => (isAway ? { kind: 'fail', error: new Error('away') } : { kind: 'pass' })
  }
  const publish = async (euro: number): Promise<unknown> =>
    cluster.channel(CHANNEL).publish({ event: 'price', data: `${euro}` })

  beforeEach(() => {
    cluster = new Cluster()
    const { platform } = cluster
    redis = faultyRequester(embeddedTransport({ platform }))
    cache = new WebSocketCache({ redis, platform, retries: 0, breaker: { threshold: 1_000 } })
    const mirror = cache.mirror('channel')
    writes = 0
    cluster.mirror = {
      opened: mirror.opened.bind(mirror),
      closed: mirror.closed.bind(mirror),
      ended: mirror.ended.bind(mirror),
      active: mirror.active.bind(mirror),
      lastEvent: (...event) => {
        writes += 1
        return mirror.lastEvent(...event)
      },
    }
  })

  test.each([
    ['stays in memory', false],
    ['restarts meanwhile', true],
  ])('gets an event that it missed, if the object %s', async (_, isRestarted) => {
    await publish(1)
    setAway(true)
    await publish(2)
    if (isRestarted) cluster.evict('channel', CHANNEL)
    await cluster.advance(12_000)
    if (isRestarted) cluster.evict('channel', CHANNEL)
    setAway(false)
    expect(await cache.getRealtimeData(CHANNEL)).toBe(1)

    await cluster.advance(5_000)

    expect(await cache.getRealtimeData(CHANNEL)).toBe(2)
  })

  test('is not written again by an object that restarts, unless it missed an event', async () => {
    setAway(true)
    await publish(1)
    setAway(false)
    await cluster.advance(5_000)
    expect(writes).toBe(2)

    cluster.evict('channel', CHANNEL)
    await cluster.advance(60_000)
    await cluster.channel(CHANNEL).info([])

    expect(writes).toBe(2)
  })
})
