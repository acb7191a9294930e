import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CachedEmailRepository, type EmailQuery } from '../../../src/email/index.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import {
  type CachedMailbox,
  makeEmail,
  NOW,
  openCachedMailbox,
  overriding,
} from './cached-mailbox.ts'

/** Known defects of mailbox caches; the numbers are those of a list of such defects. */
describe('CachedEmailRepository does not have the defect', () => {
  let mailbox: CachedMailbox
  let emails: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    emails = mailbox.emails
  })

  test('7: absence, an error and an empty result look the same', async () => {
    expect(await emails.getEmailById('nobody')).toBeUndefined()
    expect(await mailbox.statementsOf(() => emails.getEmailById('nobody'))).toBe(0)
    expect((await emails.queryEmails({})).emails).toEqual([])
    expect(await mailbox.statementsOf(() => emails.queryEmails({}))).toBe(0)

    const broken = new Error('database is down')
    const failing = overriding(mailbox.database, {
      getEmailById: () => Promise.reject(broken),
      queryEmailIds: () => Promise.reject(broken),
    })
    await emails.clearCache()
    const reader = mailbox.over(failing)
    await expect(reader.getEmailById('nobody')).rejects.toBe(broken)
    await expect(reader.queryEmails({})).rejects.toBe(broken)
  })

  test('4: dates lose their type', async () => {
    const stored = await emails.createEmail(makeEmail({ sentAt: new Date(NOW) }))
    await emails.queryEmails({})

    const [read] = (await emails.queryEmails({})).emails
    expect(read).toEqual(stored)
    expect(read?.sentAt).toBe(NOW)
  })

  test('8: every write invalidates every query', async () => {
    const { id } = await emails.createEmail(makeEmail({ assignedTo: 'kim', threadId: 't' }))
    const queries: EmailQuery[] = [
      { assignedTo: 'kim' },
      { threadId: 't' },
      { statuses: ['completed'] },
      { dateRange: { end: NOW - 5_000 } },
      { search: 'invoice' },
      {},
    ]
    for (const query of queries) await emails.queryEmails(query)

    await emails.updateEmail(id, { isRead: true })
    await emails.updateEmail(id, { status: 'pending' })
    await emails.createEmail(makeEmail({ assignedTo: 'lee' }))

    for (const query of queries.filter(({ search }) => search === undefined)) {
      expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(0)
      expect(await emails.queryEmails(query)).toEqual(await mailbox.database.queryEmails(query))
    }
  })

  test('9: a write drops the entry it has just stored', async () => {
    const { id } = await emails.createEmail(makeEmail())
    expect(await mailbox.statementsOf(() => emails.getEmailById(id))).toBe(0)

    await emails.updateEmail(id, { status: 'pending' })

    const read = async () => expect(await emails.getEmailById(id)).toMatchObject({ version: 2 })
    expect(await mailbox.statementsOf(read)).toBe(0)
  })

  test('10: a read by graph id returns an older message than a read by id', async () => {
    const { id } = await emails.createEmail(makeEmail({ graphId: 'g' }))
    await emails.getEmailByGraphId('g')

    await emails.updateEmail(id, { status: 'pending' })
    expect(await emails.getEmailByGraphId('g')).toMatchObject({ status: 'pending', version: 2 })
    expect(await mailbox.statementsOf(() => emails.getEmailByGraphId('g'))).toBe(0)

    await emails.deleteEmail(id)
    expect(await emails.getEmailByGraphId('g')).toBeUndefined()
    const other = await emails.createEmail(makeEmail({ graphId: 'g' }))
    expect(await emails.getEmailByGraphId('g')).toEqual(other)
  })

  test('11: analytics are never invalidated', async () => {
    const { id } = await emails.createEmail(makeEmail({ priority: 'critical' }))
    const writes: (() => Promise<unknown>)[] = [
      () => emails.createEmail(makeEmail()),
      () => emails.updateEmail(id, { status: 'completed' }),
      () => emails.updateEmail(id, { assignedTo: 'kim' }),
      () => emails.updateEmail(id, { isRead: true }),
      () => emails.createOrUpdateWorkflowChain({ id: 'w', workflowType: 'sale', isComplete: true }),
      () => emails.updateEmail(id, { workflowChainId: 'w' }),
      () => emails.deleteEmail(id),
    ]
    for (const write of writes) {
      await emails.getAnalytics()
      await write()
      expect(await emails.getAnalytics()).toEqual(await mailbox.database.getAnalytics())
    }
    expect(await mailbox.statementsOf(() => emails.getAnalytics())).toBe(0)
    await emails.notifyChanged()
    expect(await mailbox.statementsOf(() => emails.getAnalytics())).toBeGreaterThan(0)
  })

  test('12: a slow reader stores old data after a write', async () => {
    const { id } = await emails.createEmail(makeEmail())
    await emails.clearCache()
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = overriding(mailbox.database, {
      queryEmailIds: async (query) => {
        const page = await mailbox.database.queryEmailIds(query)
        await gates[0]?.promise
        return page
      },
      getEmailById: async (one) => {
        const email = await mailbox.database.getEmailById(one)
        await gates[1]?.promise
        return email
      },
    })
    const reader = mailbox.over(slow)
    const list = reader.queryEmailIds({ statuses: ['new'] })
    const message = reader.getEmailById(id)
    await mailbox.turn()

    await emails.updateEmail(id, { status: 'completed' })
    for (const gate of gates) gate.resolve()
    await Promise.all([list, message])

    expect((await emails.queryEmails({ statuses: ['new'] })).emails).toEqual([])
    expect(await emails.getEmailById(id)).toMatchObject({ status: 'completed' })
    expect(await mailbox.over(mailbox.database).getEmailById(id)).toMatchObject({ version: 2 })
  })

  test('13: invalidation data grows without limit, or is found by scanning keys', async () => {
    const transport = countingTransport(mailbox.transport)
    const writer = mailbox.over(mailbox.database, transport, { logLength: 16 })
    for (let i = 0; i < 60; i++) {
      const senderEmail = `sender${i}@mail.example`
      const { id } = await writer.createEmail(makeEmail({ senderEmail }))
      await writer.queryEmails({ senderEmails: [senderEmail] })
      await writer.deleteEmail(id)
    }

    const known = ['EVALSHA', 'EVAL', 'MGET', 'DEL']
    expect(transport.names.filter((name) => !known.includes(name))).toEqual([])
    expect(transport.counts.commands / 180).toBeLessThan(6)
    const keys = await transport.request<string[]>({ path: [], body: ['KEYS', '*:c:*'] })
    for (const key of keys.result ?? []) {
      const ttl = await transport.request<number>({ path: [], body: ['PTTL', key] })
      expect(ttl.result).toBeGreaterThan(0)
      if (!key.endsWith(':entries')) continue
      const length = await transport.request<number>({ path: [], body: ['LLEN', key] })
      expect(length.result).toBeLessThanOrEqual(16)
    }
    expect(keys.result).toHaveLength(2)
  })

  test('17: a query with fields or list members in another order misses the cache', async () => {
    await emails.queryEmails({
      statuses: ['new', 'pending'],
      senderEmails: ['a@x.example', 'b@x.example'],
    })

    const same: EmailQuery = {
      senderEmails: [' B@X.example', 'a@x.example', 'a@x.example'],
      statuses: ['pending', 'new'],
      limit: 50,
    }
    expect(await mailbox.statementsOf(() => emails.queryEmails(same))).toBe(0)
  })

  test('18: the status in_progress is unknown, or unassigned messages cannot be queried', async () => {
    const { id } = await emails.createEmail(makeEmail({ status: 'in_progress' }))

    const query: EmailQuery = { statuses: ['new', 'in_progress'], assignedTo: null, limit: 50 }
    expect((await emails.queryEmails(query)).emails).toMatchObject([{ id }])
    await emails.updateEmail(id, { assignedTo: 'kim' })
    expect((await emails.queryEmails(query)).emails).toEqual([])
    await emails.updateEmail(id, { assignedTo: null })
    expect((await emails.queryEmails(query)).emails).toMatchObject([{ id }])
  })

  test('a clock finer than milliseconds makes writes fail', async () => {
    await mailbox.platform.advance(0.5)

    const { id, createdAt } = await emails.createEmail(makeEmail({ assignedTo: 'kim' }))
    await mailbox.platform.advance(1)
    const changed = await emails.updateEmail(id, { status: 'completed' })

    expect(createdAt).toBe(NOW)
    expect(changed).toMatchObject({ status: 'completed', updatedAt: NOW + 1 })
  })

  test('warming leaves out the most frequent lists and senders', async () => {
    await emails.createEmail(makeEmail({ status: 'completed', assignedTo: 'kim' }))
    await emails.queryEmails({ assignedTo: 'kim', limit: 7 })
    await emails.queryEmails({ assignedTo: 'kim', limit: 7 })
    await emails.warmCache({ recentDays: 7, topSenders: 1 })
    const restarted = new CachedEmailRepository({
      db: { repository: mailbox.database },
      cache: new RedisCacheManager({ redis: mailbox.transport, platform: mailbox.platform }),
      platform: mailbox.platform,
    })
    await restarted.clearCache()
    await emails.queryEmails({ assignedTo: 'kim', limit: 7 })
    await emails.warmCache({ recentDays: 7, topSenders: 1 })

    for (const query of [{ assignedTo: 'kim', limit: 7 }, { senderEmails: ['ada@shop.example'] }]) {
      expect(await mailbox.statementsOf(() => restarted.queryEmails(query))).toBe(0)
    }
  })
})
