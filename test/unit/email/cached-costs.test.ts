import { beforeEach, describe, expect, test } from 'vitest'
import type { CachedEmailRepository } from '../../../src/email/index.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import { type CachedMailbox, makeEmail, openCachedMailbox } from './cached-mailbox.ts'

describe('CachedEmailRepository: Redis requests, Redis commands and SQL statements of', () => {
  let mailbox: CachedMailbox
  let transport: CountingTransport
  let emails: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    transport = countingTransport(mailbox.transport)
    emails = mailbox.over(mailbox.database, transport)
    for (let i = 0; i < 3; i++)
      await emails.createEmail(makeEmail({ id: `m${i}`, graphId: `g${i}` }))
    await emails.queryEmails({})
    await emails.countEmails({})
    await emails.getAnalytics()
    await emails.getEmailByGraphId('g1')
  })

  /** Redis requests, Redis commands and SQL statements of a call, including work after its answer. */
  async function costOf(call: () => Promise<unknown>): Promise<readonly number[]> {
    await mailbox.turn()
    transport.reset()
    const statements = await mailbox.statementsOf(call)
    await mailbox.turn()
    return [transport.counts.requests, transport.counts.commands, statements]
  }

  test.each<[string, () => Promise<unknown>, readonly number[]]>([
    ['a cached page', () => emails.queryEmails({}), [2, 3, 0]],
    ['another page of the same window', () => emails.queryEmails({ limit: 40 }), [2, 3, 0]],
    ['the ids of a cached list', () => emails.queryEmailIds({}), [1, 2, 0]],
    ['a cached count', () => emails.countEmails({}), [1, 2, 0]],
    ['cached analytics', () => emails.getAnalytics(), [1, 2, 0]],
    ['a cached message', () => emails.getEmailById('m1'), [1, 1, 0]],
    ['a cached message by graph id', () => emails.getEmailByGraphId('g1'), [2, 2, 0]],
    ['several cached messages', () => emails.getEmailsByIds(['m0', 'm1', 'm2']), [1, 1, 0]],
    // Read; acquire the lease; read the log while SQL runs; commit.
    ['a message that does not exist', () => emails.getEmailById('x'), [4, 4, 1]],
    // Read and acquire with the log; commit after the answer. The list is empty, so no message is read.
    ['a page that is not cached', () => emails.queryEmailIds({ isRead: true }), [2, 3, 1]],
    // Set the mark and take the lease; append to the log and commit.
    ['a change', () => emails.updateEmail('m1', { isRead: true }), [2, 4, 2]],
    ['a change of several messages', () => emails.markAsRead(['m0', 'm1', 'm2']), [3, 4, 2]],
    ['a deletion', () => emails.deleteEmail('m1'), [2, 4, 1]],
  ])('%s', async (_name, call, cost) => {
    expect(await costOf(call)).toEqual(cost)
  })

  test('a page carried on over changes costs no more than a cached page', async () => {
    await emails.updateEmail('m1', { status: 'completed' })
    await emails.createEmail(makeEmail())
    await emails.deleteEmail('m2')

    expect(await costOf(() => emails.queryEmails({}))).toEqual([2, 3, 0])
    expect(await emails.queryEmails({})).toEqual(await mailbox.database.queryEmails({}))
  })

  test('a thousand messages take one MGET, and one statement for the missing ones', async () => {
    const batch = Array.from({ length: 1_000 }, (_, i) => makeEmail({ id: `x${i}`, receivedAt: i }))
    await mailbox.database.batchCreate(batch)
    const ids = batch.map(({ id }) => id ?? '')
    await emails.getEmailsByIds(ids.slice(0, 600))

    transport.reset()
    expect(await mailbox.statementsOf(() => emails.getEmailsByIds(ids))).toBe(1)
    expect(transport.names.filter((name) => name === 'MGET')).toHaveLength(1)
    transport.reset()
    expect(await mailbox.statementsOf(() => emails.getEmailsByIds(ids))).toBe(0)
    expect(transport.names).toEqual(['MGET'])
  })

  test('a batch of a thousand takes three requests, and other lists stay cached', async () => {
    await emails.queryEmails({ statuses: ['new'] })
    const untouched = [{ senderEmails: ['bo@shop.example'] }, { statuses: ['archived' as const] }]
    for (const query of untouched) await emails.queryEmails(query)
    const batch = Array.from({ length: 1_000 }, (_, i) => makeEmail({ id: `x${i}`, receivedAt: i }))

    await mailbox.turn()
    transport.reset()
    await emails.batchCreate(batch)

    expect(transport.counts).toEqual({ requests: 3, commands: 4 })
    for (const query of untouched) {
      expect(await mailbox.statementsOf(() => emails.queryEmails(query))).toBe(0)
      expect(await emails.queryEmails(query)).toEqual(await mailbox.database.queryEmails(query))
    }
    expect(await emails.queryEmails({ statuses: ['new'] })).toEqual(
      await mailbox.database.queryEmails({ statuses: ['new'] }),
    )
  })
})
