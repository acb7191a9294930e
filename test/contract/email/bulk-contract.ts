/**
 * Contract of every mailbox for writing many messages at once, and for analytics, threads and
 * workflow chains.
 *
 * @module
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { NewEmail } from '../../../src/email/email.ts'
import { MailboxUnderTest, message, type OpenMailboxOn, START } from './mailbox-under-test.ts'

const DAY_MS = 86_400_000

export function emailBulkContract(name: string, open: OpenMailboxOn): void {
  describe(`Many messages of a mailbox on ${name}`, () => {
    const mailbox = new MailboxUnderTest(open)
    const { platform, store, idsOf } = mailbox

    beforeAll(mailbox.open)
    beforeEach(mailbox.empty)
    afterAll(mailbox.close)

    test('are stored in one batch of 1000, each as createEmail would', async () => {
      const batch = Array.from({ length: 1_000 }, (_, index) => ({
        ...message(index),
        id: `m${index}`,
        bodyText: `Words of ${index}`,
        categories: ['order'],
      }))

      const { created, duplicates } = await mailbox.repository.batchCreate(batch)

      expect(duplicates).toEqual([])
      expect(created.map(({ id }) => id)).toEqual(batch.map(({ id }) => id))
      const stored = await mailbox.repository.getEmailsByIds(batch.map(({ id }) => id))
      expect([...stored.values()]).toEqual(created)
      await expect(mailbox.repository.countEmails({ categories: ['order'] })).resolves.toBe(1_000)
      await expect(idsOf({ search: 'words 777' })).resolves.toEqual(['m777'])
    })

    test('are left out of a batch if they exist already, or occur twice in it', async () => {
      await store({ id: 'a', graphId: 'ga', messageId: 'ma' })
      const batch: NewEmail[] = [
        { ...message(0), id: 'a' },
        { ...message(1), id: 'b', graphId: 'ga' },
        { ...message(2), id: 'c', messageId: 'ma' },
        { ...message(3), id: 'd', graphId: 'gd' },
        { ...message(4), id: 'e', graphId: 'gd' },
        { ...message(5), id: 'd' },
      ]

      const { created, duplicates } = await mailbox.repository.batchCreate(batch)

      expect(created.map(({ id }) => id)).toEqual(['d'])
      expect(duplicates).toEqual([
        { index: 0, field: 'id' },
        { index: 1, field: 'graphId' },
        { index: 2, field: 'messageId' },
        { index: 4, field: 'graphId' },
        { index: 5, field: 'id' },
      ])
      await expect(idsOf({})).resolves.toEqual(['d', 'a'])
    })

    test('are stored all or none: one invalid message rejects the batch', async () => {
      const batch = [message(0), { ...message(1), status: 'lost' } as never]

      await expect(mailbox.repository.batchCreate(batch)).rejects.toMatchObject({ field: 'status' })

      await expect(idsOf({})).resolves.toEqual([])
      await expect(mailbox.repository.batchCreate([])).resolves.toEqual({
        created: [],
        duplicates: [],
      })
    })

    test('are changed at once, and returned before and after, if they exist', async () => {
      const ids = await store({ status: 'new' }, { status: 'waiting', assignedTo: 'kim' })
      await platform.advance(1_000)

      const changes = await mailbox.repository.bulkUpdate(['absent', ...ids, ...ids], {
        status: 'completed',
        categories: ['done'],
      })

      expect(changes.map(({ before }) => before.id).sort()).toEqual([...ids].sort())
      for (const { before, after } of changes) {
        expect(after).toEqual({
          ...before,
          status: 'completed',
          categories: ['done'],
          version: 2,
          updatedAt: platform.now(),
        })
        const { bodyText, bodyHtml, ...stored } =
          (await mailbox.repository.getEmailById(after.id)) ?? ({} as never)
        expect(stored).toEqual(after)
      }
      await expect(idsOf({ categories: ['done'] })).resolves.toHaveLength(2)
      await expect(mailbox.repository.bulkUpdate(ids, {})).resolves.toEqual([])
      await expect(mailbox.repository.bulkUpdate([], { isRead: true })).resolves.toEqual([])
    })

    test('are assigned at once, with the time of assignment, and unassigned with null', async () => {
      const ids = await store({}, { assignedTo: 'kim' })
      const before = platform.now()
      await platform.advance(1_000)

      const assigned = await mailbox.repository.bulkAssign(ids, 'kim')
      const since = new Map(assigned.map(({ after }) => [after.id, after.assignedAt]))
      const unassigned = await mailbox.repository.bulkAssign(ids, null)

      expect(ids.map((id) => since.get(id))).toEqual([platform.now(), before])
      expect(unassigned.map(({ after }) => after.assignedAt)).toEqual([null, null])
      await expect(idsOf({ assignedTo: null })).resolves.toHaveLength(2)
      await expect(mailbox.repository.bulkAssign(ids, undefined as never)).rejects.toMatchObject({
        field: 'assignedTo',
      })
    })

    test('are marked as read, except those that are read already', async () => {
      const [read = '', unread = ''] = await store({ isRead: true }, { isRead: false })

      const marked = await mailbox.repository.markAsRead([read, unread])
      const unmarked = await mailbox.repository.markAsRead([read], false)

      expect(marked.map(({ after }) => after.id)).toEqual([unread])
      expect(unmarked).toMatchObject([{ before: { isRead: true }, after: { isRead: false } }])
      await expect(mailbox.repository.getEmailById(read)).resolves.toMatchObject({ version: 2 })
    })

    test('with a graph id are stored by the first createOrUpdate, and changed by later ones', async () => {
      const email: NewEmail = { ...message(0), graphId: 'g', bodyText: 'First', status: 'waiting' }
      const first = await mailbox.repository.createOrUpdate(email)
      await expect(mailbox.repository.getEmailByGraphId('g')).resolves.toEqual(first.after)

      const second = await mailbox.repository.createOrUpdate({
        ...email,
        status: undefined,
        bodyText: 'Second',
        isRead: true,
        categories: ['order'],
      })

      expect(first.before).toBeUndefined()
      expect(second.before).toEqual(first.after)
      expect(second.after).toEqual({
        ...first.after,
        isRead: true,
        categories: ['order'],
        version: 2,
        updatedAt: platform.now(),
      })
      await expect(mailbox.repository.getEmailByGraphId('g')).resolves.toEqual(second.after)
      await expect(mailbox.repository.getEmailById(first.after.id)).resolves.toEqual(second.after)
      await expect(idsOf({ search: 'second' })).resolves.toEqual([])
      await expect(idsOf({ search: 'first' })).resolves.toEqual([first.after.id])
    })

    test('are not changed by createOrUpdate with the same fields', async () => {
      const email = { ...message(0), graphId: 'g' }
      const { after } = await mailbox.repository.createOrUpdate(email)

      await expect(mailbox.repository.createOrUpdate(email)).resolves.toEqual({
        before: after,
        after,
      })
    })

    test('without a graph id are refused by createOrUpdate, and those with a taken Message-ID', async () => {
      await store({ messageId: 'taken' })

      await expect(mailbox.repository.createOrUpdate(message(0))).rejects.toMatchObject({
        field: 'graphId',
      })
      await expect(
        mailbox.repository.createOrUpdate({ ...message(1), graphId: 'new', messageId: 'taken' }),
      ).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EMAIL', field: 'messageId' })
    })

    test('are deleted with everything that refers to them', async () => {
      const [gone = '', kept = ''] = await store(
        { subject: 'Alpha', categories: ['c'], recipients: ['r@x.example'] },
        { subject: 'Alpha', categories: ['c'], recipients: ['r@x.example'] },
      )
      const before = await mailbox.repository.getEmailById(gone)

      await expect(mailbox.repository.deleteEmail(gone)).resolves.toEqual(before)
      await expect(mailbox.repository.deleteEmail(gone)).resolves.toBeUndefined()

      await expect(mailbox.repository.getEmailById(gone)).resolves.toBeUndefined()
      for (const query of [
        { search: 'alpha' },
        { categories: ['c'] },
        { recipients: ['R@x.example'] },
      ])
        await expect(idsOf(query)).resolves.toEqual([kept])
      await store({ id: gone, subject: 'Beta' })
      await expect(idsOf({ search: 'alpha' })).resolves.toEqual([kept])
      await expect(idsOf({ search: 'beta' })).resolves.toEqual([gone])
    })

    test('get recognised entities, which replace the earlier ones', async () => {
      const [id = ''] = await store({})
      const entities = [{ type: 'order', value: 'HP-10001', confidence: 0.75 }]

      await mailbox.repository.storeEmailEntities(id, [{ type: 'x', value: 'y', confidence: null }])
      const change = await mailbox.repository.storeEmailEntities(id, entities)

      expect(change?.before.entities).toEqual([{ type: 'x', value: 'y', confidence: null }])
      expect(change?.after).toMatchObject({ entities, version: 3 })
      await expect(mailbox.repository.getEmailById(id)).resolves.toEqual(change?.after)
      await expect(mailbox.repository.storeEmailEntities('absent', [])).resolves.toBeUndefined()
      await expect(
        mailbox.repository.storeEmailEntities(id, [{ type: '' } as never]),
      ).rejects.toMatchObject({ field: 'entities[0].type' })
    })

    test('get a recipient from noteRecipient unless they name it already', async () => {
      const [id = ''] = await store({ recipients: ['a@x.example'], bcc: ['b@x.example'] })
      const asked = { recipients: ['c@x.example'] }
      await expect(mailbox.repository.queryEmails(asked)).resolves.toMatchObject({ emails: [] })

      const change = await mailbox.repository.noteRecipient(id, ' C@x.example')

      expect(change?.before.bcc).toEqual([{ address: 'b@x.example' }])
      expect(change?.after.bcc).toEqual([{ address: 'b@x.example' }, { address: 'c@x.example' }])
      expect(change?.after.version).toBe(2)
      await expect(mailbox.repository.getEmailById(id)).resolves.toEqual(change?.after)
      const { emails } = await mailbox.repository.queryEmails(asked)
      expect(emails).toEqual([change?.after])
      for (const known of ['a@x.example', 'b@x.example', 'C@x.example']) {
        await expect(mailbox.repository.noteRecipient(id, known)).resolves.toBeUndefined()
      }
      await expect(mailbox.repository.noteRecipient('absent', 'x')).resolves.toBeUndefined()
      await expect(mailbox.repository.noteRecipient(id, '')).rejects.toMatchObject({
        field: 'address',
      })
    })

    test('get at most 1000 recipients', async () => {
      const bcc = Array.from({ length: 1_000 }, (_, index) => `b${index}@x.example`)
      const [id = ''] = await store({ bcc })

      await expect(mailbox.repository.noteRecipient(id, 'c@x.example')).resolves.toBeUndefined()

      await expect(mailbox.repository.countEmails({ recipients: ['c@x.example'] })).resolves.toBe(0)
    })

    test('of a thread or a conversation are returned oldest first', async () => {
      const common = { threadId: 't', conversationId: 'c' }
      const [late = '', early = ''] = await store(
        { ...common, receivedAt: START + 5 },
        { ...common, receivedAt: START },
        {},
      )

      for (const emails of [
        await mailbox.repository.getThread('t'),
        await mailbox.repository.getConversation('c'),
      ]) {
        expect(emails.map(({ id }) => id)).toEqual([early, late])
      }
      await expect(mailbox.repository.getThread('none')).resolves.toEqual([])
      await expect(mailbox.repository.getThread('')).rejects.toMatchObject({ field: 'threadId' })
    })

    test('are skipped, counted and sorted as a page requests', async () => {
      const [low = '', critical = '', high = ''] = await store(
        { priority: 'low', senderEmail: 'c@x.example', sentAt: START + 9 },
        { priority: 'critical', senderEmail: 'a@x.example', sentAt: START - 9 },
        { priority: 'high', senderEmail: 'b@x.example', receivedAt: START + 1 },
      )

      await expect(idsOf({ orderBy: 'priority' })).resolves.toEqual([critical, high, low])
      await expect(idsOf({ orderBy: 'sender' })).resolves.toEqual([critical, high, low])
      await expect(idsOf({ orderBy: 'sent' })).resolves.toEqual([low, high, critical])
      await expect(idsOf({ direction: 'asc' })).resolves.toEqual([low, high, critical])
      const page = await mailbox.repository.queryEmails({ offset: 1, limit: 1, total: true })
      expect(page).toMatchObject({ emails: [{ id: high }], total: 3 })
      const { nextCursor: cursor } = page
      await expect(idsOf({ cursor })).resolves.toEqual([low])
      await expect(idsOf({ cursor, orderBy: 'sent' })).rejects.toMatchObject({ field: 'cursor' })
      await expect(idsOf({ cursor, offset: 1 })).rejects.toMatchObject({ field: 'offset' })
      await expect(
        mailbox.repository.queryEmailIds({ isRead: true, total: true }),
      ).resolves.toEqual({ ids: [], keys: [], total: 0 })
    })

    test('match nothing if the alternatives exclude what the filter requires', async () => {
      await store({ assignedTo: 'kim' })
      const never = { assignedTo: 'kim', anyOf: [{ assignedTo: null }] }

      await expect(idsOf(never)).resolves.toEqual([])
      await expect(mailbox.repository.countEmails(never)).resolves.toBe(0)
    })

    test('have analytics, each number equal to the count of its filter', async () => {
      const today = Math.floor(platform.now() / DAY_MS) * DAY_MS
      const ids = await store(
        { priority: 'critical', receivedAt: today },
        { priority: 'high', assignedTo: 'kim', receivedAt: today - 1, isRead: true },
        { priority: 'high', status: 'completed', receivedAt: today - DAY_MS },
        { priority: 'low', assignedTo: 'lee', receivedAt: today - DAY_MS },
        { priority: 'low', assignedTo: 'kim', receivedAt: today - DAY_MS },
      )
      await mailbox.repository.bulkUpdate(ids.slice(0, 3), { workflowChainId: 'one' })
      await mailbox.repository.bulkUpdate(ids.slice(3, 4), { workflowChainId: 'two' })
      const chain = { workflowType: 'order', startedAt: today - 7_200_000 }
      await mailbox.repository.createOrUpdateWorkflowChain({ id: 'one', ...chain })
      await mailbox.repository.createOrUpdateWorkflowChain({
        id: 'two',
        ...chain,
        isComplete: true,
        completedAt: today,
      })

      const all = await mailbox.repository.getAnalytics()

      expect(all).toEqual({
        totalCount: 5,
        todaysCount: 1,
        urgentCount: 2,
        unassignedCount: 1,
        unreadCount: 4,
        byStatus: expect.objectContaining({ new: 4, completed: 1, in_progress: 0 }),
        byPriority: { critical: 1, high: 2, medium: 0, low: 2 },
        workload: [
          { assignedTo: 'kim', openCount: 2 },
          { assignedTo: 'lee', openCount: 1 },
        ],
        workflowStats: { chains: 2, completed: 1, meanEmails: 2, meanHours: 2 },
        dayStart: today,
      })
      const range = { start: today - DAY_MS, end: today - 1 }
      await expect(mailbox.repository.getAnalytics(range)).resolves.toMatchObject({
        totalCount: 4,
        todaysCount: 0,
        unassignedCount: 0,
      })
      await expect(
        mailbox.repository.getAnalytics({ start: today + 1, end: today + 2 }),
      ).resolves.toMatchObject({
        totalCount: 0,
        workload: [],
        workflowStats: { chains: 0, completed: 0, meanEmails: null, meanHours: null },
      })
      await expect(mailbox.repository.getAnalytics({})).rejects.toMatchObject({
        field: 'dateRange',
      })
    })

    test('form workflow chains that a time of completion completes', async () => {
      const { repository } = mailbox
      const begun = { workflowType: 'order', startedAt: 1_000 }
      const done = { completedAt: 5_000 }
      await repository.createOrUpdateWorkflowChain({ id: 'begun', ...begun })

      const changed = await repository.createOrUpdateWorkflowChain({ id: 'begun', ...done })
      const stored = await repository.createOrUpdateWorkflowChain({
        id: 'at once',
        ...begun,
        ...done,
      })
      const again = await repository.createOrUpdateWorkflowChain({ id: 'begun', isComplete: true })

      for (const { after } of [changed, stored, again]) {
        expect(after).toMatchObject({ isComplete: true, ...done })
      }
      await expect(repository.getAnalytics({ start: 1_000, end: 1_000 })).resolves.toMatchObject({
        workflowStats: { chains: 2, completed: 2 },
      })
    })

    test('form workflow chains, which are stored once and changed later', async () => {
      const repository = mailbox.repository
      const first = await repository.createOrUpdateWorkflowChain({ id: 'w', workflowType: 'order' })
      await platform.advance(1_000)
      const second = await repository.createOrUpdateWorkflowChain({ id: 'w', isComplete: true })
      await platform.advance(1_000)
      const third = await repository.createOrUpdateWorkflowChain({
        id: 'w',
        workflowState: 'paid',
        isComplete: true,
      })
      const reopened = await repository.createOrUpdateWorkflowChain({ id: 'w', isComplete: false })

      expect(first).toMatchObject({ before: undefined, after: { version: 1, completedAt: null } })
      expect(second.before).toEqual(first.after)
      expect(second.after).toMatchObject({ isComplete: true, completedAt: platform.now() - 1_000 })
      expect(third.after).toMatchObject({
        workflowState: 'paid',
        completedAt: second.after.completedAt,
      })
      expect(reopened.after).toMatchObject({ isComplete: false, completedAt: null, version: 4 })
      await expect(repository.getWorkflowChain('w')).resolves.toEqual(reopened.after)
      await expect(repository.getWorkflowChain('none')).resolves.toBeUndefined()
      await expect(
        repository.createOrUpdateWorkflowChain({ id: 'new', workflowState: 'x' }),
      ).rejects.toMatchObject({ field: 'workflowType' })
    })
  })
}
