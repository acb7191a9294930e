import { DatabaseSync } from 'node:sqlite'
import { initTRPC } from '@trpc/server'
import { CachedEmailRepository, migrate, toSqlDriver } from 'nearcache/email'
import { llmCache } from 'nearcache/llm'
import {
  cacheManager,
  cacheMonitor,
  type Environment,
  getCacheSystemStatus,
  isCacheSystemReady,
  sessionUserCache,
  startupCacheSystem,
} from 'nearcache/startup'
import { createCacheMiddleware } from 'nearcache/trpc'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { type App, express } from './express.ts'

const MODEL = 'llama3.2:3b'

/** The parts of the application around the samples. */
interface Context {
  readonly user?: { readonly id: string; readonly cacheEnabled: boolean }
}

const { router, procedure } = initTRPC.context<Context>().create()
const emailQuerySchema = z.object({
  status: z.string().optional(),
  skipCache: z.boolean().optional(),
})
const ADA: Context = { user: { id: 'ada', cacheEnabled: true } }

/** The samples of the product's description, each as a user copies it. */
function samples(env: () => Environment): void {
  beforeAll(async () => {
    async function startApp() {
      // Initialize caching system
      await startupCacheSystem({ env: env(), warn: () => undefined })
    }

    await startApp()
    await cacheManager.clear()
  })

  afterAll(async () => {
    // A second call resolves to the running system.
    const { stop } = await startupCacheSystem()
    await stop()
  })

  test('application integration', () => {
    expect(isCacheSystemReady()).toBe(true)
  })

  test('database caching', async () => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))

    const emailRepo = new CachedEmailRepository({ db })
    await emailRepo.clearCache() // the cache of another database, on a server that was used before
    for (const [subject, status] of [
      ['Order HP-1', 'new'],
      ['Order HP-2', 'in_progress'],
      ['Order HP-3', 'resolved'],
    ] as const) {
      await emailRepo.createEmail({
        subject,
        status,
        senderEmail: 'a@shop.example',
        receivedAt: Date.now(),
      })
    }

    const ask = () =>
      emailRepo.queryEmails({
        statuses: ['new', 'in_progress'],
        limit: 50,
      })
    const emails = await ask()
    const warmed = await emailRepo.warmCache({
      recentDays: 7,
      priorityEmails: true,
    })
    const prepare = vi.spyOn(db, 'prepare')

    expect(emails.emails.map(({ subject }) => subject).toSorted()).toEqual([
      'Order HP-1',
      'Order HP-2',
    ])
    expect(warmed).toMatchObject({ emails: 3, isComplete: true })
    expect(await ask()).toEqual(emails)
    expect(prepare).not.toHaveBeenCalled()
  })

  test('LLM response caching', async () => {
    const prompt = 'Summarise the late orders of this week.'
    const performLLMAnalysis = vi.fn(async (question: string) => `About: ${question}`)

    const analyse = async (): Promise<string> => {
      const cached = await llmCache.getCachedLLMResponse(prompt, MODEL, {
        enableSemanticMatching: true,
      })

      if (!cached) {
        const response = await performLLMAnalysis(prompt)

        await llmCache.cacheLLMResponse(prompt, response, MODEL)
        return response
      }
      return cached.response
    }
    await llmCache.clearCache()
    const answers = [await analyse(), await analyse()]

    expect(answers).toEqual([`About: ${prompt}`, `About: ${prompt}`])
    expect(performLLMAnalysis).toHaveBeenCalledOnce()
  })

  test('session management', async () => {
    const userId = 'ada'
    const userEmail = 'ada@shop.example'

    const sessionId = await sessionUserCache.createSession(userId, userEmail, {
      maxAge: 86400,
      slidingExpiration: true,
    })

    const session = await sessionUserCache.getSession(sessionId)

    expect(session).toMatchObject({ userId, userEmail, state: 'active' })
    expect(await sessionUserCache.getSession(`${sessionId}x`)).toBeUndefined()
  })

  test('tRPC integration', async () => {
    const emailService = { getEmails: vi.fn(async (input: object) => [input]) }

    const cacheMiddleware = createCacheMiddleware({
      namespace: 'api',
      defaultTTL: 900,
      enableCompression: true,
    })
    await cacheMiddleware.clear()

    const emailRouter = router({
      getEmails: procedure
        .use(cacheMiddleware)
        .input(emailQuerySchema)
        .query(async ({ input }) => {
          return await emailService.getEmails(input)
        }),
    })
    const caller = emailRouter.createCaller(ADA)
    const answers = [
      await caller.getEmails({ status: 'new' }),
      await caller.getEmails({ status: 'new' }),
      await caller.getEmails({ status: 'resolved' }),
    ]

    expect(answers).toEqual([[{ status: 'new' }], [{ status: 'new' }], [{ status: 'resolved' }]])
    expect(emailService.getEmails).toHaveBeenCalledTimes(2)
  })

  test('custom cache middleware', async () => {
    const getEmails = vi.fn(async (input: object) => [input])

    const customMiddleware = createCacheMiddleware({
      shouldCache: (input, ctx) => {
        // Custom caching logic
        return !input.skipCache && ctx.user?.cacheEnabled
      },
      keyGenerator: (input, ctx) => {
        // Custom key generation
        return `custom:${ctx.user.id}:${JSON.stringify(input)}`
      },
    })
    await customMiddleware.clear()
    const emailRouter = router({
      getEmails: procedure
        .use(customMiddleware)
        .input(emailQuerySchema)
        .query(({ input }) => getEmails(input)),
    })
    const caller = emailRouter.createCaller(ADA)
    for (let i = 0; i < 2; i++) await caller.getEmails({ status: 'new' })
    const afterHits = getEmails.mock.calls.length
    for (let i = 0; i < 2; i++) await caller.getEmails({ status: 'new', skipCache: true })
    await emailRouter
      .createCaller({ user: { id: 'eve', cacheEnabled: false } })
      .getEmails({ status: 'new' })
    await emailRouter
      .createCaller({ user: { id: 'bob', cacheEnabled: true } })
      .getEmails({ status: 'new' })

    expect(afterHits).toBe(1)
    expect(getEmails).toHaveBeenCalledTimes(5)
  })

  test('debugging tools: statistics', async () => {
    await cacheManager.set('key', 'value')
    await cacheManager.get('key')

    const stats = await cacheManager.getStats()

    expect(stats.hitRate).toBeGreaterThan(0)
    expect(stats.hitRate).toBeLessThanOrEqual(100)
    expect(stats.memoryUsage).toBeGreaterThan(0)
    expect(stats.totalKeys).toBeGreaterThan(0)
  })

  test('debugging tools: health status', async () => {
    const health = await cacheMonitor.performHealthCheck()

    expect(health.healthy).toBe(true)
    expect(health.issues).toEqual([])
  })

  test('debugging tools: performance report', async () => {
    const report = await cacheMonitor.generatePerformanceReport()

    expect(report).toMatchObject({
      timestamp: expect.any(Number),
      health: { status: 'ok' },
      alerts: { active: [] },
      recommendations: [],
    })
  })

  test('custom warming jobs', async () => {
    let warmedCount = 0

    cacheMonitor.registerWarmingJob({
      id: 'custom_warming',
      name: 'Custom Cache Warming',
      priority: 90,
      schedule: '0 */4 * * *', // Every 4 hours
      handler: async () => {
        // Custom warming logic
        warmedCount++
        return warmedCount
      },
    })
    const { warming } = await startupCacheSystem()
    await warming?.warmAll()

    expect(warmedCount).toBeGreaterThan(0)
    expect(await warming?.status()).toMatchObject([
      { id: 'custom_warming', priority: 90, last: { ending: 'complete' } },
    ])
  })

  describe('health check endpoints', () => {
    let app: App

    beforeEach(() => {
      app = express()
      return () => app.close()
    })

    test('answer the status as JSON', async () => {
      app.get('/health/cache', async (_req, res) => {
        const status = await getCacheSystemStatus()
        res.json(status)
      })

      const response = await fetch(`${await app.listen()}/health/cache`)

      expect(await response.json()).toMatchObject({ status: 'ok', circuit: 'closed' })
    })
  })

  test('invalidation: by tags, by pattern, by key and all', async () => {
    const load = vi.fn(async () => 'loaded')
    const read = (key: string) => cacheManager.getOrSet(key, load, { tags: ['orders'] })
    const readBoth = async (): Promise<number> => {
      load.mockClear()
      await read('order:1')
      await read('order:2')
      return load.mock.calls.length
    }
    await readBoth()
    const loads = [await readBoth()]
    for (const invalidate of [
      () => cacheManager.invalidateTags(['orders']),
      () => cacheManager.invalidatePattern('order:*'),
      () => cacheManager.delete('order:1'),
      () => cacheManager.clear(),
    ]) {
      await invalidate()
      loads.push(await readBoth())
    }

    expect(loads).toEqual([0, 2, 2, 1, 2])
  })
}

describe('The samples of the description, without any configuration:', () => {
  samples(() => ({}))
})

describeWithRedis(
  'The samples of the description, on a Redis by its environment variables:',
  () => {
    let server: RedisServer

    beforeAll(async () => {
      server = await startRedisServer(['--requirepass', 'your_password'])
    })

    afterAll(() => server.stop())

    samples(() => ({
      REDIS_HOST: 'localhost',
      REDIS_PORT: `${server.port}`,
      REDIS_PASSWORD: 'your_password',
      REDIS_DB: '0',
      REDIS_TLS_ENABLED: 'false',
      SESSION_KEYS: `first:${'11'.repeat(32)}`,
    }))
  },
)
