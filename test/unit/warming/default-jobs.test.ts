import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError, RemoteError } from '../../../src/errors.ts'
import { LLMResponseCache } from '../../../src/llm/llm-cache.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { analyticsJob, llmJob, mailJob } from '../../../src/warming/default-jobs.ts'
import type { WarmingEvent } from '../../../src/warming/events.ts'
import type { WarmingJob } from '../../../src/warming/job.ts'
import { Warming } from '../../../src/warming/warming.ts'
import { type CachedMailbox, openCachedMailbox } from '../email/cached-mailbox.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MODEL = 'llama3.2:3b'

interface Signalled {
  readonly signal: AbortSignal
}

describe('Among the default jobs,', () => {
  let mailbox: CachedMailbox
  let platform: ManualPlatform
  let cache: RedisCacheManager

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    platform = mailbox.platform
    cache = new RedisCacheManager({ redis: mailbox.transport, platform })
  })

  const runner = (...jobs: readonly WarmingJob[]): Warming => {
    const warming = new Warming({ cache, platform, version: 'v1' })
    for (const job of jobs) warming.register(job)
    return warming
  }

  const endings = (warming: Warming): (WarmingEvent & { kind: 'ended' })[] => {
    const ended: (WarmingEvent & { kind: 'ended' })[] = []
    warming.subscribe((event) => event.kind === 'ended' && ended.push(event))
    return ended
  }

  const storeMail = async (): Promise<void> => {
    const receivedAt = platform.now() - HOUR
    for (let i = 0; i < 5; i++) {
      await mailbox.emails.createEmail({
        subject: `Order ${i}`,
        senderEmail: 'ada@shop.example',
        receivedAt,
        priority: i === 0 ? 'critical' : 'medium',
      })
    }
  }

  test('mail warms the mailbox, so that opening it costs no SQL', async () => {
    await storeMail()
    const warming = runner(mailJob({ emails: mailbox.emails }))
    const ended = endings(warming)

    await warming.runDue()

    expect(ended).toMatchObject([{ id: 'mail', ending: 'complete', items: 5 }])
    const cost = await mailbox.statementsOf(() => mailbox.emails.queryEmails({ statuses: ['new'] }))
    expect(cost).toBe(0)
  })

  test('mail continues at the next heartbeat if its time was too short', async () => {
    const budgets: number[] = []
    const emails = {
      warmCache: async ({ budgetMs }: { readonly budgetMs: number }) => {
        budgets.push(budgetMs)
        if (budgets.length === 1) await platform.delay(budgetMs)
        return { isComplete: budgets.length > 1 }
      },
    }
    const warming = runner(mailJob({ emails, timeBudget: '10s' }))
    const ended = endings(warming)

    const first = warming.runDue()
    await platform.advance(10_000)
    await first
    await warming.runDue()

    expect(budgets).toEqual([10_000, 10_000])
    expect(ended.map(({ ending }) => ending)).toEqual(['unfinished', 'complete'])
  })

  test('mail is not complete if it could not store entries, and continues when it can', async () => {
    await storeMail()
    let isSpent = true
    const emails = mailbox.over(mailbox.database, {
      ...mailbox.transport,
      request: (request) => {
        const spent = new RemoteError({
          operation: 'GET',
          reason: 'too many subrequests',
          applied: 'no',
        })
        return isSpent ? Promise.reject(spent) : mailbox.transport.request(request)
      },
    })
    const warming = runner(mailJob({ emails }))
    const ended = endings(warming)

    await warming.runDue()
    isSpent = false
    await warming.runDue()

    expect(ended).toMatchObject([
      { ending: 'unfinished', items: 0 },
      { ending: 'complete', items: 5 },
    ])
  })

  test('mail is complete when it has read as many messages as it may at once', async () => {
    await storeMail()
    const warming = runner(mailJob({ emails: mailbox.emails, maxEmails: 1 }))
    const ended = endings(warming)

    await warming.runDue()

    expect(ended).toMatchObject([{ ending: 'complete', items: 5 }])
  })

  test('analytics warms the figures of all mail and of whole days', async () => {
    await storeMail()
    const warming = runner(analyticsJob({ emails: mailbox.emails, days: [1, 7] }))
    const ended = endings(warming)

    await warming.runDue()

    expect(ended).toMatchObject([{ id: 'analytics', ending: 'complete', items: 3 }])
    const end = Math.floor(platform.now() / DAY) * DAY
    const cost = await mailbox.statementsOf(async () => {
      expect((await mailbox.emails.getAnalytics()).totalCount).toBe(5)
      await mailbox.emails.getAnalytics({ start: end - 7 * DAY, end })
    })
    expect(cost).toBe(0)
  })

  describe('llm', () => {
    const questions = ['late orders', 'open invoices', 'top senders'].map((prompt) => ({
      prompt,
      model: MODEL,
    }))
    let llm: LLMResponseCache
    let asked: string[]

    beforeEach(() => {
      llm = new LLMResponseCache({ cache, platform })
      asked = []
    })

    const ask = (question: { readonly prompt: string; readonly model: string }) =>
      llm.getOrGenerate(question, async () => {
        asked.push(question.prompt)
        return `About ${question.prompt}`
      })

    test('warms answers, and skips those that are stored', async () => {
      await llm.cacheLLMResponse('open invoices', 'None', MODEL)
      const warming = runner(llmJob({ questions, ask }))
      const ended = endings(warming)

      await warming.runDue()

      expect(asked).toEqual(['late orders', 'top senders'])
      expect(ended).toMatchObject([{ id: 'llm', ending: 'complete', items: 2, skipped: 1 }])
      const ready = await llm.getCachedLLMResponse('late orders', MODEL)
      expect(ready?.response).toBe('About late orders')
    })

    test('continues after the last question that it has asked', async () => {
      // Two questions fit into an invocation; the third is cut off.
      const slow = async (question: (typeof questions)[number], { signal }: Signalled) => {
        await platform.delay(20_000, signal)
        return ask(question)
      }
      const all = async () => questions
      const warming = runner(llmJob({ questions: all, ask: slow, timeBudget: '50s' }))
      const ended = endings(warming)

      for (let beat = 0; beat < 2; beat++) {
        const running = warming.runDue()
        await platform.advance(60_000)
        await running
      }

      expect(asked).toEqual(['late orders', 'open invoices', 'top senders'])
      expect(ended.map(({ ending }) => ending)).toEqual(['unfinished', 'complete'])
    })

    test('asks the other questions if one fails, and fails only if all do', async () => {
      let broken = ['late orders']
      const moody = (question: { readonly prompt: string; readonly model: string }) =>
        broken.includes(question.prompt) ? Promise.reject(new Error('no model')) : ask(question)
      const warming = runner(llmJob({ questions, ask: moody }))
      const ended = endings(warming)

      await warming.runDue()
      expect(asked).toEqual(['open invoices', 'top senders'])
      broken = questions.map(({ prompt }) => prompt)
      await platform.advance(12 * HOUR)
      await warming.runDue()
      broken = []
      await platform.advance(60_000)
      await warming.runDue()

      expect(ended.map(({ ending }) => ending)).toEqual(['complete', 'failed', 'complete'])
      expect(asked).toContain('late orders')
    })
  })

  test('each runs once for each version of the deployment by default', () => {
    const { emails } = mailbox
    const ask = (): Promise<void> => Promise.resolve()
    const jobs = [mailJob({ emails }), analyticsJob({ emails }), llmJob({ questions: [], ask })]

    expect(jobs.map(({ atStart }) => atStart)).toEqual([true, true, true])
    expect(mailJob({ emails, atStart: false, id: 'inbox', schedule: '* * * * *' })).toMatchObject({
      id: 'inbox',
      schedule: '* * * * *',
      atStart: false,
    })
  })

  test.each([
    ['days', () => analyticsJob({ emails: mailbox.emails, days: [0] })],
    ['questions', () => llmJob({ questions: 'all' as never, ask: async () => 1 })],
    ['ask', () => llmJob({ questions: [], ask: undefined as never })],
  ])('none is made without a proper "%s"', (option, make) => {
    expect(make).toThrow(expect.objectContaining({ name: InvalidOptionError.name, option }))
  })
})

test('the job llm needs no other part, and can be registered once', () => {
  const warming = new Warming({ cache: new RedisCacheManager({ redis: embeddedTransport() }) })

  warming.register(llmJob({ questions: [], ask: async () => undefined }))

  expect(() => warming.register(llmJob({ questions: [], ask: async () => undefined }))).toThrow(
    'Option "id"',
  )
})
