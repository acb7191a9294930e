import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { RedisCacheManager } from 'nearcache'
import { workersPlatform } from 'nearcache/platform/workers'
import { durableTransport } from 'nearcache/redis/durable'
import { type JobContext, Warming } from 'nearcache/warming'
import { beforeEach, describe, expect, test } from 'vitest'
import { compose } from '../../workers/compose.ts'
import { type CronTerms, createWarming, warmAtStart } from '../../workers/cron.ts'
import { readEnv } from '../../workers/env.ts'
import { found } from '../support/findings.ts'
import { beat, call, callAdmin, emptyMailbox, forgetWarming, statements, store } from './mailbox.ts'

const MINUTE = 60_000

/** The slot of the hour, some hours ago, so that all triggers lie in the past. */
const START = Math.floor(Date.now() / (60 * MINUTE)) * 60 * MINUTE - 5 * 60 * MINUTE

const platform = workersPlatform()

/** Isolates that share only the Durable Object, as those of a deployment do. */
function isolate(prefix: string): Warming {
  const redis = durableTransport({ namespace: env.REDIS })
  return new Warming({ cache: new RedisCacheManager({ redis, platform }), platform, prefix })
}

/** What the runtime hands to `scheduled`. */
function trigger(minutes: number): ScheduledController {
  return createScheduledController({ scheduledTime: new Date(START + minutes * MINUTE) })
}

/** Runs a trigger as the platform does: in an event of its own. */
async function dispatch(warming: Warming, minutes: number): Promise<void> {
  await warming.handleScheduled(trigger(minutes))
}

describe('warming in the runtime', () => {
  let prefix: string
  let runs: string[]

  beforeEach(() => {
    prefix = `nc:${crypto.randomUUID()}`
    runs = []
  })

  const note = (id: string, { slot }: JobContext): number => {
    runs.push(`${id} ${(slot - START) / MINUTE}`)
    return 1
  }

  const withJob = (): Warming => {
    const warming = isolate(prefix)
    warming.register({
      id: 'mail',
      name: 'Mailbox',
      priority: 80,
      schedule: '*/10 * * * *',
      missed: 'all',
      overlap: 'queue',
      handler: (context) => note('mail', context),
    })
    return warming
  }

  test('triggers that come twice, late or not at all run each slot exactly once', async ({
    task,
  }) => {
    const isolates = [withJob(), withJob(), withJob()] as const
    // Those of 20 to 40 never come; that of 10 comes again after that of 50, and 60 comes three times.
    await Promise.all([dispatch(isolates[0], 0), dispatch(isolates[1], 0)])
    await dispatch(isolates[2], 10)
    await dispatch(isolates[0], 50)
    await dispatch(isolates[1], 10)
    await Promise.all(isolates.map((warming) => dispatch(warming, 60)))

    await dispatch(isolates[2], 50)

    const again = runs.length - new Set(runs).size
    found(task, 'slots by triggers in workerd', {
      triggers: 9,
      slots: runs.length,
      'run again': again,
    })
    expect(runs).toEqual([
      'mail 0',
      'mail 10',
      'mail 20',
      'mail 30',
      'mail 40',
      'mail 50',
      'mail 60',
    ])
  })

  test('a job longer than one invocation continues in the next, from its checkpoint', async ({
    task,
  }) => {
    const pages: number[] = []
    const isolates = [1, 2, 3].map(() => {
      const warming = isolate(prefix)
      warming.register({
        id: 'archive',
        name: 'Archive',
        priority: 1,
        schedule: '0 * * * *',
        commandBudget: 4,
        handler: async ({ checkpoint, budget, emit }) => {
          for (let page = Number(checkpoint.get() ?? 0); page < 10; page++) {
            pages.push(page)
            emit(1)
            await checkpoint.set(page + 1)
            if (!budget.spend(1)) return { count: 0, isComplete: false }
          }
          return 0
        },
      })
      return warming
    })

    for (const [i, warming] of isolates.entries()) await dispatch(warming, i)
    for (const warming of isolates) await dispatch(warming, 5)

    found(task, 'a job over several invocations', { pages: pages.length, invocations: 3 })
    expect(pages).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect((await isolates[0]?.status())?.[0]?.last).toMatchObject({
      ending: 'complete',
      items: 10,
    })
  })

  test('of two due jobs, the one with the higher priority runs first', async () => {
    const warming = isolate(prefix)
    for (const [id, priority] of [
      ['analytics', 40],
      ['mail', 80],
    ] as const) {
      const schedule = '0 * * * *'
      warming.register({
        id,
        name: id,
        priority,
        schedule,
        handler: (context) => note(id, context),
      })
    }

    await dispatch(warming, 0)

    expect(runs).toEqual(['mail 0', 'analytics 0'])
  })
})

