import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { CacheMonitor, Metrics, RedisFigures } from '../../../src/monitor/index.ts'
import {
  type StatsdOptions,
  type StatsdSink,
  statsdSink,
} from '../../../src/monitor/statsd/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

describe('statsdSink', () => {
  let server: Socket
  let datagrams: string[]
  let sinks: StatsdSink[]

  beforeEach(async () => {
    datagrams = []
    sinks = []
    server = createSocket('udp4')
    server.on('message', (data) => datagrams.push(data.toString()))
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterEach(() => {
    for (const sink of sinks) sink.close()
    server.close()
  })

  const sinkTo = (options: StatsdOptions = {}): StatsdSink => {
    const { port } = server.address() as AddressInfo
    const sink = statsdSink({ port, ...options })
    sinks.push(sink)
    return sink
  }

  /** The lines that have arrived, once there are this many. */
  const received = async (count: number): Promise<string[]> => {
    const lines = (): string[] => datagrams.flatMap((datagram) => datagram.split('\n'))
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(count)
    return lines().toSorted()
  }

  test('sends what a cache has counted, with attributes in the names', async () => {
    const cache = new RedisCacheManager({ redis: embeddedTransport(), namespace: 'users of "a|b"' })
    const metrics = new Metrics({ cache, sinks: [sinkTo({ prefix: 'shop.' })] })
    await cache.set('k', 1)
    await cache.get('k')
    await cache.get('absent')

    await metrics.stop()

    const lines = await received(8)
    const shown = lines.map((line) => line.replace(/:[\d.]+\|ms/, ':T|ms'))
    expect(shown).toEqual([
      'shop.cache.get.duration.users_20of_20_22a_7Cb_22.remote.hit:T|ms',
      'shop.cache.get.duration.users_20of_20_22a_7Cb_22.remote.miss:T|ms',
      'shop.cache.hit.users_20of_20_22a_7Cb_22.remote.fresh:1|c',
      'shop.cache.miss.users_20of_20_22a_7Cb_22.absent:1|c',
      'shop.cache.redis.commands.all:4|c',
      'shop.cache.redis.requests.all:4|c',
      'shop.cache.set.duration.users_20of_20_22a_7Cb_22:T|ms',
      'shop.cache.set.users_20of_20_22a_7Cb_22.stored:1|c',
    ])
  })

  test('sends attributes as tags if the server supports them', async () => {
    const sink = sinkTo({ attributes: 'tags', tags: { env: 'prod', team: 'a b,c|d' } })

    await sink.write({
      source: 's',
      sequence: 1,
      at: 0,
      figures: new Map([
        ['users/new', { counters: new Map([['hn', 5]]), histograms: new Map() }],
        ['(other caches)', { counters: new Map([['d', 2]]), histograms: new Map() }],
      ]),
    })

    expect(await received(2)).toEqual([
      'cache.delete:2|c|#cache:other,env:prod,team:a_b_c_d',
      'cache.hit:5|c|#cache:users/new,layer:near,freshness:fresh,env:prod,team:a_b_c_d',
    ])
  })

  test('lets a line stand for several durations by its sample rate, so that counts are exact', async () => {
    const buckets = new Map([
      [0, 1],
      [8, 9_000],
      [20, 999],
    ])
    const histograms = new Map([['w', { count: 10_000, sumMicros: 1, buckets }]])

    await sinkTo().write({
      source: 's',
      sequence: 1,
      at: 0,
      figures: new Map([['c', { counters: new Map(), histograms }]]),
    })

    const lines = await received(51)
    const weights = lines.map((line) => 1 / Number(/@([\d.]+)$/.exec(line)?.[1] ?? 1))
    expect(Math.round(weights.reduce((sum, weight) => sum + weight, 0))).toBe(10_000)
    expect(lines.filter((line) => line.includes('0.125|ms'))).toHaveLength(1)
    expect(
      lines.every((line) => /^cache\.set\.duration\.c:[\d.]+\|ms(\|@[\d.]+)?$/.test(line)),
    ).toBe(true)
  })

  test('packs whole lines into datagrams that fit', async () => {
    const figures = new Map(
      Array.from({ length: 100 }, (_, i) => [
        `cache-${i}`,
        { counters: new Map([['hr', i]]), histograms: new Map() },
      ]),
    )

    await sinkTo({ maxBytes: 512 }).write({ source: 's', sequence: 1, at: 0, figures })

    expect(await received(100)).toHaveLength(100)
    expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThanOrEqual(512)
    // Lines are about 40 bytes long.
    expect(datagrams.length).toBeLessThanOrEqual(10)
  })

  test('sends the result of a health check as gauges', async () => {
    const platform = new ManualPlatform()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    const figures = new RedisFigures({ cache })
    const metrics = new Metrics({ cache, sinks: [figures], platform })
    const monitor = new CacheMonitor({ cache, figures, platform })
    await cache.get('k')
    await metrics.flush()

    sinkTo().health(await monitor.performHealthCheck())

    const [errors, memory] = await received(2)
    expect(errors).toBe('cache.error_rate:0|g')
    expect(memory).toMatch(/^cache\.memory_usage:[1-9]\d*\|g$/)
  })

  test.each([
    ['nobody listens there', { port: 9 }],
    ['it may not send', { host: '255.255.255.255' }],
  ])('neither throws nor rejects if %s', async (_where, options) => {
    const sink = sinkTo(options)
    const figures = new Map([['c', { counters: new Map([['hr', 1]]), histograms: new Map() }]])

    for (let sequence = 1; sequence < 4; sequence++) {
      await sink.write({ source: 's', sequence, at: 0, figures })
    }

    expect(sink.failed).toBe('host' in options ? 3 : 0)
  })

  test('counts datagrams after close as failed', async () => {
    const sink = sinkTo()
    sink.close()
    sink.close()
    const figures = new Map([['c', { counters: new Map([['hr', 1]]), histograms: new Map() }]])

    await sink.write({ source: 's', sequence: 1, at: 0, figures })

    expect(sink.failed).toBe(1)
  })

  test.each<[string, object]>([
    ['host', { host: '' }],
    ['port', { port: 0 }],
    ['prefix', { prefix: 'a b' }],
    ['attributes', { attributes: 'labels' }],
    ['tags', { tags: { env: 'prod' } }],
    ['tags', { attributes: 'tags', tags: { env: 'x'.repeat(200) } }],
    ['maxBytes', { maxBytes: 100 }],
    ['options.mtu', { mtu: 1_500 }],
  ])('refuses a wrong "%s"', (option, options) => {
    expect(() => statsdSink(options)).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option }),
    )
  })
})
