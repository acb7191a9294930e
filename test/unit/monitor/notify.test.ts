import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { RemoteError } from '../../../src/errors.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'

describe('notify', () => {
  test('a notification that was not delivered is sent again by the next check of any isolate, once', async () => {
    const platform = new ManualPlatform()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    await cache.set('a', 'x'.repeat(500), { ttl: '30d' })
    let isDown = true
    const told: unknown[] = []
    const watch = (limit: number): CacheMonitor =>
      new CacheMonitor({
        ...{ cache, platform, figures: new RedisFigures({ cache }) },
        ...{ rules: { memory: { firesAt: 50, resolvesAt: 50 } }, memoryLimitBytes: limit },
        notify: ({ id, resolved }) => {
          if (isDown) throw new Error('The receiver is down')
          told.push([id, resolved])
        },
      })
    const [first, second, after] = [watch(500), watch(500), watch(1e9)]

    await first.performHealthCheck()
    await second.performHealthCheck()
    expect(await first.getActiveAlerts()).toHaveLength(1)
    isDown = false
    await second.performHealthCheck()
    await first.performHealthCheck()
    isDown = true
    await after.performHealthCheck()
    isDown = false
    await after.performHealthCheck()
    await first.performHealthCheck()

    expect(told).toEqual([
      ['memory', false],
      ['memory', true],
      ['memory', false],
    ])
  })

  test('a notification that was not delivered while Redis was down too is sent again by its own isolate', async () => {
    const platform = new ManualPlatform()
    const redis = faultyRequester(embeddedTransport({ platform }))
    const cache = new RedisCacheManager({ redis, platform, retries: 0 })
    let isDown = true
    const told: unknown[] = []
    const monitor = new CacheMonitor({
      ...{ cache, platform, figures: new RedisFigures({ cache }) },
      rules: { connection: { firesAt: 0.5, resolvesAt: 0 } },
      notify: async ({ id, resolved }) => {
        if (isDown) throw new Error('The receiver is down')
        told.push([id, resolved])
      },
    })
    const error = new RemoteError({ operation: 'GET', reason: 'ECONNREFUSED', applied: 'no' })
    redis.fate = () => ({ kind: 'fail', error })

    await monitor.performHealthCheck()
    isDown = false
    await monitor.performHealthCheck()
    await monitor.performHealthCheck()

    expect(told).toEqual([['connection', false]])
  })

  test('after the end of an alert was sent, its undelivered beginning is not sent any more', async () => {
    const platform = new ManualPlatform()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    await cache.set('a', 'x'.repeat(500), { ttl: '30d' })
    let isDown = true
    const told: unknown[] = []
    const monitor = new CacheMonitor({
      ...{ cache, platform, figures: new RedisFigures({ cache }) },
      ...{ rules: { memory: { firesAt: 50, resolvesAt: 50 } }, memoryLimitBytes: 500 },
      notify: ({ id, resolved }) => {
        if (isDown) throw new Error('The receiver is down')
        told.push([id, resolved])
      },
    })

    await monitor.performHealthCheck()
    isDown = false
    await monitor.resolveAlert('memory')
    const calm = new CacheMonitor({
      ...{ cache, platform, figures: new RedisFigures({ cache }), memoryLimitBytes: 1e9 },
      notify: ({ id, resolved }) => void told.push([id, resolved]),
    })
    await calm.performHealthCheck()

    expect(told).toEqual([['memory', true]])
  })

  test('a receiver that never answers does not block a check for ever, and is notified again', async () => {
    const platform = new ManualPlatform()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    await cache.set('a', 'x'.repeat(500), { ttl: '30d' })
    const told: unknown[] = []
    let isStuck = true
    const monitor = new CacheMonitor({
      ...{ cache, platform, figures: new RedisFigures({ cache }) },
      ...{ rules: { memory: { firesAt: 50, resolvesAt: 50 } }, memoryLimitBytes: 500 },
      notify: ({ id }) => {
        told.push(id)
        return isStuck ? new Promise<void>(() => undefined) : undefined
      },
    })

    const check = monitor.performHealthCheck()
    await eventually(() => expect(told).toEqual(['memory']))
    await platform.advance(30_000)
    expect((await check).status).toBe('degraded')
    isStuck = false
    await monitor.performHealthCheck()
    await monitor.performHealthCheck()

    expect(told).toEqual(['memory', 'memory'])
  })

  test('a listener learns of each notification that is not delivered, and why', async () => {
    const platform = new ManualPlatform()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    await cache.set('a', 'x'.repeat(500), { ttl: '30d' })
    const refusal = new Error('The receiver is down')
    const answers = [() => Promise.reject(refusal), () => new Promise<void>(() => undefined)]
    let calls = 0
    const monitor = new CacheMonitor({
      ...{ cache, platform, figures: new RedisFigures({ cache }) },
      ...{ rules: { memory: { firesAt: 50, resolvesAt: 50 } }, memoryLimitBytes: 500 },
      notify: () => answers[calls++]?.(),
    })
    const heard: unknown[] = []
    monitor.on('alert:undelivered', ({ alert, error }) => heard.push([alert.id, error]))

    await monitor.performHealthCheck()
    const check = monitor.performHealthCheck()
    await eventually(() => expect(calls).toBe(2))
    await platform.advance(30_000)
    await check
    await monitor.performHealthCheck()

    expect(calls).toBe(3)
    expect(heard).toEqual([
      ['memory', refusal],
      ['memory', expect.objectContaining({ code: 'ERR_REMOTE_TIMEOUT' })],
    ])
  })

  test('while Redis is full, an isolate sends an alert once, and shows it in its health', async () => {
    const platform = new ManualPlatform()
    const redis = faultyRequester(embeddedTransport({ platform }))
    const cache = new RedisCacheManager({ redis, platform, retries: 0 })
    await cache.set('a', 'x'.repeat(500), { ttl: '30d' })
    const told: unknown[] = []
    const monitor = new CacheMonitor({
      ...{ cache, platform, figures: new RedisFigures({ cache }) },
      ...{ rules: { memory: { firesAt: 50, resolvesAt: 50 } }, memoryLimitBytes: 500 },
      notify: ({ id, resolved }) => void told.push([id, resolved]),
    })
    const error = new RemoteError({ operation: 'SET', reason: 'OOM', applied: 'no' })
    redis.fate = ({ body }) =>
      Array.isArray(body) && body[0] === 'SET' ? { kind: 'fail', error } : { kind: 'pass' }

    const { status, issues } = await monitor.performHealthCheck()
    expect(status).toBe('degraded')
    expect(issues).toEqual([expect.stringMatching(/^The memory of Redis runs out/)])
    expect(await monitor.getActiveAlerts()).toHaveLength(1)
    redis.fate = () => ({ kind: 'pass' })
    await monitor.performHealthCheck()
    await monitor.resolveAlert('memory')

    expect(told).toEqual([
      ['memory', false],
      ['memory', true],
    ])
  })
})
