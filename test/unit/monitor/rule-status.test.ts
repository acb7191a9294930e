import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { Alert } from '../../../src/monitor/alerts.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'

test('getRules returns each rule with its thresholds and the result of the last check', async () => {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const figures = new RedisFigures({ cache })
  const rules = { latency: false, memory: { firesAt: 1, for: '1m' } } as const
  const monitor = new CacheMonitor({ cache, figures, platform, rules, memoryLimitBytes: 1_000 })
  const told = () => monitor.getRules().map(({ id, judgement }) => [id, judgement?.kind])
  expect(told()).toEqual([
    ['connection', undefined],
    ['error-rate', undefined],
    ['memory', undefined],
    ['hit-rate', undefined],
  ])
  const startedAt = platform.now()
  await cache.set('a', 'x'.repeat(500))

  await monitor.performHealthCheck()
  expect(monitor.getRules()[2]).toMatchObject({
    id: 'memory',
    firesAt: 1,
    forMs: 60_000,
    badSince: startedAt,
    judgement: { kind: 'unclear', reason: 'bad, but not for long enough' },
  })
  await platform.advance(60_000)
  await monitor.performHealthCheck()

  expect(monitor.getRules()[2]?.judgement).toMatchObject({ kind: 'bad', samples: 1 })
  expect(monitor.getRules()[2]?.badSince).toBe(startedAt)
  expect(monitor.getRules()[3]?.judgement).toEqual({
    kind: 'unclear',
    reason: 'nothing was measured',
  })
})

test('a rule that stays bad keeps its first bad instant, however long it lasts', async () => {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const figures = new RedisFigures({ cache })
  const rules = { memory: { firesAt: 1, for: '1m' } } as const
  const monitor = new CacheMonitor({ cache, figures, platform, rules, memoryLimitBytes: 1_000 })
  await cache.set('a', 'x'.repeat(500), { ttl: '7d' })
  const startedAt = platform.now()
  await monitor.performHealthCheck()

  const told = new Set<unknown>()
  for (let minute = 0; minute < 180; minute++) {
    platform.jump(60_000)
    await monitor.performHealthCheck()
    const { badSince, judgement } = monitor.getRules().find(({ id }) => id === 'memory') ?? {}
    told.add(`${judgement?.kind} since ${badSince}`)
  }

  expect([...told]).toEqual([`bad since ${startedAt}`])
})

test('an alert whose cause persists for weeks is one alert, sent once', async () => {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const figures = new RedisFigures({ cache })
  const told: unknown[] = []
  const options = { rules: { memory: { firesAt: 1 } }, memoryLimitBytes: 1_000 } as const
  const notify = (alert: Alert): void => void told.push([alert.id, alert.resolved])
  const monitor = new CacheMonitor({ cache, figures, platform, notify, ...options })
  await cache.set('a', 'x'.repeat(500), { ttl: '30d' })

  for (let day = 0; day < 20; day++) {
    await monitor.performHealthCheck()
    platform.jump(86_400_000)
  }

  expect(told).toEqual([['memory', false]])
})

test('an alert whose value stays between the thresholds for weeks exists until its end is sent', async () => {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const told: unknown[] = []
  const watch = (memoryLimitBytes: number): CacheMonitor =>
    new CacheMonitor({
      ...{ cache, figures: new RedisFigures({ cache }), platform, memoryLimitBytes },
      rules: { memory: { firesAt: 50, resolvesAt: 1 } },
      notify: ({ id, resolved }) => void told.push([id, resolved]),
    })
  await cache.set('a', 'x'.repeat(500), { ttl: '30d' })
  await watch(500).performHealthCheck()

  const between = watch(5_000)
  for (let day = 0; day < 20; day++) {
    platform.jump(86_400_000)
    await between.performHealthCheck()
  }
  expect(await between.getActiveAlerts()).toHaveLength(1)
  await watch(1e9).performHealthCheck()

  expect(told).toEqual([
    ['memory', false],
    ['memory', true],
  ])
})

test('a check sends no command to end alerts that do not exist', async () => {
  const platform = new ManualPlatform()
  const redis = faultyRequester(embeddedTransport({ platform }))
  const cache = new RedisCacheManager({ redis, platform })
  const figures = new RedisFigures({ cache })
  const monitor = new CacheMonitor({ cache, figures, platform, memoryLimitBytes: 1e9 })

  await monitor.performHealthCheck()

  const good = monitor.getRules().filter(({ judgement }) => judgement?.kind === 'good')
  expect(good.map(({ id }) => id)).toEqual(['connection', 'memory'])
  expect(JSON.stringify(redis.requests.map(({ body }) => body))).not.toContain('GETDEL')
})
