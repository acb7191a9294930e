import { DatabaseSync } from 'node:sqlite'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { migrate, toSqlDriver } from '../../../src/email/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { StartupOptions } from '../../../src/startup/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { WarmingJob } from '../../../src/warming/index.ts'
import { type FreshProcess, freshProcess, transportThat } from './fresh-process.ts'

const BINDINGS = [
  'cacheManager',
  'llmCache',
  'sessionUserCache',
  'webSocketCache',
  'cacheMonitor',
] as const
const SESSION_KEYS = `next:${'22'.repeat(32)},first:${'11'.repeat(32)}`
const HOUR = 3_600_000

let own: FreshProcess

beforeEach(async () => {
  own = await freshProcess()
})

afterEach(() => own.end())

const job = (rest: Partial<WarmingJob> = {}): WarmingJob => ({
  id: 'own',
  name: 'A job of the application',
  priority: 1,
  schedule: '0 * * * *',
  handler: () => 1,
  ...rest,
})

describe('The bindings of nearcache/startup', () => {
  test.each(BINDINGS)('%s throws before start-up, and says what to call', (name) => {
    const use = (): unknown => Reflect.get(own.startup[name], 'redis')

    expect(use).toThrow(own.errors.NotStartedError)
    expect(use).toThrow(`"${name}" cannot be used yet: await startupCacheSystem()`)
    expect(() => Reflect.set(own.startup[name], 'x', 1)).toThrow(own.errors.NotStartedError)
  })

  test('can be printed before start-up', () => {
    // Node 26 prints that an object is a proxy.
    expect(inspect(own.startup.cacheManager)).toContain('{}')
    expect(`${Object.prototype.toString.call(own.startup.llmCache)}`).toBe('[object Object]')
  })

  test('are the started parts after start-up', async () => {
    const system = await own.start({ platform: new ManualPlatform() })

    expect(own.startup.cacheManager).toBe(system.cache)
    expect(own.startup.llmCache).toBe(system.llm)
    expect(own.startup.sessionUserCache).toBe(system.sessions)
    expect(own.startup.webSocketCache).toBe(system.webSockets)
    expect(own.startup.cacheMonitor).toBe(system.monitor)
    expect(own.startup.llmCache).toBe((await import('../../../src/llm/index.ts')).llmCache)
  })

  test('match by meaning if start-up is given a matcher, also through nearcache/llm', async () => {
    const { createSemanticMatcher } = await import('../../../src/llm/index.ts')
    const policy = { kind: 'static', minSimilarity: 0.7 } as const
    await own.start({
      llm: { matcher: (cache) => createSemanticMatcher({ cache, policy, lag: 0 }) },
    })
    const llm = await import('../../../src/llm/index.ts')

    await llm.llmCache.cacheLLMResponse('How do I reset the password of my account?', 'Two', 'm', {
      enableSemanticMatching: true,
    })
    const found = await llm.llmCache.getCachedLLMResponse(
      'How do I reset the password of my account please?',
      'm',
      {
        enableSemanticMatching: true,
      },
    )

    expect(found).toMatchObject({ response: 'Two', tier: 'semantic' })
  })

  test.each([
    [undefined, 'semantic'],
    [false, undefined],
  ] as const)(
    'match nearly the same wording if a request asks for it, with the matcher %j',
    async (matcher, tier) => {
      const platform = new ManualPlatform()
      const llm = matcher === undefined ? {} : { llm: { matcher } }
      await own.start({ platform, ...llm })
      const { llmCache } = own.startup

      await llmCache.cacheLLMResponse('How do I reset my password?', 'By mail.', 'm')
      await platform.advance(2_000)
      const asked = 'how can I reset my password'
      const found = await llmCache.getCachedLLMResponse(asked, 'm', {
        enableSemanticMatching: true,
      })

      expect(found?.tier).toBe(tier)
      expect(await llmCache.getCachedLLMResponse(asked, 'm')).toBeUndefined()
    },
  )

  test('say why a part that was switched off does not exist', async () => {
    const none = { monitor: false, warming: false, websocket: false } as const
    await own.start({ redis: embeddedTransport(), ...none })

    expect(() => own.startup.cacheMonitor.getCurrentHealth()).toThrow('was told not to make one')
    expect(() => own.startup.webSocketCache.redis).toThrow('was told not to make one')
    expect(() => own.startup.sessionUserCache.touch('')).toThrow('set SESSION_KEYS, or give')
  })

  test('do not require session keys if sessions are switched off', async () => {
    await own.start({ redis: embeddedTransport(), session: false })

    expect(() => own.startup.sessionUserCache.touch('')).toThrow('was told not to make one')
  })

  test('are ready between start-up and stop', async () => {
    const { isCacheSystemReady } = own.startup
    const before = isCacheSystemReady()
    const { stop } = await own.start()
    const during = isCacheSystemReady()
    await stop()

    expect([before, during, isCacheSystemReady()]).toEqual([false, true, false])
  })
})

