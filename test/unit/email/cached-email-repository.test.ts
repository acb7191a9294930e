import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { setDefaultCache } from '../../../src/cache/default-cache.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CachedEmailRepository, migrate, toSqlDriver } from '../../../src/email/index.ts'
import { InvalidFilterError, InvalidOptionError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import {
  type CachedMailbox,
  makeEmail,
  openCachedMailbox,
  overriding,
  tellingLate,
} from './cached-mailbox.ts'

describe('CachedEmailRepository', () => {
  let mailbox: CachedMailbox
  let emails: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    emails = mailbox.emails
  })

  test('works as in the guide, with the default cache and a plain database', async () => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    setDefaultCache(undefined)

    const emailRepo = new CachedEmailRepository({ db })
    await emailRepo.createEmail(makeEmail())
    const page = await emailRepo.queryEmails({ statuses: ['new', 'in_progress'], limit: 50 })
    await emailRepo.warmCache({ recentDays: 7, priorityEmails: true })

    expect(page.emails).toMatchObject([{ subject: 'Order', status: 'new' }])
  })

  test('returns the same pages as SQL', async () => {
    for (let i = 0; i < 5; i++) await emails.createEmail(makeEmail({ receivedAt: i }))

    const first = await emails.queryEmails({ limit: 3 })
    const second = await emails.queryEmails({ limit: 3, cursor: first.nextCursor })

    expect(first).toEqual(await mailbox.database.queryEmails({ limit: 3 }))
    expect(second.emails.map(({ receivedAt }) => receivedAt)).toEqual([1, 0])
    expect(second.nextCursor).toBeUndefined()
  })

  test('a new page takes two SQL statements, a cached page none', async () => {
    await mailbox.database.createEmail(makeEmail())
    const query = { statuses: ['in_progress', 'new'] } as const
    const same = { statuses: ['new', 'in_progress', 'new'], limit: 50 } as const

    expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(2)
    expect(await mailbox.statementsOf(() => emails.queryEmails(same))).toBe(0)
  })

  test('a new list of cached messages takes one SQL statement', async () => {
    await emails.createEmail(makeEmail())
    await emails.queryEmails({})

    expect(await mailbox.statementsOf(() => emails.queryEmails({ statuses: ['new'] }))).toBe(1)
  })

  test('getEmailsByIds takes one SQL statement for all messages that are not cached', async () => {
    const known = await emails.createEmail(makeEmail())
    const other = await emails.createEmail(makeEmail())
    await emails.getEmailById(known.id)
    const ids = [other.id, 'nobody', known.id]

    expect(await mailbox.statementsOf(() => emails.getEmailsByIds(ids))).toBe(1)
    expect([...(await emails.getEmailsByIds(ids)).keys()]).toEqual([other.id, known.id])
  })

  test('a new message is in the next list, and is found by an id that was cached as absent', async () => {
    await emails.queryEmails({})
    expect(await emails.getEmailById('one')).toBeUndefined()

    const stored = await emails.createEmail(makeEmail({ id: 'one' }))

    expect((await emails.queryEmails({})).emails).toEqual([stored])
    expect(await emails.getEmailById('one')).toEqual(stored)
  })

  test.each([
    ['status', { statuses: ['new'] }, { status: 'completed' }],
    ['priority', { priorities: ['medium'] }, { priority: 'low' }],
    ['assignee', { assignedTo: null }, { assignedTo: 'kim' }],
    ['read flag', { isRead: false }, { isRead: true }],
  ] as const)('the next list shows a change of the %s', async (_, query, changes) => {
    const { id } = await emails.createEmail(makeEmail())
    await emails.queryEmails(query)

    await emails.updateEmail(id, changes)

    expect((await emails.queryEmails(query)).emails).toEqual([])
  })

  test('lists show a change of a field that no query compares, without SQL', async () => {
    const { id } = await emails.createEmail(makeEmail())
    await emails.createEmail(makeEmail())
    await emails.queryEmails({})

    await emails.updateEmail(id, { importance: 'high' })

    expect(await mailbox.statementsOf(() => emails.queryEmails({}))).toBe(0)
    const { emails: page } = await emails.queryEmails({})
    expect(page.find((email) => email.id === id)).toMatchObject({ importance: 'high', version: 2 })
  })

  test('changeEmail returns the message before and after the change, or undefined if there is none', async () => {
    const before = await emails.createEmail(makeEmail())

    const change = await emails.changeEmail(before.id, { isRead: true })

    expect(change).toMatchObject({ before, after: { isRead: true, version: 2 } })
    expect(await emails.changeEmail('nobody', { isRead: true })).toBeUndefined()
  })

  test('a change of a message that does not exist keeps the cached lists', async () => {
    await emails.createEmail(makeEmail())
    await emails.queryEmails({})

    await emails.updateEmail('nobody', { status: 'completed' })

    expect(await mailbox.statementsOf(() => emails.queryEmails({}))).toBe(0)
  })

  test('with two concurrent writes of a message, lists show the last commit, not the last report', async () => {
    const { id } = await emails.createEmail(makeEmail())
    const pending = { statuses: ['pending'] } as const
    await emails.queryEmailIds(pending)
    const { repository: slow, tell } = tellingLate(mailbox.database)

    const writing = mailbox.over(slow).updateEmail(id, { status: 'pending' })
    await mailbox.turn()
    await mailbox.over(mailbox.database).updateEmail(id, { status: 'completed' })
    tell()
    await writing

    expect((await emails.queryEmailIds(pending)).ids).toEqual([])
    expect((await emails.queryEmailIds({ statuses: ['completed'] })).ids).toEqual([id])
  })

  test('an upsert that changed another message than it had marked does not count as its last write', async () => {
    const unread = { isRead: false } as const
    const { database } = mailbox
    await emails.createEmail(makeEmail({ id: 'old', graphId: 'g', isRead: true }))
    await emails.getEmailByGraphId('g')
    await emails.deleteEmail('old')
    await emails.createEmail(makeEmail({ id: 'other', graphId: 'g', isRead: true }))
    await emails.queryEmailIds(unread)
    const { repository: slow, tell } = tellingLate(database)
    let writing: Promise<unknown> | undefined
    const met = overriding(database, {
      createOrUpdate: async (email) => {
        writing = mailbox.over(slow).updateEmail('other', unread)
        await mailbox.turn()
        return database.createOrUpdate(email)
      },
    })
    await mailbox.over(met).createOrUpdate(makeEmail({ graphId: 'g', isRead: true }))
    tell()
    await writing

    expect((await database.queryEmailIds(unread)).ids).toEqual([])
    expect((await emails.queryEmailIds(unread)).ids).toEqual([])
  })

  test('stores a message when the conflicting one was deleted before it could be looked up', async () => {
    const { database } = mailbox
    let tries = 0
    const crossed = overriding(database, {
      createEmail: async (email) => {
        if (tries++ > 0) return database.createEmail(email)
        await database.createEmail(makeEmail({ id: 'rival', graphId: 'g' }))
        const refused = database.createEmail(email)
        await refused.catch(() => database.deleteEmail('rival'))
        return refused
      },
    })

    const upsert = await mailbox
      .over(crossed)
      .createOrUpdate(makeEmail({ id: 'own', graphId: 'g' }))

    expect(upsert).toMatchObject({ before: undefined, after: { id: 'own', graphId: 'g' } })
    expect(tries).toBe(2)
    await expect(emails.getEmailByGraphId('g')).resolves.toEqual(upsert.after)
  })

  test('a graph id that another message has now is cached again', async () => {
    await emails.createEmail(makeEmail({ id: 'old', graphId: 'g' }))
    await emails.getEmailByGraphId('g')
    await emails.deleteEmail('old')
    await emails.createEmail(makeEmail({ id: 'other', graphId: 'g' }))
    await emails.getEmailByGraphId('g')

    const again = () => emails.getEmailByGraphId('g')

    expect(await mailbox.statementsOf(again)).toBe(0)
    expect(await again()).toMatchObject({ id: 'other' })
  })

  test('a graph id that moved to another message outside the repository is cached again', async () => {
    await emails.createEmail(makeEmail({ id: 'old', graphId: 'g' }))
    await emails.getEmailByGraphId('g')
    await mailbox.database.deleteEmail('old')
    await mailbox.database.createEmail(makeEmail({ id: 'other', graphId: 'g' }))
    await emails.notifyChanged({ ids: ['old', 'other'] })
    for (let i = 0; i < 2; i++) await emails.getEmailByGraphId('g')

    const again = () => emails.getEmailByGraphId('g')

    expect(await mailbox.statementsOf(again)).toBe(0)
    expect(await again()).toMatchObject({ id: 'other' })
  })

  test('notifyChanged with no ids uses neither SQL nor Redis', async () => {
    mailbox.redis.isCut = true

    const notify = () => emails.notifyChanged({ ids: [] })

    expect(await mailbox.statementsOf(notify)).toBe(0)
  })

  test('invalid input rejects without SQL or Redis', async () => {
    mailbox.redis.isCut = true
    const calls: (() => Promise<unknown>)[] = [
      () => emails.queryEmails({ statuses: ['lost' as 'new'] }),
      () => emails.queryEmailIds({ limit: 0 }),
      () => emails.getEmailById(''),
      () => emails.getEmailsByIds([1 as never]),
      () => emails.createEmail(null as never),
      () => emails.createEmail(makeEmail({ subject: 7 as never })),
      () => emails.updateEmail('one', { status: 'lost' as 'new' }),
      () => emails.updateEmail('one', null as never),
      () => emails.warmCache({ recentDays: 0 }),
      () => emails.warmCache({ topSenders: -1 }),
      () => emails.warmCache({ senders: 5 } as never),
      () => emails.warmCache({ queries: [{ statuses: ['lost' as 'new'] }] }),
      () => emails.bulkUpdate(['one'], { isRead: 'yes' as never }),
      () => emails.markAsRead([7 as never]),
      () => emails.deleteEmail(''),
      () => emails.createOrUpdate(makeEmail()),
      () => emails.storeEmailEntities('one', [{ type: 7 } as never]),
      () => emails.createOrUpdateWorkflowChain({ id: '' }),
      () => emails.notifyChanged({ ids: [''] }),
      () => emails.notifyChanged({ ids: null as never }),
    ]

    for (const call of calls) {
      expect(
        await mailbox.statementsOf(() => expect(call()).rejects.toThrow(InvalidFilterError)),
      ).toBe(0)
    }
  })

  test('refuses an object that is not a cache, and one that is not a database', () => {
    const { driver } = mailbox
    const cache = new RedisCacheManager({ redis: embeddedTransport() })

    expect(() => new CachedEmailRepository({ db: driver, cache: {} as never })).toThrow(
      InvalidOptionError,
    )
    expect(() => new CachedEmailRepository({ db: {} as never, cache })).toThrow(InvalidOptionError)
  })

  test.each([
    ['options.consistancy', { consistancy: 'eventual' }],
    ['near.maxlists', { near: { maxlists: 10 } }],
  ])('refuses an unknown option: %s', (option, options) => {
    const { driver: db } = mailbox
    const cache = new RedisCacheManager({ redis: embeddedTransport() })

    expect(() => new CachedEmailRepository({ db, cache, ...(options as object) })).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })
})
