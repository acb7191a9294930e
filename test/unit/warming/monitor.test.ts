import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { WarmingJob } from '../../../src/warming/job.ts'
import { Warming } from '../../../src/warming/warming.ts'

const HOUR = 3_600_000

test('a monitor runs its jobs at each of their slots, and counts them in its report (defect 16)', async () => {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const monitor = new CacheMonitor<WarmingJob>({
    cache,
    platform,
    figures: new RedisFigures({ cache }),
    warming: new Warming({ cache, platform }),
  })
  const runs: number[] = []
  monitor.registerWarmingJob({
    id: 'email',
    name: 'Email',
    priority: 80,
    schedule: '0 */6 * * *',
    handler: ({ slot }) => runs.push(slot),
  })
  monitor.registerWarmingJob({
    id: 'broken',
    name: 'Broken',
    priority: 60,
    schedule: '0 */12 * * *',
    handler: () => Promise.reject(new Error('The loader is away')),
  })
  const start = platform.now()

  for (let hour = 0; hour < 24; hour++) {
    await monitor.executeWarmingJobs()
    await platform.advance(HOUR)
  }

  expect(runs.map((slot) => (slot - start) / HOUR)).toEqual([0, 6, 12, 18])
  const { warming } = await monitor.generatePerformanceReport()
  expect(warming).toEqual({ totalJobs: 2, completedJobs: 1, failedJobs: 1 })
})
