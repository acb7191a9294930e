/**
 * Contract of every mailbox for reading.
 *
 * @module
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MailboxUnderTest, type OpenMailboxOn, START } from './mailbox-under-test.ts'

export function emailReadContract(name: string, open: OpenMailboxOn): void {
  describe(`Reading a mailbox on ${name}`, () => {
    const mailbox = new MailboxUnderTest(open)
    const { store, idsOf } = mailbox

    beforeAll(mailbox.open)
    beforeEach(mailbox.empty)
    afterAll(mailbox.close)

    test('returns undefined for a message that does not exist', async () => {
      await expect(mailbox.repository.getEmailById('absent')).resolves.toBeUndefined()
      await expect(
        mailbox.repository.updateEmail('absent', { isRead: true }),
      ).resolves.toBeUndefined()
      await expect(mailbox.repository.changeEmail('absent', {})).resolves.toBeUndefined()
    })

    test('returns many messages by id, in the given order, without absent ones', async () => {
      const ids = await store(...Array.from({ length: 150 }, () => ({})))

      // More ids than D1 binds in one statement, which is 100.
      const wanted = [...ids.toReversed(), 'absent', ids[0] ?? '']
      const found = await mailbox.repository.getEmailsByIds(wanted)

      expect([...found.keys()]).toEqual(ids.toReversed())
      expect(found.get(ids[3] ?? '')).toEqual(await mailbox.repository.getEmailById(ids[3] ?? ''))
      await expect(mailbox.repository.getEmailsByIds([])).resolves.toEqual(new Map())
    })

    test('distinguishes unassigned messages from those of a person', async () => {
      const [grace = '', hana = '', nobody = ''] = await store(
        { assignedTo: 'grace' },
        { assignedTo: 'hana' },
        { assignedTo: null },
      )

      await expect(idsOf({ assignedTo: null })).resolves.toEqual([nobody])
      await expect(idsOf({ assignedTo: 'hana' })).resolves.toEqual([hana])
      await expect(idsOf({})).resolves.toEqual([nobody, hana, grace])
    })

    test('includes both ends of a date range', async () => {
      const [first = '', second = '', third = ''] = await store({}, {}, {})
      const dateRange = { start: new Date(START), end: START + 60_000 }

      await expect(idsOf({ dateRange })).resolves.toEqual([second, first])
      await expect(idsOf({ dateRange: { start: START + 60_001 } })).resolves.toEqual([third])
      await expect(idsOf({ dateRange: { end: START - 1 } })).resolves.toEqual([])
    })

    test('finds senders in any case, and more of them than D1 binds', async () => {
      const [id = ''] = await store({ senderEmail: 'Ada@Mail.Example' })
      const others = Array.from({ length: 300 }, (_, index) => `other${index}@mail.example`)

      await expect(idsOf({ senderEmails: ['ADA@mail.example '] })).resolves.toEqual([id])
      await expect(idsOf({ senderEmails: [...others, 'aDa@mail.example'] })).resolves.toEqual([id])
      await expect(idsOf({ senderEmails: others })).resolves.toEqual([])
    })

    test('treats input that looks like SQL as a plain name', async () => {
      const hostile = `'; DROP TABLE emails; -- " OR 1=1`
      const [id = ''] = await store({ assignedTo: hostile, threadId: hostile }, {})

      await expect(idsOf({ assignedTo: hostile, threadId: hostile })).resolves.toEqual([id])
      await expect(idsOf({ senderEmails: [hostile] })).resolves.toEqual([])
    })

    test('pages through messages of one instant without a gap or a repeat', async () => {
      await store(...Array.from({ length: 7 }, () => ({ receivedAt: START })))
      const all = await idsOf({})

      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await mailbox.repository.queryEmails({ limit: 3, cursor })
        seen.push(...page.emails.map(({ id }) => id))
        cursor = page.nextCursor
      } while (cursor !== undefined)

      expect(seen).toEqual(all)
      expect(new Set(seen).size).toBe(7)
    })

    test('continues where it stopped when messages are added and deleted between pages', async () => {
      const ids = await store(...Array.from({ length: 6 }, () => ({ isRead: false })))
      const first = await mailbox.repository.queryEmails({ isRead: false, limit: 2 })

      await store({ receivedAt: START + 1_000 * 60_000 })
      await mailbox.repository.updateEmail(ids[5] ?? '', { isRead: true })
      const { nextCursor = '' } = first
      const second = await mailbox.repository.queryEmails({
        isRead: false,
        limit: 2,
        cursor: nextCursor,
      })

      expect(second.emails.map(({ id }) => id)).toEqual([ids[3], ids[2]])
    })

    test('returns no cursor with the last page, even if it is full', async () => {
      await store({}, {}, {})

      expect(await mailbox.repository.queryEmails({ limit: 3 })).not.toHaveProperty('nextCursor')
      expect(await mailbox.repository.queryEmails({ limit: 2 })).toHaveProperty('nextCursor')
    })

    test('returns the same page as ids', async () => {
      await store({}, { isRead: true }, {}, {})
      const query = { isRead: false, limit: 2 }

      const page = await mailbox.repository.queryEmails(query)
      const { ids, nextCursor } = await mailbox.repository.queryEmailIds(query)

      expect(ids).toEqual(page.emails.map(({ id }) => id))
      expect(nextCursor).toBe(page.nextCursor)
    })

    test('refuses invalid ids, and more than 1000 ids', async () => {
      const invalid = { code: 'ERR_INVALID_FILTER' }

      await expect(mailbox.repository.getEmailById('')).rejects.toMatchObject(invalid)
      await expect(mailbox.repository.getEmailsByIds(['a', 7 as never])).rejects.toMatchObject(
        invalid,
      )
      const many = Array.from({ length: 1_001 }, (_, index) => `id-${index}`)
      await expect(mailbox.repository.getEmailsByIds(many)).rejects.toMatchObject(invalid)
    })
  })
}
