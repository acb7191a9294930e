import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { WarmingEvent } from '../../../src/warming/events.ts'
import type { WarmingJob } from '../../../src/warming/job.ts'
import type { WarmingOptions } from '../../../src/warming/options.ts'
import { Warming } from '../../../src/warming/warming.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('Warming', () => {
  let platform: ManualPlatform
  let redis: FaultyRequester
  let runs: string[]

  beforeEach(() => {
    platform = new ManualPlatform() // 2026-01-01T00:00Z, a Thursday
    redis = faultyRequester(embeddedTransport({ platform }))
    runs = []
  })

  const isolate = (options: Partial<WarmingOptions> = {}): Warming => {
    const cache = new RedisCacheManager({
      redis,
      platform,
      retries: 0,
      breaker: { threshold: 1_000 },
    })
    return new Warming({ cache, platform, ...options })
  }

  const job = (rest: Partial<WarmingJob> = {}): WarmingJob => ({
    id: 'mail',
    name: 'Mailbox',
    priority: 80,
    schedule: '0 * * * *',
    handler: ({ slot }) => {
      runs.push(`${rest.id ?? 'mail'} ${(slot - START) / HOUR}`)
      return 1
    },
    ...rest,
  })
  const START = new ManualPlatform().now()

  const withJob = (rest: Partial<WarmingJob> = {}, options: Partial<WarmingOptions> = {}) => {
    const warming = isolate(options)
    warming.register(job(rest))
    return warming
  }

  const listen = (warming: Warming): WarmingEvent[] => {
    const events: WarmingEvent[] = []
    warming.subscribe((event) => events.push(event))
    return events
  }

  const down = (error: unknown): void => {
    redis.fate = () => ({ kind: 'fail', error })
  }
  const up = (): void => {
    redis.fate = () => ({ kind: 'pass' })
  }
  const AWAY = new RemoteError({ operation: 'pipeline', reason: 'ECONNREFUSED', applied: 'no' })

  test('runs a job at each of its slots, once for all isolates, however often it is called', async () => {
    const isolates = [withJob(), withJob(), withJob()]

    for (let minute = 0; minute <= 180; minute += 20) {
      await Promise.all(isolates.flatMap((warming) => [warming.runDue(), warming.runDue()]))
      await platform.advance(20 * MINUTE)
    }

    expect(runs).toEqual(['mail 0', 'mail 1', 'mail 2', 'mail 3'])
  })

  test('uses the time of the trigger, so that a late or repeated trigger runs nothing', async () => {
    const warming = withJob()
    await platform.advance(HOUR)

    await warming.handleScheduled({ scheduledTime: START + HOUR })
    await warming.handleScheduled({ scheduledTime: START })
    await warming.handleScheduled({ scheduledTime: START + HOUR + MINUTE })

    expect(runs).toEqual(['mail 1'])
  })

  test('runs the larger priority first, then the longest overdue', async () => {
    const warming = isolate()
    warming.register(job({ id: 'low', priority: 1 }))
    warming.register(job({ id: 'new', priority: 5, schedule: '0 * * * *' }))
    warming.register(job({ id: 'old', priority: 5, schedule: '0 0 * * *' }))
    warming.register(job({ id: 'high', priority: 9 }))
    await platform.advance(2 * HOUR)

    expect(await warming.runDue()).toBe(4)

    expect(runs).toEqual(['high 2', 'old 0', 'new 2', 'low 2'])
  })

  test.each([
    ['run-once', {}, ['mail 0', 'mail 5']],
    ['skip', {}, ['mail 0']],
    ['skip', { lateAfter: '30m' }, ['mail 0', 'mail 5']],
    ['all', {}, ['mail 0', 'mail 1', 'mail 2', 'mail 3', 'mail 4', 'mail 5']],
    ['all', { mostMissed: 2 }, ['mail 0', 'mail 4', 'mail 5']],
  ] as const)(
    'with missed: %s %j runs %j after five hours without a heartbeat',
    async (missed, rest, expected) => {
      const warming = withJob({ missed, ...rest })
      await warming.runDue()
      await platform.advance(5 * HOUR + 20 * MINUTE)

      await warming.runDue()
      await warming.runDue()

      expect(runs).toEqual(expected)
    },
  )

  test.each([
    ['skip', ['mail 0', 'mail 4']],
    ['queue', ['mail 0', 'mail 1', 'mail 2', 'mail 3', 'mail 4']],
  ] as const)(
    'with overlap: %s slots that become due while one runs do not run at the same time',
    async (overlap, expected) => {
      let active = 0
      const warming = withJob(
        {
          overlap,
          missed: 'all',
          timeBudget: '5h',
          handler: async ({ slot }) => {
            expect(++active).toBe(1)
            runs.push(`mail ${(slot - START) / HOUR}`)
            if (slot === START) await platform.delay(3 * HOUR + MINUTE)
            active--
            return 1
          },
        },
        { timeBudget: '5h', lease: '1h' },
      )
      const other = withJob({ overlap, missed: 'all' })
      const first = warming.runDue()
      for (let i = 0; i < 19; i++) {
        await platform.advance(10 * MINUTE)
        await other.runDue()
      }
      await first
      await platform.advance(HOUR)

      await other.runDue()

      expect(runs).toEqual(expected)
    },
  )

  test('continues an unfinished slot from its checkpoint, in another isolate, and adds up its items', async () => {
    const pages: number[] = []
    const handler: WarmingJob['handler'] = async ({ slot, checkpoint, budget, emit }) => {
      expect(slot).toBe(START)
      let page = Number(checkpoint.get() ?? 0)
      while (page < 7) {
        pages.push(page++)
        emit(10)
        await checkpoint.set(page)
        if (!budget.spend(2)) return { count: 0, isComplete: false }
      }
      return 0
    }
    const events = listen(withJob())
    const isolates = [1, 2, 3].map(() => withJob({ handler, commandBudget: 6 }))
    const told = isolates.map(listen)

    for (const warming of isolates) {
      await warming.runDue()
      await platform.advance(MINUTE)
    }

    expect(pages).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(events).toEqual([])
    expect(told.map((list) => list.at(-1))).toMatchObject([
      { kind: 'ended', ending: 'unfinished', items: 30 },
      { kind: 'ended', ending: 'unfinished', items: 60 },
      { kind: 'ended', ending: 'complete', items: 70 },
    ])
  })

  test('aborts a handler when its time is over, and continues at the next heartbeat', async () => {
    let calls = 0
    const warming = withJob({
      timeBudget: '10s',
      handler: async ({ signal }) => {
        if (++calls > 1) return 1
        await platform.delay(HOUR, signal)
        return 1
      },
    })
    const events = listen(warming)
    const first = warming.runDue()
    await platform.advance(10_000)
    await first

    await warming.runDue()

    const endings = events.flatMap((event) => (event.kind === 'ended' ? [event.ending] : []))
    expect(endings).toEqual(['unfinished', 'complete'])
  })

  test('abandons a handler that does not end, and no other isolate runs the job meanwhile', async () => {
    const warming = withJob({
      timeBudget: '10s',
      retryAfter: 0,
      handler: () => new Promise(() => undefined),
    })
    const events = listen(warming)
    const first = warming.runDue()
    await platform.advance(15_000)
    await first

    const other = withJob()
    await other.runDue()

    expect(events.at(-1)).toMatchObject({ ending: 'failed', errors: 1 })
    expect(runs).toEqual([])
    await platform.advance(30_000)
    await other.runDue()
    expect(runs).toEqual(['mail 0'])
  })

  test('retries a failed slot with growing delays, and gives it up in the end', async () => {
    const error = new Error('The loader is away')
    const warming = withJob({
      retries: 2,
      handler: () => {
        runs.push(`${(platform.now() - START) / MINUTE}`)
        throw error
      },
    })
    const events = listen(warming)
    for (let minute = 0; minute < 30; minute++) {
      await warming.runDue()
      await platform.advance(MINUTE)
    }

    expect(runs).toEqual(['0', '1', '3'])
    const ends = events.filter((event) => event.kind === 'ended')
    expect(ends.map(({ ending }) => ending)).toEqual(['failed', 'failed', 'given-up'])
    expect(ends[0]?.error).toBe(error)
    expect(await warming.summary()).toEqual({ totalJobs: 1, completedJobs: 0, failedJobs: 1 })
  })

  test('after Redis was emptied, runs all jobs at the next heartbeat, in order of priority', async () => {
    const warming = isolate()
    for (const [id, priority] of [
      ['analytics', 40],
      ['mail', 80],
      ['llm', 60],
    ] as const) {
      warming.register(job({ id, priority, schedule: '0 0 * * *' }))
    }
    await warming.runDue()
    await platform.advance(HOUR)
    await warming.runDue()
    expect(runs).toHaveLength(3)
    await redis.request({ path: [], body: ['FLUSHALL'] })

    await warming.runDue()

    expect(runs.slice(3)).toEqual(['mail 0', 'llm 0', 'analytics 0'])
  })

  test('warmAll runs every job in order of priority, within one budget of commands', async () => {
    const warming = isolate()
    for (const [id, priority] of [
      ['analytics', 40],
      ['mail', 80],
      ['llm', 60],
    ] as const) {
      warming.register(
        job({
          id,
          priority,
          handler: ({ budget }) => {
            runs.push(`${id} ${budget.remainingCommands}`)
            const isComplete = budget.spend(4) || budget.remainingCommands > 0
            return { count: 1, isComplete }
          },
        }),
      )
    }
    await warming.runDue()
    runs = []

    expect(await warming.warmAll(7)).toBe(2)

    expect(runs).toEqual(['mail 7', 'llm 3'])
    await platform.advance(MINUTE)
    await warming.runDue()
    expect(runs.slice(2)).toEqual(['llm Infinity'])
    await expect(warming.warmAll(0)).rejects.toThrow(/commandBudget/)
  })

  test('a heartbeat with nothing to do costs one request, and a slot three more commands', async () => {
    const warming = isolate()
    for (const id of ['a', 'b', 'c']) warming.register(job({ id, schedule: '0 0 * * *' }))
    await warming.runDue()
    const commands = () =>
      redis.requests.reduce((sum, { path, body }) => {
        return sum + (path?.length ? (body as readonly unknown[]).length : 1)
      }, 0)

    const before = [redis.requests.length, commands()] as const
    await warming.runDue()
    const idle = [redis.requests.length - before[0], commands() - before[1]]
    await redis.request({ path: [], body: ['DEL', 'nc:{warming/b}'] })
    const middle = commands()
    await warming.runDue()

    expect(idle).toEqual([1, 3])
    expect(commands() - middle).toBe(3 + 3)
  })

  test('begins no run while Redis is down, and catches up when it is back', async () => {
    const warming = withJob()
    const events = listen(warming)
    down(AWAY)

    expect(await warming.runDue()).toBe(0)
    up()
    await warming.runDue()

    expect(events[0]).toMatchObject({ kind: 'unavailable', error: { code: 'ERR_REMOTE' } })
    expect(runs).toEqual(['mail 0'])
  })

  test('runs no slot twice when Redis goes down during a run', async () => {
    const warming = withJob({
      handler: async ({ slot }) => {
        runs.push(`mail ${(slot - START) / HOUR}`)
        down(AWAY)
        return 1
      },
    })
    const first = warming.runDue()
    await platform.advance(15_000)
    await first
    up()

    await warming.runDue()
    await platform.advance(HOUR - 20_000)
    await withJob().runDue()

    expect(runs).toEqual(['mail 0'])
  })

  test('a job that kills every isolate it runs in does not keep the others from running', async () => {
    const urgent = job({ id: 'deadly', priority: 90 })
    for (let heartbeat = 0; heartbeat < 2; heartbeat++) {
      // The isolate dies after it has sent its claim, and sends nothing else.
      const own = faultyRequester(redis)
      const cache = new RedisCacheManager({ redis: own, platform, retries: 0 })
      const dying = new Warming({ cache, platform })
      const never = new Promise<never>(() => undefined)
      dying.register({
        ...urgent,
        handler: () => {
          own.fate = () => ({ kind: 'hang' })
          return never
        },
      })
      dying.register(job())
      void dying.runDue()
      await platform.advance(MINUTE)
    }

    expect(runs).toEqual(['mail 0'])
  })

  test('interrupts a handler before its lease ends, if Redis is down and the lease cannot be renewed', async () => {
    let reason: unknown
    const warming = withJob({
      handler: async ({ signal }) => {
        down(AWAY)
        await platform.delay(HOUR, signal).catch((error) => {
          reason = error
          throw error
        })
        return 1
      },
    })
    const work = warming.runDue()
    await platform.advance(29_000)

    expect(reason).toMatchObject({ code: 'ERR_JOB_INTERRUPTED', reason: 'taken' })
    up()
    await platform.advance(15_000)
    await work
  })

  test('a handler whose job was taken over cannot store a checkpoint, and its run ends as lost', async () => {
    const warming = withJob({
      handler: async ({ checkpoint }) => {
        await redis.request({ path: [], body: ['HSET', 'nc:{warming/mail}', 'run', 'another'] })
        await checkpoint.set(1)
        return 1
      },
    })
    const events = listen(warming)

    await warming.runDue()

    expect(events.at(-1)).toMatchObject({ kind: 'ended', ending: 'lost' })
  })

  test('a checkpoint that arrives after the end does not open the slot again', async () => {
    const late: (() => Promise<void>)[] = []
    const warming = withJob({
      handler: ({ checkpoint }) => {
        late.push(() => checkpoint.set(1))
        return 1
      },
    })
    await warming.runDue()

    await expect(late[0]?.()).rejects.toMatchObject({ code: 'ERR_JOB_INTERRUPTED' })
    await warming.runDue()

    expect(late).toHaveLength(1)
  })

  test('runs a job with atStart once for each version of the deployment', async () => {
    const at = { atStart: true, schedule: '0 0 1 1 *' }
    await withJob(at, { version: 'v1' }).runDue()
    for (const version of ['v1', 'v2', 'v1', 'v2', 'v3']) {
      await Promise.all([withJob(at, { version }).runDue(), withJob(at, { version }).runDue()])
    }

    expect(runs).toHaveLength(3)
  })

  test('after start, runs by itself until stop, which aborts running handlers', async () => {
    const warming = withJob()
    warming.start('1m')
    await platform.advance(2 * HOUR)
    expect(runs).toEqual(['mail 0', 'mail 1', 'mail 2'])

    await warming.stop()
    await platform.advance(5 * HOUR)

    expect(runs).toHaveLength(3)
    expect(platform.pendingTimers).toBe(0)
  })

  test('status shows for each job its slot and when it runs next', async () => {
    const warming = withJob()
    await warming.runDue()
    await platform.advance(MINUTE)

    expect(await warming.status()).toEqual([
      {
        id: 'mail',
        name: 'Mailbox',
        priority: 80,
        slot: START,
        isOpen: false,
        isRunning: false,
        progress: 0,
        failures: 0,
        next: START + HOUR,
        last: { slot: START, ending: 'complete', items: 1, endedAt: START, durationMs: 0 },
      },
    ])
    expect(await warming.summary()).toEqual({ totalJobs: 1, completedJobs: 1, failedJobs: 0 })
  })
})
