import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type StatsdSink, statsdSink } from 'nearcache/monitor/statsd'
import { cacheManager, cacheMonitor, startupCacheSystem } from 'nearcache/startup'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

describe('The metrics of the description', () => {
  let server: Socket
  let sink: StatsdSink
  const names = new Set<string>()

  beforeEach(async () => {
    names.clear()
    server = createSocket('udp4')
    server.on('message', (data) => {
      for (const line of data.toString().split('\n')) names.add(line.split(':')[0] ?? '')
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    sink = statsdSink({ port: (server.address() as AddressInfo).port, attributes: 'tags' })
  })

  afterEach(() => {
    sink.close()
    server.close()
  })

  test('reach the existing monitoring under their names', async () => {
    const { stop } = await startupCacheSystem({
      env: {},
      warn: () => undefined,
      monitor: { sinks: [sink] },
    })
    await cacheManager.set('key', 'value')
    await cacheManager.get('absent')
    // Figures are sent after a number of operations or ten seconds. The error rate is computed from them.
    for (let i = 0; i < 5_000; i++) await cacheManager.get('key')

    await expect
      .poll(
        async () => {
          await cacheMonitor.performHealthCheck()
          return [...names]
        },
        { timeout: 20_000, interval: 200 },
      )
      .toEqual(
        expect.arrayContaining([
          'cache.hit',
          'cache.miss',
          'cache.set.duration',
          'cache.get.duration',
          'cache.memory_usage',
          'cache.error_rate',
        ]),
      )
    await stop()
  })
})
