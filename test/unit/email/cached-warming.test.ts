import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { QueryRecorder } from '../../../src/email/cached/recorder.ts'
import { warm } from '../../../src/email/cached/warming.ts'
import type { CachedEmailRepository, EmailPage, EmailQuery } from '../../../src/email/index.ts'
import { liveHeapBytes } from '../../support/live-heap.ts'
import { type CachedMailbox, DAY_MS, makeEmail, NOW, openCachedMailbox } from './cached-mailbox.ts'

describe('CachedEmailRepository.warmCache', () => {
  let mailbox: CachedMailbox
  let emails: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    emails = mailbox.emails
  })

  test('loads recent and urgent messages and returns their number', async () => {
    const settled = { status: 'archived', assignedTo: 'kim' } as const
    await emails.createEmail(makeEmail({ receivedAt: NOW - DAY_MS, ...settled }))
    await emails.createEmail(makeEmail({ receivedAt: NOW - 9 * DAY_MS, priority: 'high' }))
    const warmed = await emails.warmCache({ recentDays: 7, priorityEmails: true })

    expect(warmed).toMatchObject({ emails: 2, isComplete: true })
    const range = { start: NOW - 7 * DAY_MS }
    expect(await mailbox.statementsOf(() => emails.queryEmails({ dateRange: range }))).toBe(0)
    expect(await mailbox.statementsOf(() => emails.queryEmails({ assignedTo: null }))).toBe(0)
  })

  test('takes no SQL when everything is cached', async () => {
    await emails.createEmail(makeEmail())
    await emails.warmCache({ recentDays: 7, priorityEmails: true })

    const again = () => emails.warmCache({ recentDays: 7, priorityEmails: true })

    expect(await mailbox.statementsOf(again)).toBe(0)
  })

  test.each([0, 2])(
    'ends when Redis is lost after %i pages, because pages could not be stored',
    async (pages) => {
      await emails.createEmail(makeEmail())
      await emails.clearCache()
      const { redis } = mailbox
      redis.isCut = pages === 0
      const onProgress = ({ lists }: { readonly lists: number }): void => {
        redis.isCut = lists === pages
      }

      expect(await emails.warmCache({ onProgress })).toMatchObject({
        lists: pages,
        isComplete: false,
      })
    },
  )

  test('loads page after page, and stops at maxEmails', async () => {
    for (let i = 0; i < 130; i++)
      await mailbox.database.createEmail(makeEmail({ receivedAt: NOW - i }))

    expect(await emails.warmCache({ recentDays: 7 })).toMatchObject({ emails: 130, lists: 7 })
    expect(await emails.warmCache({ recentDays: 7, maxEmails: 60 })).toMatchObject({
      emails: 100,
      isComplete: false,
    })
  })

  test('keeps no message that it has read: the bodies of all are more than an isolate holds', async () => {
    const email = await emails.createEmail(makeEmail())
    const read = async (query: EmailQuery): Promise<EmailPage> => {
      const at = Number(query.cursor ?? 0)
      const bodyText = randomBytes(1_000_000).toString('latin1')
      const page = [{ ...email, id: `mail-${at}`, bodyText }]
      return { emails: page, ...(at < 40 && { nextCursor: `${at + 1}` }) }
    }
    const { platform } = mailbox
    const recorder = new QueryRecorder(
      new RedisCacheManager({ redis: mailbox.transport, platform }),
      platform,
    )
    const sizes: number[] = []
    const onProgress = (): void => {
      sizes.push(liveHeapBytes())
    }

    await warm({ recorder, platform, read }, { queries: 0, recentDays: 7, onProgress })

    expect(sizes).toHaveLength(45)
    expect((sizes.at(-1) ?? 0) - (sizes[0] ?? 0)).toBeLessThan(10_000_000)
  })

  test('loads a query as it was read, although its object was changed since', async () => {
    await emails.createEmail(makeEmail({ threadId: 't' }))
    const query: { threadId: string } = { threadId: 't' }
    await emails.queryEmails(query)
    query.threadId = 'another'
    await emails.clearCache()

    await emails.warmCache()

    expect(await mailbox.statementsOf(() => emails.queryEmails({ threadId: 't' }))).toBe(0)
    expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(1)
  })

  test('loads the most frequent queries, including those of other isolates', async () => {
    await emails.createEmail(makeEmail({ threadId: 't' }))
    const often = { threadId: 't' }
    const seldom = { threadId: 't', isRead: false }
    const other = mailbox.over(mailbox.database)
    for (let i = 0; i < 3; i++) await other.queryEmails(often)
    await other.queryEmails(seldom)
    await other.warmCache({ queries: 0 })
    await emails.notifyChanged()

    await emails.warmCache({ queries: 1 })

    expect(await mailbox.statementsOf(() => emails.queryEmails(often))).toBe(0)
    expect(await mailbox.statementsOf(() => emails.queryEmails(seldom))).toBe(1)
  })
})