describe('Sessions of a started system', () => {
  test('have a random key if the cache is only in this process', async () => {
    await own.start()

    const id = await own.startup.sessionUserCache.createSession('u', 'u@shop.example')

    expect(await own.startup.sessionUserCache.getSession(id)).toMatchObject({ userId: 'u' })
  })

  test('have the keys of SESSION_KEYS, the first of which encrypts', async () => {
    const redis = embeddedTransport()
    const keepOpen = { ...redis, request: redis.request.bind(redis), close: async () => undefined }
    const { stop } = await own.start({ redis: keepOpen, env: { SESSION_KEYS } })
    const id = await own.startup.sessionUserCache.createSession('u', 'u@shop.example')
    await stop()

    await own.start({ redis: keepOpen, env: { SESSION_KEYS } })

    expect(id).toMatch(/^\S+$/)
    expect(await own.startup.sessionUserCache.getSession(id)).toMatchObject({ userId: 'u' })
  })

  test('refuse malformed keys, together with all other problems, without any value', async () => {
    const env = { SESSION_KEYS: 'next:leak', REDIS_HOST: 'redis://leak' }

    const starting = own.start({ env })

    await expect(starting).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    const { problems } = (await starting.catch((error) => error)) as { problems: string[] }
    expect(problems.map((problem) => problem.split(' ', 1)[0])).toEqual([
      'REDIS_HOST',
      'SESSION_KEYS',
    ])
    expect(problems.join()).not.toContain('leak')
  })

  test('take their options from `session`, and the prefix from the cache', async () => {
    const redis = embeddedTransport()
    const keys = [{ id: 'k', secret: '11'.repeat(32) }]
    await own.start({ redis, prefix: 'app', session: { keys, maxSessions: 1 } })
    const sessions = own.startup.sessionUserCache
    const first = await sessions.createSession('u', 'u@shop.example')
    await sessions.createSession('u', 'u@shop.example')

    expect(await sessions.getSession(first)).toBeUndefined()
    expect(await redis.request({ body: ['KEYS', 'app:session:s:*'] })).toMatchObject({
      result: expect.arrayContaining([expect.any(String)]),
    })
  })
})

test('Connections and presence are in the same Redis, under the prefix of the cache', async () => {
  const redis = embeddedTransport()
  await own.start({ redis, prefix: 'app', websocket: { node: 'a' } })
  const sockets = own.startup.webSocketCache

  await sockets.cacheConnection('c', { userId: 'ada', rooms: ['room'] })

  expect(await sockets.getRoomPresence('room')).toMatchObject({ count: 1 })
  expect(await redis.request({ body: ['KEYS', 'app:*websocket*'] })).toMatchObject({
    result: expect.arrayContaining([expect.any(String)]),
  })
})

describe('Jobs of a started system', () => {
  const idsOf = async ({ warming }: { warming?: StartupOptions['warming'] } & object) =>
    (
      await (
        await own.start({ platform: new ManualPlatform(), warming: warming ?? {} })
      ).warming?.status()
    )?.map(({ id }) => id)

  test('are only those of the application without other parts', async () => {
    expect(await idsOf({ warming: { jobs: [job()] } })).toEqual(['own'])
  })

  test('warm the mailbox, its figures and answers, if the options are given', async () => {
    const platform = new ManualPlatform()
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const generate = vi.fn(async ({ prompt }: { readonly prompt: string }) => `About ${prompt}`)
    const question = { prompt: 'late orders', model: 'llama3.2:3b' }
    const { warming, emails, llm } = await own.start({
      platform,
      db,
      llm: { warm: { questions: [question], generate } },
    })

    await platform.advance(1_000)

    expect((await warming?.status())?.map(({ id, last }) => [id, last?.ending])).toEqual([
      ['mail', 'complete'],
      ['llm', 'complete'],
      ['analytics', 'complete'],
    ])
    expect(await llm.getCachedLLMResponse('late orders', 'llama3.2:3b')).toMatchObject({
      response: 'About late orders',
    })
    expect(generate).toHaveBeenCalledOnce()
    expect(emails?.getCacheStats()).toMatchObject({ listHits: 0, listLoads: 10, rowLoads: 0 })
  })

  test('can be registered with cacheMonitor too, and run when they are due', async () => {
    const platform = new ManualPlatform()
    await own.start({ platform })
    const slots: number[] = []
    own.startup.cacheMonitor.registerWarmingJob(
      job({ handler: ({ slot }) => slots.push(slot - platform.now()) }),
    )

    await platform.advance(2 * HOUR)

    expect(slots).toHaveLength(3)
  })
})

