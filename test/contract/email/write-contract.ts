/**
 * Contract of every mailbox for writing.
 *
 * @module
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { NewEmail } from '../../../src/email/email.ts'
import { MailboxUnderTest, message, type OpenMailboxOn, START } from './mailbox-under-test.ts'

export function emailWriteContract(name: string, open: OpenMailboxOn): void {
  describe(`Writing to a mailbox on ${name}`, () => {
    const mailbox = new MailboxUnderTest(open)
    const { platform, store, idsOf } = mailbox

    beforeAll(mailbox.open)
    beforeEach(mailbox.empty)
    afterAll(mailbox.close)

    test('returns a message as it was stored, with every field', async () => {
      const full: Required<NewEmail> = {
        id: 'full',
        graphId: 'graph-1',
        messageId: 'one@mail.example',
        subject: 'Größe 📦 "quoted"',
        bodyText: 'Line one\r\nLine two',
        bodyHtml: '<p>Line one</p>',
        bodyPreview: 'Line one',
        senderEmail: 'ada@mail.example',
        senderName: 'Ada',
        recipients: [{ address: 'bo@mail.example', name: 'Bo' }],
        cc: [{ address: 'cy@mail.example' }],
        bcc: [{ address: 'di@mail.example' }],
        receivedAt: START,
        sentAt: START - 5_000,
        importance: 'high',
        categories: ['order', 'customer'],
        hasAttachments: true,
        attachments: [
          {
            name: 'Größe.pdf',
            contentType: 'application/pdf',
            sizeBytes: 1_024,
            contentId: null,
            isInline: false,
          },
        ],
        isRead: true,
        isFlagged: true,
        threadId: 'thread-1',
        conversationId: 'conversation-1',
        inReplyTo: 'zero@mail.example',
        references: ['zero@mail.example'],
        status: 'waiting',
        priority: 'critical',
        assignedTo: 'grace',
      }

      const created = await mailbox.repository.createEmail(full)

      expect(created).toEqual({
        ...full,
        entities: [],
        assignedAt: platform.now(),
        dueDate: null,
        workflowState: null,
        workflowType: null,
        workflowChainId: null,
        isWorkflowComplete: false,
        analysisConfidence: null,
        processedAt: null,
        processingVersion: null,
        createdAt: platform.now(),
        updatedAt: platform.now(),
        version: 1,
      })
      await expect(mailbox.repository.getEmailById('full')).resolves.toEqual(created)
    })

    test('fills fields that a message leaves out with the documented defaults', async () => {
      const created = await mailbox.repository.createEmail({
        subject: 'Hello',
        senderEmail: ' Ada@Mail.Example ',
        receivedAt: '2026-01-01T01:00:00+01:00',
        bodyText: 'A  short\nbody',
      })

      expect(created.id).toMatch(/^[0-9a-f-]{36}$/)
      expect(created).toMatchObject({
        senderEmail: 'ada@mail.example',
        receivedAt: Date.UTC(2026, 0, 1),
        bodyPreview: 'A short body',
        status: 'new',
        priority: 'medium',
        importance: 'normal',
        assignedTo: null,
        assignedAt: null,
        isRead: false,
        recipients: [],
        graphId: null,
      })
    })

    test.each([
      ['id', { id: 'taken' }],
      ['graphId', { graphId: 'graph-taken' }],
      ['messageId', { messageId: 'taken@mail.example' }],
    ] as const)(
      'refuses a second message with the same %s and keeps the first',
      async (field, same) => {
        const first = { id: 'taken', graphId: 'graph-taken', messageId: 'taken@mail.example' }
        await store(first)

        const second = mailbox.repository.createEmail({ ...message(1), id: 'other', ...same })

        await expect(second).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EMAIL', field })
        await expect(idsOf({})).resolves.toEqual(['taken'])
        await expect(mailbox.repository.getEmailById('taken')).resolves.toMatchObject({
          version: 1,
        })
      },
    )

    test('reports the Message-ID as taken if neither message has a graph id', async () => {
      await store({ messageId: 'taken@mail.example' })

      await expect(store({ messageId: 'taken@mail.example' })).rejects.toMatchObject({
        code: 'ERR_DUPLICATE_EMAIL',
        field: 'messageId',
      })
    })

    test('accepts any number of messages without graph id and Message-ID', async () => {
      await store({}, {}, {})

      await expect(idsOf({})).resolves.toHaveLength(3)
    })

    test('changes only the given fields, and increments the version', async () => {
      const [id = ''] = await store({ assignedTo: 'grace', isFlagged: true })
      const before = await mailbox.repository.getEmailById(id)
      await platform.advance(1_000)

      const after = await mailbox.repository.updateEmail(id, {
        status: 'completed',
        dueDate: '2026-02-01',
        workflowState: 'shipped',
        isWorkflowComplete: true,
        analysisConfidence: 0.75,
        categories: ['order'],
      })

      expect(after).toEqual({
        ...before,
        status: 'completed',
        dueDate: Date.UTC(2026, 1, 1),
        workflowState: 'shipped',
        isWorkflowComplete: true,
        analysisConfidence: 0.75,
        categories: ['order'],
        updatedAt: platform.now(),
        version: 2,
      })
      await expect(mailbox.repository.getEmailById(id)).resolves.toEqual(after)
    })

    test('stores the time of assignment, and keeps it while the assignee is the same', async () => {
      const [id = ''] = await store({ assignedTo: 'grace' })
      const first = platform.now()
      await platform.advance(1_000)

      const same = await mailbox.repository.updateEmail(id, { assignedTo: 'grace' })
      const other = await mailbox.repository.updateEmail(id, { assignedTo: 'hana' })
      const none = await mailbox.repository.updateEmail(id, { assignedTo: null })
      const given = await mailbox.repository.updateEmail(id, {
        assignedTo: 'hana',
        assignedAt: START,
      })

      expect(same?.assignedAt).toBe(first)
      expect(other?.assignedAt).toBe(platform.now())
      expect(none).toMatchObject({ assignedTo: null, assignedAt: null })
      expect(given?.assignedAt).toBe(START)
    })

    test('returns a message before and after a change', async () => {
      const [id = ''] = await store({ status: 'new' })

      const change = await mailbox.repository.changeEmail(id, { status: 'in_progress' })

      expect(change?.before).toMatchObject({ id, status: 'new', version: 1 })
      expect(change?.after).toMatchObject({ id, status: 'in_progress', version: 2 })
    })

    test('does not change a message if there is nothing to change', async () => {
      const [id = ''] = await store({})
      const before = await mailbox.repository.getEmailById(id)
      await platform.advance(1_000)

      await expect(mailbox.repository.updateEmail(id, { status: undefined })).resolves.toEqual(
        before,
      )
      await expect(mailbox.repository.getEmailById(id)).resolves.toEqual(before)
    })

    test('keeps all of many concurrent changes', async () => {
      const [id = ''] = await store({})

      await Promise.all(
        Array.from({ length: 20 }, () => mailbox.repository.updateEmail(id, { isRead: true })),
      )

      await expect(mailbox.repository.getEmailById(id)).resolves.toMatchObject({ version: 21 })
    })

    test.each([
      ['email', { folder: 'inbox' }],
      ['subject', { subject: undefined }],
      ['senderEmail', { senderEmail: '  ' }],
      ['receivedAt', { receivedAt: 'yesterday' }],
      ['receivedAt', { receivedAt: new Date(Number.NaN) }],
      ['status', { status: 'unheard-of' }],
      ['assignedTo', { assignedTo: '' }],
      ['recipients[0].address', { recipients: [{ address: '' }] }],
      ['email', { bodyText: '€'.repeat(700_000) }],
    ])('refuses a message with a bad %s and stores nothing', async (field, bad) => {
      const created = mailbox.repository.createEmail({ ...message(0), ...bad } as NewEmail)

      await expect(created).rejects.toMatchObject({ code: 'ERR_INVALID_FILTER', field })
      await expect(idsOf({})).resolves.toEqual([])
    })

    test.each([
      ['changes', { subject: 'new' }],
      ['status', { status: null }],
      ['dueDate', { dueDate: '2026-02-30' }],
      ['analysisConfidence', { analysisConfidence: 1.1 }],
      ['isRead', { isRead: 1 }],
    ])('refuses changes with a bad %s and changes nothing', async (field, bad) => {
      const [id = ''] = await store({})

      const changed = mailbox.repository.updateEmail(id, { isFlagged: true, ...bad } as never)

      await expect(changed).rejects.toMatchObject({ code: 'ERR_INVALID_FILTER', field })
      await expect(mailbox.repository.getEmailById(id)).resolves.toMatchObject({ version: 1 })
    })
  })
}
