import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'

test('getRules tells each rule with its thresholds, and what the last check made of it', async () => {
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

test('a check ends no alert that there is not: it asks once which there are', async () => {
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