describe("the Worker's trigger", () => {
  beforeEach(async () => {
    await emptyMailbox()
    await forgetWarming()
  })

  /** How many statements a trigger sends when nothing is in the cache any more. */
  async function statementsOf(minutes: number): Promise<number> {
    await callAdmin('/changed', {})
    const before = await statements()
    await beat(START + minutes * MINUTE)
    return (await statements()) - before
  }

  test('warms the mailbox once for each slot, however often and late it comes', async () => {
    await store()

    const first = await statementsOf(10)
    const idle = [await statementsOf(10), await statementsOf(5), await statementsOf(12)]
    const next = await statementsOf(15)

    expect(first).toBeGreaterThan(2)
    // What is left is the look for messages that cannot be found by words yet.
    expect(idle).toEqual([1, 1, 1])
    expect(next).toBeGreaterThan(2)
  })
})

describe('a deployment', () => {
  beforeEach(async () => {
    await emptyMailbox()
    await forgetWarming()
  })

  /** One more isolate of a deployment, which has just got its first request. */
  async function firstRequest(terms: CronTerms): Promise<number> {
    const { caching, sql } = compose(readEnv(env))
    await warmAtStart(caching ?? expect.unreachable('the cache is on'), terms)
    return sql.statements
  }

  test('warms the mailbox once, however many isolates of it get their first requests', async () => {
    await store()
    const version = crypto.randomUUID()
    await beat(Date.now()) // so that no slot is due
    await callAdmin('/changed', {})

    const first = await Promise.all([1, 2, 3].map(() => firstRequest({ version })))
    const later = await firstRequest({ version })
    await callAdmin('/changed', {})
    const next = await firstRequest({ version: `${version}-next` })

    // One may have taken the mailbox and another its figures: together they do what one does alone.
    expect(first.reduce((sum, count) => sum + count, 0)).toBe(next)
    expect(later).toBe(0)
    expect(next).toBeGreaterThan(2)
  })

  test('without a version warms nothing at its start', async () => {
    await store()

    expect(await firstRequest({})).toBe(0)
  })

  test('has the version that the runtime gives it', () => {
    const binding = { id: 'f3b1', tag: '', timestamp: '' }

    expect(readEnv({ ...env, CF_VERSION_METADATA: binding }).version).toBe('f3b1')
    expect(readEnv({ ...env, CF_VERSION_METADATA: { ...binding, id: '' } }).version).toBeUndefined()
    expect(readEnv({ ...env, CF_VERSION_METADATA: undefined }).version).toBeUndefined()
  })

  test('asks its models ahead of their clients', async () => {
    const body = { model: 'llama3.2', prompt: crypto.randomUUID(), stream: false }
    const LLM_WARM = JSON.stringify([{ path: '/api/generate', body }])
    const { caching, cronTerms } = compose(readEnv({ ...env, LLM_WARM }))
    const warming = createWarming(caching ?? expect.unreachable('the cache is on'), cronTerms)

    await warming.warmAll()
    const response = await call('/llm/api/generate', {
      method: 'POST',
      headers: { authorization: 'Bearer test-llm-token-0123', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

    expect(response.headers.get('x-nearcache')).toBe('hit')
    const llm = (await warming.status()).find(({ id }) => id === 'llm')
    expect(llm?.last).toMatchObject({ ending: 'complete', items: 1 })
  })

  test.each(['no JSON', '{}', '[{"path":"/etc","body":{}}]', '[{"path":"/api/chat","body":1}]'])(
    'is refused LLM_WARM=%s, by name and without its value',
    (LLM_WARM) => {
      const problem =
        'LLM_WARM must be a JSON list of at most 100 questions like {"path":"/api/generate","body":{}}'

      expect(() => readEnv({ ...env, LLM_WARM })).toThrow(
        expect.objectContaining({ problems: [problem] }),
      )
    },
  )
})
