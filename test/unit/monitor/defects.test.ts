import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { Alert } from '../../../src/monitor/alerts.ts'
import { Metrics } from '../../../src/monitor/metrics.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import type { CacheMonitorOptions } from '../../../src/monitor/monitor-options.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'
import { found } from '../../support/findings.ts'

const MINUTE = 60_000
const LIMIT_BYTES = 100_000

/** Known defects of cache monitors, with their numbers in our list: none of them occurs here. */
describe('The monitor', () => {
  let platform: ManualPlatform
  let redis: FaultyRequester
  let cache: RedisCacheManager
  let metrics: Metrics
  let told: Alert[]

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = faultyRequester(embeddedTransport({ platform, maxBytes: LIMIT_BYTES }))
    cache = new RedisCacheManager({ redis, platform, retries: 0, breaker: { threshold: 100 } })
    told = []
  })

  const watch = (options: Partial<CacheMonitorOptions> = {}): CacheMonitor => {
    const figures = new RedisFigures({ cache })
    metrics = new Metrics({ cache, platform, sinks: [figures] })
    const notify = (alert: Alert): void => void told.push(alert)
    return new CacheMonitor({ cache, figures, platform, notify, ...options })
  }

  const lookUp = async (hits: number, misses: number): Promise<void> => {
    await cache.set('hit', 1, { ttl: '1d' })
    for (let i = 0; i < hits; i++) await cache.get('hit')
    for (let i = 0; i < misses; i++) await cache.get(`none${i}`)
    await metrics.flush()
  }

  test('has one alert while its cause persists, even if the value changes, and ends it (defect 14)', async ({
    task,
  }) => {
    const monitor = watch({ rules: { 'hit-rate': { for: '0s' } } })
    const values = new Set<unknown>()
    const checks = 30
    for (let check = 0; check < checks; check++) {
      await lookUp(10 + check, 100)
      platform.jump(MINUTE)
      const { stats } = await monitor.performHealthCheck()
      values.add(stats.hitRate)
    }
    const during = (await monitor.getActiveAlerts()).length
    for (let minute = 0; minute < 6; minute++) {
      platform.jump(MINUTE)
      await lookUp(200, 0)
      await monitor.performHealthCheck()
    }

    found(task, 'alerts of one cause', {
      checks: checks + 6,
      'different numbers': values.size,
      told: told.length,
    })
    expect(values.size).toBeGreaterThan(10)
    expect(during).toBe(1)
    expect(told.map(({ id, resolved }) => [id, resolved])).toEqual([
      ['hit-rate', false],
      ['hit-rate', true],
    ])
    expect(new Set(told.map(({ message }) => message)).size).toBe(1)
    expect(await monitor.getActiveAlerts()).toEqual([])
  })

  test('uses the same memory limit for health, alerts and advice (defect 15)', async () => {
    const monitor = watch()
    await cache.set('k', 'x'.repeat(90_000), { compression: false })

    const { stats, recommendations } = await monitor.performHealthCheck()

    const { memoryUsage: memoryBytes = 0, memoryLimit: memoryLimitBytes = 0 } = stats
    expect(memoryLimitBytes).toBe(LIMIT_BYTES)
    expect(told).toMatchObject([{ id: 'memory', metadata: { threshold: 85 } }])
    expect(told[0]?.metadata.value).toBeCloseTo((100 * memoryBytes) / memoryLimitBytes, 10)
    expect(recommendations).toMatchObject([
      { id: 'memory', evidence: { memoryBytes, memoryLimitBytes } },
    ])
  })

  test('evaluates the rule of errors: 5 % of operations (defect 15)', async () => {
    const monitor = watch({ rules: { 'error-rate': { for: '0s' }, 'hit-rate': false } })
    const operate = async (all: number, failing: number): Promise<void> => {
      for (let i = 0; i < all; i++) {
        // Only look-ups fail: a batch of figures that is sent at that time must not be lost.
        redis.fate = ({ body }) =>
          i < failing && JSON.stringify(body).includes('MGET')
            ? { kind: 'answer', answer: { error: 'ERR no' } }
            : { kind: 'pass' }
        await cache.get('k')
      }
      redis.fate = () => ({ kind: 'pass' })
      await metrics.flush()
    }
    await operate(100, 4)
    await monitor.performHealthCheck()
    const below = told.length
    platform.jump(6 * MINUTE)
    await operate(100, 6)
    await monitor.performHealthCheck()

    expect(below).toBe(0)
    expect(told).toMatchObject([{ id: 'error-rate', metadata: { value: 6, threshold: 5 } }])
  })

  test('measures response times, not instants (defect 15)', async () => {
    const monitor = watch()
    redis.fate = ({ body }) => {
      if (Array.isArray(body) && body[0] === 'MGET') platform.jump(20)
      return { kind: 'pass' }
    }
    await lookUp(60, 0)

    const { stats } = await monitor.performHealthCheck()

    expect(stats.responseTime).toBeGreaterThan(20 / 1.1)
    expect(stats.responseTime).toBeLessThan(20 * 1.1)
  })
})
