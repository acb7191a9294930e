import { beforeEach, describe, expect, test } from 'vitest'
import type { CachedEmailRepository, EmailQuery, EmailSession } from '../../../src/email/index.ts'
import { type CachedMailbox, makeEmail, openCachedMailbox, overriding } from './cached-mailbox.ts'

describe('CachedEmailRepository: stored lists are brought up to date from the change log', () => {
  let mailbox: CachedMailbox
  let emails: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    emails = mailbox.over(mailbox.database, mailbox.transport, { logLength: 16 })
    for (let i = 0; i < 5; i++) {
      await emails.createEmail(makeEmail({ id: `m${i}`, receivedAt: i, assignedTo: 'kim' }))
    }
  })

  /** Changes the status of one message `times` times. */
  async function change(times: number, from: CachedEmailRepository = emails): Promise<void> {
    for (let i = 0; i < times; i++) {
      await from.updateEmail('m0', { status: i % 2 ? 'pending' : 'waiting' })
    }
  }

  async function expectTruth(query: EmailQuery): Promise<void> {
    expect(await emails.queryEmails(query)).toEqual(await mailbox.database.queryEmails(query))
  }

  test('a list is carried on over as many changes as the log holds', async () => {
    const query: EmailQuery = { statuses: ['pending'] }
    await emails.queryEmails(query)

    await change(16)

    expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(0)
    await expectTruth(query)
  })

  test('a list from before the oldest change in the log is read from SQL', async () => {
    const query: EmailQuery = { statuses: ['pending'] }
    await emails.queryEmails(query)

    await change(17)

    expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(1)
    await expectTruth(query)
  })

  test.each<[string, EmailQuery]>([
    ['compares no field that changed', { assignedTo: 'kim' }],
    ['compares a field with values that no changed message has or had', { statuses: ['archived'] }],
    [
      'compares one of its fields with values that no message has',
      { statuses: ['new'], assignedTo: 'lee' },
    ],
  ])('a list is carried on beyond the length of the log if its query %s', async (_name, query) => {
    await emails.queryEmails(query)

    await change(40)

    expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(0)
    await expectTruth(query)
  })

  test('a list whose tag was touched is not carried on, even if another shape has a similar name', async () => {
    const shapes: EmailQuery[] = [{ statuses: ['new'], isRead: false }, { isRead: false }, {}]
    for (const query of shapes) await emails.queryEmailIds(query)

    await emails.createEmail(makeEmail({ id: 'late', receivedAt: 9 }))
    await change(40)

    for (const query of shapes) {
      expect((await emails.queryEmailIds(query)).ids).toEqual(
        (await mailbox.database.queryEmailIds(query)).ids,
      )
    }
  })

  test('a list of any shape is not carried on after notifyChanged without ids', async () => {
    const query: EmailQuery = { statuses: ['archived'] }
    await emails.queryEmails(query)
    await mailbox.driver.run("UPDATE emails SET status = 'archived' WHERE id = 'm1'", [])

    await emails.notifyChanged()
    await expectTruth(query)

    await mailbox.driver.run("UPDATE emails SET status = 'archived' WHERE id = 'm2'", [])
    await emails.notifyChanged({ ids: ['m2'] })
    await change(40)
    await expectTruth(query)
  })

  test('after a rollback of the transaction around the calls, notifyChanged corrects the lists', async () => {
    const query: EmailQuery = { statuses: ['new'], total: true }
    await emails.queryEmails(query)
    await mailbox.driver.run('BEGIN', [])
    await emails.updateEmail('m1', { status: 'archived' })
    await emails.deleteEmail('m2')
    await emails.createEmail(makeEmail({ id: 'never', receivedAt: 9 }))
    await emails.queryEmails(query)
    await mailbox.driver.run('ROLLBACK', [])

    await emails.notifyChanged({ ids: ['m1', 'm2', 'never'] })

    await expectTruth(query)
    expect(await emails.getEmailById('m1')).toMatchObject({ status: 'new' })
    expect(await emails.getEmailById('never')).toBeUndefined()
  })

  test.each<[string, EmailQuery]>([
    ['all', {}],
    ['some, by a field that changes', { statuses: ['new'], orderBy: 'priority' }],
    ['those with a word', { search: 'order' }],
  ])('after a cursor, with the total of %s, those before the cursor too', async (_, query) => {
    const first: EmailQuery = { ...query, limit: 2, total: true }
    const { nextCursor } = await emails.queryEmails(first)
    const next: EmailQuery = { ...first, cursor: nextCursor }
    await emails.queryEmails(next)
    await mailbox.turn()

    await emails.createEmail(makeEmail({ id: 'm5', receivedAt: 5, assignedTo: 'kim' }))
    await expectTruth(next)
    await emails.updateEmail('m4', { status: 'completed', priority: 'low' })
    await expectTruth(next)
    await emails.deleteEmail('m3')
    await expectTruth(next)
    await emails.createEmail(makeEmail({ id: 'last', receivedAt: -1 }))
    await expectTruth(next)
    expect(await mailbox.statementsOf(() => emails.queryEmails(next))).toBe(0)
  })

  test('a list carried on over many changes is stored again, so later reads need fewer changes', async () => {
    const writer = mailbox.over(mailbox.database)
    const reader = mailbox.over(mailbox.database)
    await reader.queryEmails({ statuses: ['pending'] })
    await change(100, writer)
    await reader.queryEmails({ statuses: ['pending'] })
    await mailbox.platform.settle()
    await change(950, writer)

    const read = () => reader.queryEmails({ statuses: ['pending'] })
    expect(await mailbox.statementsOf(read)).toBe(0)
  })

  test('a search list is carried on: listed messages match its words, others are looked up', async () => {
    await emails.createEmail(makeEmail({ id: 'w', subject: 'Invoice', status: 'pending' }))
    const query: EmailQuery = { search: 'invoice', statuses: ['pending'] }
    await emails.queryEmails(query)

    await emails.updateEmail('w', { isRead: true })
    expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(0)
    await emails.updateEmail('w', { status: 'completed' })
    expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(0)
    await expectTruth(query)
    await emails.updateEmail('w', { status: 'pending' })
    await expectTruth(query)
  })

  test('lists and messages are read in a session of the database, which sees every acknowledged write', async () => {
    let sessions = 0
    const replicated = overriding(mailbox.database, {
      session: () => {
        sessions++
        return mailbox.database as unknown as EmailSession
      },
      // Reads without a session may reach a lagging replica.
      queryEmailIds: () => expect.unreachable('a list read from whichever replica'),
      getEmailsByIds: () => expect.unreachable('messages read from whichever replica'),
      getEmailById: () => expect.unreachable('a message read from whichever replica'),
      getEmailByGraphId: () => expect.unreachable('a message read from whichever replica'),
      countEmails: () => expect.unreachable('a count read from whichever replica'),
    })
    await emails.clearCache()
    const reader = mailbox.over(replicated)

    await reader.queryEmails({})
    await reader.countEmails({})
    await reader.getEmailById('nobody')
    expect(sessions).toBe(4)
    await reader.getEmailByGraphId('nobody')
    await reader.notifyChanged({ ids: ['m1'] })

    expect(sessions).toBe(7)
  })
})

