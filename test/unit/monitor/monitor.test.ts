import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { Alert } from '../../../src/monitor/alerts.ts'
import { Metrics } from '../../../src/monitor/metrics.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import type { CacheMonitorOptions } from '../../../src/monitor/monitor-options.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { toMarkdown } from '../../../src/monitor/report.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Requester } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

const MINUTE = 60_000
const DOWN = {
  kind: 'fail',
  error: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }),
} as const

/** One isolate with its monitor. */
interface Isolate {
  readonly redis: FaultyRequester
  readonly cache: RedisCacheManager
  readonly metrics: Metrics
  readonly monitor: CacheMonitor
  readonly told: Alert[]
}

/** A Redis that reports the memory that the test sets. */
function answeringInfo(inner: Requester, info: () => string): Requester {
  const isInfo = (command: unknown): boolean => Array.isArray(command) && command[0] === 'INFO'
  return {
    request: async (request) => {
      const answer: unknown = await inner.request(request)
      const { body } = request
      if (isInfo(body)) return { result: info() } as never
      if (!Array.isArray(answer) || !Array.isArray(body)) return answer as never
      return answer.map((one, i) => (isInfo(body[i]) ? { result: info() } : one)) as never
    },
  }
}

describe('CacheMonitor', () => {
  let platform: ManualPlatform
  let engine: ReturnType<typeof embeddedTransport>

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = embeddedTransport({ platform })
  })

  function isolate(options: Partial<CacheMonitorOptions> = {}, inner: Requester = engine): Isolate {
    const redis = faultyRequester(inner)
    const breaker = { threshold: 100 }
    const cache = new RedisCacheManager({ redis, platform, retries: 0, breaker })
    const figures = new RedisFigures({ cache })
    const metrics = new Metrics({ cache, sinks: [figures] })
    const told: Alert[] = []
    const notify = (alert: Alert): void => {
      told.push(alert)
    }
    const monitor = new CacheMonitor({ cache, figures, notify, ...options })
    return { redis, cache, metrics, monitor, told }
  }

  /** Causes this many hits and misses, and writes them to Redis. */
  async function traffic({ cache, metrics }: Isolate, hits: number, misses: number): Promise<void> {
    await cache.set('hit', 1, { ttl: '1d' })
    for (let i = 0; i < hits; i++) await cache.get('hit')
    for (let i = 0; i < misses; i++) await cache.get(`miss${i}`)
    await metrics.flush()
  }

  const ids = (alerts: readonly Alert[]): string[] => alerts.map(({ id }) => id)

  describe('checks', () => {
    test('that all is well', async () => {
      const one = isolate()
      await traffic(one, 150, 10)

      const health = await one.monitor.performHealthCheck()

      expect(health).toMatchObject({ healthy: true, status: 'ok', issues: [] })
      expect(health.stats).toMatchObject({
        circuit: 'closed',
        roundTripMs: 0,
        totalKeys: expect.any(Number),
      })
      expect(health.stats.hitRate).toBeCloseTo((100 * 150) / 160)
      expect(one.monitor.getCurrentHealth()).toBe(health)
    })

    test('that Redis is down, and says so in its issues', async () => {
      const one = isolate()
      one.redis.fate = () => DOWN

      const health = await one.monitor.performHealthCheck()

      expect(health).toMatchObject({ healthy: false, status: 'down' })
      expect(health.issues[0]).toBe('Redis does not answer (ECONNREFUSED)')
      expect(health.stats.hitRate).toBeUndefined()
      expect(health.stats.memoryUsage).toBeUndefined()
    })

    test('that a round trip is slow, and that clocks differ', async () => {
      const one = isolate()
      one.redis.fate = ({ body }) => {
        if (Array.isArray(body) && body[0] === 'TIME') {
          platform.jump(250)
          return {
            kind: 'answer',
            answer: { result: [String((platform.now() / 1_000 - 90) | 0), '0'] },
          }
        }
        return { kind: 'pass' }
      }

      const { status, issues, stats } = await one.monitor.performHealthCheck()

      expect(status).toBe('degraded')
      expect(issues[0]).toBe('A round trip to Redis took 250 ms')
      expect(issues[1]).toMatch(/^The clocks of Redis and of this host are -\d+ ms apart$/)
      expect(stats.clockSkewMs).toBeLessThan(-80_000)
    })

    test('and remembers the last hundred results', async () => {
      const { monitor } = isolate()
      for (let i = 0; i < 103; i++) {
        platform.jump(1_000)
        await monitor.performHealthCheck()
      }

      expect(monitor.getHealthHistory()).toHaveLength(100)
      expect(monitor.getHealthHistory().at(-1)?.timestamp).toBe(platform.now())
    })

    test('at its interval until it is stopped, with events when it begins and ends', async () => {
      const { monitor } = isolate()
      const heard: string[] = []
      for (const name of ['monitoring:started', 'monitoring:stopped', 'health:checked'] as const) {
        monitor.on(name, () => heard.push(name))
      }
      monitor.startMonitoring('30s')
      await expect.poll(() => monitor.getHealthHistory().length).toBe(1)
      await platform.advance(30_000)
      await expect.poll(() => monitor.getHealthHistory().length).toBe(2)

      monitor.stopMonitoring()
      await platform.advance(90_000)
      await platform.settle()

      expect(monitor.getHealthHistory()).toHaveLength(2)
      expect(heard).toEqual([
        'monitoring:started',
        'health:checked',
        'health:checked',
        'monitoring:stopped',
      ])
    })
  })

  describe('alerts', () => {
    test('of a low hit rate begin after five minutes of it, and end with a better one', async () => {
      const one = isolate()
      await traffic(one, 60, 60)
      await one.monitor.performHealthCheck()
      expect(await one.monitor.getActiveAlerts()).toEqual([])

      platform.jump(3 * MINUTE)
      await traffic(one, 60, 60)
      await one.monitor.performHealthCheck()
      platform.jump(2 * MINUTE)
      const health = await one.monitor.performHealthCheck()

      expect(one.told).toMatchObject([
        { id: 'hit-rate', type: 'performance', severity: 'medium', resolved: false },
      ])
      expect(one.told[0]?.metadata).toMatchObject({ threshold: 70, unit: '%' })
      expect(health.issues).toContain('The hit rate is low: 50 % (limit 70 %)')

      platform.jump(6 * MINUTE)
      await traffic(one, 150, 50)
      await one.monitor.performHealthCheck()
      expect(await one.monitor.getActiveAlerts()).toEqual([])
      expect(one.told.at(-1)).toMatchObject({ id: 'hit-rate', resolved: true })
    })

    test('begin after five minutes even if each check runs in another isolate', async () => {
      const [one, two, three] = [isolate(), isolate(), isolate()]
      await traffic(one, 60, 60)
      await one.monitor.performHealthCheck()
      platform.jump(3 * MINUTE)
      await traffic(one, 60, 60)
      await two.monitor.performHealthCheck()
      expect(two.told).toEqual([])

      platform.jump(2 * MINUTE)
      await three.monitor.performHealthCheck()

      expect(three.told).toMatchObject([
        { id: 'hit-rate', timestamp: platform.now() - 5 * MINUTE, resolved: false },
      ])
    })

    test('start their five minutes again after a good check of any isolate', async () => {
      const [one, two] = [isolate(), isolate()]
      await traffic(one, 60, 60)
      await one.monitor.performHealthCheck()
      platform.jump(6 * MINUTE)
      await traffic(two, 200, 10)
      await two.monitor.performHealthCheck()
      platform.jump(6 * MINUTE)
      await traffic(two, 60, 60)

      await one.monitor.performHealthCheck()
      expect(one.told).toEqual([])
      platform.jump(2 * MINUTE)
      expect(await one.monitor.resolveAlert('hit-rate')).toBe(false)
      platform.jump(3 * MINUTE)
      await traffic(two, 60, 60)
      await two.monitor.performHealthCheck()

      expect(two.told).toEqual([])
    })

    test('do not change between the two thresholds, from whichever side the value came', async () => {
      const one = isolate({ rules: { 'hit-rate': { for: '0s' } } })
      await traffic(one, 72, 28)
      await one.monitor.performHealthCheck()
      expect(one.told).toEqual([])

      platform.jump(6 * MINUTE)
      await traffic(one, 60, 40)
      await one.monitor.performHealthCheck()
      expect(ids(one.told)).toEqual(['hit-rate'])

      platform.jump(6 * MINUTE)
      await traffic(one, 72, 28)
      await one.monitor.performHealthCheck()
      expect(ids(await one.monitor.getActiveAlerts())).toEqual(['hit-rate'])
      expect(one.told).toHaveLength(1)
    })

    test('need samples: 99 look-ups are too few to judge the hit rate', async () => {
      const one = isolate({ rules: { 'hit-rate': { for: '0s' } } })
      await traffic(one, 0, 99)
      await one.monitor.performHealthCheck()
      expect(one.told).toEqual([])

      await traffic(one, 0, 1)
      await one.monitor.performHealthCheck()

      expect(ids(one.told)).toEqual(['hit-rate'])
    })

    test('exist once for all checks and isolates, and are sent by one of them', async () => {
      const isolates = Array.from({ length: 5 }, () =>
        isolate({ rules: { 'hit-rate': { for: '0s' } } }),
      )
      const [first] = isolates
      await traffic(first ?? expect.unreachable(), 10, 100)
      for (let i = 0; i < 4; i++) {
        platform.jump(30_000)
        await Promise.all(isolates.map(({ monitor }) => monitor.performHealthCheck()))
      }
      expect(isolates.flatMap(({ told }) => ids(told))).toEqual(['hit-rate'])

      platform.jump(6 * MINUTE)
      await traffic(first ?? expect.unreachable(), 200, 10)
      await Promise.all(isolates.map(({ monitor }) => monitor.performHealthCheck()))

      const all = isolates.flatMap(({ told }) => told)
      expect(all.map(({ resolved }) => resolved)).toEqual([false, true])
    })

    test('of a lost connection begin at the third check, without Redis, and end with its return', async () => {
      const one = isolate()
      one.redis.fate = () => DOWN
      for (let i = 0; i < 2; i++) {
        await one.monitor.performHealthCheck()
        platform.jump(MINUTE)
      }
      expect(one.told).toEqual([])
      for (let i = 0; i < 3; i++) {
        await one.monitor.performHealthCheck()
        platform.jump(MINUTE)
      }
      expect(one.told).toMatchObject([
        { id: 'connection', severity: 'critical', type: 'connectivity' },
      ])
      expect(ids(await one.monitor.getActiveAlerts())).toEqual(['connection'])
      expect(one.monitor.getCurrentHealth()?.issues).toEqual([
        'Redis does not answer (ECONNREFUSED)',
      ])

      one.redis.fate = () => ({ kind: 'pass' })
      await one.monitor.performHealthCheck()
      await one.monitor.performHealthCheck()

      expect(one.told.at(-1)).toMatchObject({ id: 'connection', resolved: true })
      expect(one.told).toHaveLength(2)
      expect(await one.monitor.getActiveAlerts()).toEqual([])
    })

    test('of memory use the limit that is set, and are off without one', async () => {
      let memory = 'used_memory:900\r\nmaxmemory:0\r\n'
      const told = answeringInfo(engine, () => `# Memory\r\n${memory}`)
      const unlimited = isolate({}, told)
      await unlimited.monitor.performHealthCheck()
      expect(unlimited.told).toEqual([])

      const limited = isolate({ memoryLimitBytes: 1_000 }, told)
      const health = await limited.monitor.performHealthCheck()
      expect(ids(limited.told)).toEqual(['memory'])
      expect(health.issues).toEqual(['The memory of Redis runs out: 90 % (limit 85 %)'])
      expect(health.recommendations).toMatchObject([
        { id: 'memory', evidence: { memoryBytes: 900, memoryLimitBytes: 1_000 } },
      ])

      memory = 'used_memory:790\r\nmaxmemory:1000\r\n'
      await limited.monitor.performHealthCheck()
      expect(limited.told.at(-1)).toMatchObject({ id: 'memory', resolved: true })
    })

    test('begin at once when the circuit is open', async () => {
      const one = isolate({}, engine)
      one.redis.fate = () => ({ kind: 'answer', answer: { error: 'NOAUTH no' } })
      await one.cache.get('k')

      await one.monitor.performHealthCheck()

      expect(ids(one.told)).toEqual(['connection'])
    })

    test('of slow look-ups and of errors measure what they say', async () => {
      const rules = { latency: { for: '0s' }, 'error-rate': { for: '0s' } } as const
      const one = isolate({ rules })
      one.redis.fate = ({ body }) => {
        if (Array.isArray(body) && body[0] === 'MGET') platform.jump(150)
        return { kind: 'pass' }
      }
      await traffic(one, 60, 0)
      one.redis.fate = () => ({ kind: 'pass' })
      await one.monitor.performHealthCheck()
      expect(ids(one.told)).toEqual(['latency'])

      const other = isolate({ rules })
      for (let i = 0; i < 20; i++) {
        other.redis.fate = () => ({ kind: 'answer', answer: { error: 'ERR no' } })
        await other.cache.get('k')
        other.redis.fate = () => ({ kind: 'pass' })
        await other.cache.get('k')
      }
      await other.metrics.flush()
      await other.monitor.performHealthCheck()
      expect(ids(other.told)).toEqual(['error-rate'])
    })

    test('that are ended by hand begin again if their cause persists', async () => {
      const one = isolate({ rules: { 'hit-rate': { for: '1m' } } })
      await traffic(one, 0, 200)
      await one.monitor.performHealthCheck()
      platform.jump(MINUTE)
      await one.monitor.performHealthCheck()
      expect(ids(one.told)).toEqual(['hit-rate'])

      expect(await one.monitor.resolveAlert('hit-rate')).toBe(true)
      expect(await one.monitor.resolveAlert('hit-rate')).toBe(false)
      await one.monitor.performHealthCheck()
      expect(await one.monitor.getActiveAlerts()).toEqual([])
      platform.jump(MINUTE)
      await one.monitor.performHealthCheck()

      expect(one.told.map(({ resolved }) => resolved)).toEqual([false, true, false])
    })

    test('reach listeners, and a listener that throws does no harm', async () => {
      const one = isolate({
        rules: { 'hit-rate': { for: '0s' } },
        notify: () => Promise.reject(new Error('The pager is off')),
      })
      const heard: string[] = []
      one.monitor.on('alert:created', () => {
        throw new Error('A listener fails')
      })
      one.monitor.on('alert:created', ({ id }) => heard.push(id))
      await traffic(one, 0, 200)

      await one.monitor.performHealthCheck()

      expect(heard).toEqual(['hit-rate'])
    })

    test.each([
      ['a rule that there is none of', { speed: {} }],
      ['a threshold that is no number', { latency: { firesAt: Number.NaN } }],
      ['an alert that would end where it is bad', { latency: { firesAt: 50, resolvesAt: 60 } }],
      ['a time that is none', { latency: { for: 'soon' } }],
    ])('are not made of %s', (_what, rules) => {
      expect(() => isolate({ rules: rules as CacheMonitorOptions['rules'] & object })).toThrow(
        /Option "rules/,
      )
    })
  })

  describe('recommends', () => {
    const adviceIn = async (one: Isolate): Promise<string[]> => {
      await one.metrics.flush()
      return (await one.monitor.performHealthCheck()).recommendations.map(({ id }) => id)
    }

    test('nothing if the figures require no change', async () => {
      const one = isolate()
      await traffic(one, 50, 50)

      expect(await adviceIn(one)).toEqual([])
    })

    test('a longer lifetime if most misses find an expired entry, with the figures as evidence', async () => {
      const one = isolate()
      for (let i = 0; i < 1_000; i++) {
        await one.cache.getOrSet('k', () => 1, { ttl: 10, staleIfError: '1h' })
        platform.jump(20)
      }

      await one.metrics.flush()
      const { recommendations } = await one.monitor.performHealthCheck()

      expect(recommendations).toMatchObject([
        { id: 'longer-ttl', cache: 'default', setting: 'ttl, staleWhileRevalidate' },
      ])
      expect(recommendations[0]?.evidence['expired']).toBeGreaterThan(900)
    })

    test('narrower tags if most misses find an invalidated entry', async () => {
      const one = isolate()
      for (let i = 0; i < 1_000; i++) {
        await one.cache.getOrSet('k', () => 1, { tags: ['all'] })
        await one.cache.invalidateTags(['all'])
      }

      expect(await adviceIn(one)).toEqual(['narrower-tags'])
    })

    test('a near tier if nearly all look-ups are hits that ask Redis', async () => {
      const one = isolate()
      await traffic(one, 1_100, 0)

      expect(await adviceIn(one)).toEqual(['near-tier'])
    })
  })

  test('reports as data and as Markdown', async () => {
    const warming = {
      register: () => undefined,
      runDue: async () => 0,
      summary: async () => ({ totalJobs: 3, completedJobs: 2, failedJobs: 1 }),
    }
    const one = isolate({ rules: { 'hit-rate': { for: '0s' } }, warming })
    await traffic(one, 10, 100)

    const report = await one.monitor.generatePerformanceReport()

    expect(report).toMatchObject({
      timestamp: platform.now(),
      windowMinutes: 5,
      health: { status: 'degraded' },
      summary: { lookups: 110, hits: 10 },
      alerts: { byType: { performance: 1 }, bySeverity: { medium: 1 } },
      warming: { totalJobs: 3, completedJobs: 2, failedJobs: 1 },
    })
    expect(Object.keys(report.caches)).toEqual(['default'])
    const page = toMarkdown(report)
    expect(page).toContain('| default | 110 | 9.1 % |')
    expect(page).toContain('- medium: The hit rate is low, since 2026-01-01T00:00:00.000Z')
    expect(page).toContain('3 jobs, 2 completed, 1 failed.')
  })

  test('refuses to be made without figures', () => {
    const cache = new RedisCacheManager({ redis: engine, platform })

    expect(() => new CacheMonitor({ cache, platform } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'figures' }),
    )
  })

  test('passes jobs to its runner, and refuses them without one', async () => {
    const jobs: unknown[] = []
    const warming = {
      register: (job: unknown) => void jobs.push(job),
      runDue: async () => jobs.length,
      summary: async () => ({ totalJobs: 1, completedJobs: 0, failedJobs: 0 }),
    }
    const { monitor } = isolate({ warming })
    monitor.registerWarmingJob('job')

    expect(await monitor.executeWarmingJobs()).toBe(1)
    expect(() => isolate().monitor.registerWarmingJob('job')).toThrow('Option "warming"')
  })
})