describe('Start-up', () => {
  test.each<[string, object]>([
    ['monitor.speed', { monitor: { speed: 1 } }],
    ['warming.speed', { warming: { speed: 1 } }],
    ['monitor.interval', { monitor: { interval: 10 } }],
    ['warming.interval', { warming: { interval: '1' } }],
    ['rules', { monitor: { rules: { speed: {} } } }],
    ['schedule', { warming: { jobs: [job({ schedule: 'never' })] } }],
    ['keys', { session: { keys: 'secret' } }],
    ['options.speed', { llm: { speed: 1 } }],
    ['options.speed', { websocket: { speed: 1 } }],
  ])(
    'refuses a wrong "%s", closes what it has opened, and can be called again',
    async (option, options) => {
      const redis = transportThat(() => undefined)
      const close = vi.spyOn(redis, 'close')

      await expect(own.start({ redis, ...options })).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
        option,
      })

      expect(close).toHaveBeenCalledOnce()
      expect(own.startup.isCacheSystemReady()).toBe(false)
      await expect(own.start()).resolves.toMatchObject({ kind: 'embedded' })
    },
  )

  test('has the last health check in its status', async () => {
    const { status, monitor } = await own.start()
    await monitor?.performHealthCheck()

    expect(await status()).toMatchObject({ status: 'ok', health: { healthy: true, issues: [] } })
  })

  test('checks health and passes figures on by itself, also to additional sinks', async () => {
    const platform = new ManualPlatform()
    const write = vi.fn<() => Promise<void>>(() => Promise.resolve())
    const sink = { name: 'test', write }
    const { cache, monitor } = await own.start({
      platform,
      monitor: { interval: '1m', sinks: [sink], flushInterval: '5s' },
    })

    await platform.advance(5_000)
    await cache.get('key')
    await platform.advance(60_000)

    expect(monitor?.getHealthHistory()).toHaveLength(2)
    expect(write).toHaveBeenCalled()
  })

  test('passes a check to each sink, even if another sink throws', async () => {
    const write = (): Promise<void> => Promise.resolve()
    const health = vi.fn<() => void>()
    const thrower = (): never => {
      throw new Error('No gauges for me')
    }
    const { monitor } = await own.start({
      monitor: {
        sinks: [
          { name: 'thrower', write, health: thrower },
          { name: 'gauges', write, health },
        ],
      },
    })

    await monitor?.performHealthCheck()

    expect(health).toHaveBeenCalled()
  })
})

describe('Stopping', () => {
  test('ends jobs, passes figures on and closes, in this order', async () => {
    const platform = new ManualPlatform()
    const engine = embeddedTransport({ platform })
    const seen: string[] = []
    const redis = transportThat((request) => {
      const text = JSON.stringify(request.body)
      if (text.includes('{figures}') && text.includes('EVALSHA')) seen.push('figures')
      return engine.request(request)
    })
    redis.close = async () => void seen.push('closed')
    const { stop, cache } = await own.start({
      redis,
      platform,
      warming: {
        jobs: [
          job({
            handler: ({ signal }) =>
              new Promise((_resolve, reject) => {
                signal.addEventListener('abort', () => {
                  seen.push('job ended')
                  reject(signal.reason)
                })
              }),
          }),
        ],
      },
    })
    await platform.advance(1_000)
    await cache.get('key')

    await stop()

    expect(seen.filter((one, i) => one !== seen[i - 1])).toEqual(['job ended', 'figures', 'closed'])
  })
})
