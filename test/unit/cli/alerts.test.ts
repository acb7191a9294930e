import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { Metrics } from '../../../src/monitor/metrics.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import type { CacheMonitorOptions } from '../../../src/monitor/monitor-options.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { runCli } from '../../support/cli.ts'

const MINUTE = 60_000

describe('an alert that is resolved from a shell', () => {
  let platform: ManualPlatform
  let redis: Transport
  let cache: RedisCacheManager
  let told: unknown[]

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
    cache = new RedisCacheManager({ redis, platform })
    told = []
  })

  const watch = (options: Partial<CacheMonitorOptions>): CacheMonitor =>
    new CacheMonitor({
      ...{ cache, platform, figures: new RedisFigures({ cache }) },
      notify: ({ id, resolved }) => void told.push([id, resolved]),
      ...options,
    })

  const resolve = (id: string) => runCli(['alerts', '--resolve', id], { redis, platform })

  test('begins again only once its cause has persisted for long enough, as with a monitor', async () => {
    const metrics = new Metrics({ cache, platform, sinks: [new RedisFigures({ cache })] })
    const monitor = watch({ rules: { 'hit-rate': { for: '5m', minSamples: 1 } } })
    const check = async (): Promise<void> => {
      await cache.get('absent')
      await metrics.flush()
      await monitor.performHealthCheck()
    }
    for (let minute = 0; minute <= 5; minute++) {
      await check()
      await platform.advance(MINUTE)
    }
    expect(told).toEqual([['hit-rate', false]])

    expect((await resolve('hit-rate')).code).toBe(0)
    for (let minute = 0; minute < 5; minute++) {
      await check()
      await platform.advance(MINUTE)
    }
    expect(told).toHaveLength(1)
    await check()

    expect(told).toHaveLength(2)
  })

  test('is not reported any more if its beginning could not be delivered', async () => {
    await cache.set('a', 'x'.repeat(500), { ttl: '30d' })
    const fail = (): never => {
      throw new Error('The receiver is down')
    }
    await watch({ memoryLimitBytes: 500, notify: fail }).performHealthCheck()

    expect((await resolve('memory')).code).toBe(0)
    await watch({ memoryLimitBytes: 1e9 }).performHealthCheck()

    expect(told).toEqual([])
  })
})