describe('CachedEmailRepository.warmCache, with limits', () => {
  let mailbox: CachedMailbox
  let emails: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    emails = mailbox.emails
    for (let i = 0; i < 60; i++) await emails.createEmail(makeEmail({ receivedAt: i }))
  })

  test('reports progress after each page', async () => {
    const progress: unknown[] = []

    const result = await emails.warmCache({
      queries: [{ isRead: true }],
      topSenders: 1,
      onProgress: (step) => progress.push(step),
    })

    expect(progress).toHaveLength(6)
    expect(progress[0]).toEqual({ lists: 1, planned: 5, emails: 0 })
    expect(progress.at(-1)).toEqual({ lists: 6, planned: 6, emails: 50 })
    expect(result).toEqual({ lists: 6, emails: 50, isComplete: true })
  })

  test('ends when the budget is spent, and when it is aborted', async () => {
    const spend = () => void mailbox.platform.jump(600)
    const spent = await emails.warmCache({ budgetMs: 1_000, onProgress: spend })
    const stop = new AbortController()
    const aborted = await emails.warmCache({ signal: stop.signal, onProgress: () => stop.abort() })

    expect(spent).toMatchObject({ lists: 2, isComplete: false })
    expect(aborted).toMatchObject({ lists: 1, isComplete: false })
  })

  test('does not overwrite a change that was made while it runs', async () => {
    const [first] = (await emails.queryEmails({})).emails
    await emails.clearCache()
    let isWritten = false
    const slow = overriding(mailbox.database, {
      getEmailsByIds: async (ids) => {
        const found = await mailbox.database.getEmailsByIds(ids)
        if (!isWritten) await emails.updateEmail(first?.id ?? '', { status: 'completed' })
        isWritten = true
        return found
      },
    })

    await mailbox.over(slow).warmCache({ queries: [{}] })

    expect(await emails.getEmailById(first?.id ?? '')).toMatchObject({ status: 'completed' })
    expect(await emails.queryEmails({})).toEqual(await mailbox.database.queryEmails({}))
  })
})
