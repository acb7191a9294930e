import { beforeEach, describe, expect, test } from 'vitest'
import { type ChangeLog, changeLog } from '../../../src/cache/change-log.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { NewEmail } from '../../../src/email/index.ts'
import { type CachedMailbox, NOW, openCachedMailbox } from './cached-mailbox.ts'

const MESSAGE: NewEmail = {
  id: 'm1',
  subject: 'Order',
  senderEmail: 's@x.example',
  recipients: ['r@x.example'],
  categories: ['red'],
  receivedAt: NOW,
}

/** The stored form of the message, exactly. Do not change it together with the code. */
const ROW = {
  id: 'm1',
  graphId: null,
  messageId: null,
  threadId: null,
  conversationId: null,
  inReplyTo: null,
  references: [],
  subject: 'Order',
  bodyText: null,
  bodyHtml: null,
  bodyPreview: '',
  senderEmail: 's@x.example',
  senderName: null,
  recipients: [{ address: 'r@x.example' }],
  cc: [],
  bcc: [],
  receivedAt: NOW,
  sentAt: null,
  importance: 'normal',
  categories: ['red'],
  hasAttachments: false,
  attachments: [],
  entities: [],
  isRead: true,
  isFlagged: false,
  status: 'new',
  priority: 'medium',
  assignedTo: null,
  assignedAt: null,
  dueDate: null,
  workflowState: null,
  workflowType: null,
  workflowChainId: null,
  isWorkflowComplete: false,
  analysisConfidence: null,
  processedAt: null,
  processingVersion: null,
  createdAt: NOW,
  updatedAt: NOW,
  version: 2,
}
const FIGURES = {
  totalCount: 1,
  todaysCount: 1,
  urgentCount: 0,
  unassignedCount: 1,
  unreadCount: 0,
  byStatus: {
    ...{ new: 1, in_progress: 0, pending: 0, waiting: 0 },
    ...{ escalated: 0, completed: 0, resolved: 0, archived: 0 },
  },
  byPriority: { critical: 0, high: 0, medium: 1, low: 0 },
  workload: [],
  workflowStats: { chains: 0, completed: 0, meanHours: null, meanEmails: null },
  dayStart: NOW,
}

describe('a mailbox with isolates of two versions', () => {
  let mailbox: CachedMailbox
  let cache: RedisCacheManager
  let log: ChangeLog

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    cache = new RedisCacheManager({ redis: mailbox.transport, platform: mailbox.platform })
    log = changeLog(cache.namespace('email'))
  })

  test('a writer touches lists of the other version that compare a field it does not know', async () => {
    const look = () => log.look('folder|receivedAt', ['["folder|receivedAt","inbox"]'])
    await expect(look()).resolves.toMatchObject({ isShapeKnown: true, touchedAt: 0 })

    await mailbox.emails.createEmail(MESSAGE)

    await expect(look()).resolves.toMatchObject({ at: 1, touchedAt: 1 })
  })

  // Readers of both versions read these forms. A new form of a list needs another key; of a message, an
  // additional tag, because writers of both versions drop a message by its key; of a change in the log, another
  // field than `r`.
  test('entries and changes are stored in the form that the other version reads', async () => {
    const { emails } = mailbox
    await emails.createEmail(MESSAGE)
    await emails.updateEmail('m1', { isRead: true })
    await emails.queryEmails({ isRead: true, total: true })
    await emails.getAnalytics()
    await mailbox.turn()

    const image = (isRead: boolean): readonly unknown[] => [
      ...['m1', NOW, null, 'new', 'medium', 's@x.example', null, isRead, false, false],
      ...[null, null, null, null, null, ['red'], ['r@x.example']],
    ]
    const { epoch, since } = await log.look()
    expect(since(0)?.map(({ value }) => value)).toEqual([
      { r: [['m1', image(false), null, null]] },
      { r: [['m1', image(true), { 7: false }, [7]]] },
    ])
    const stored = cache.namespace('email')
    await expect(stored.get('row/m1', { tags: ['rows'] })).resolves.toEqual(ROW)
    const lists: unknown[] = []
    for await (const key of stored.keys())
      if (key.startsWith('list/')) lists.push(await stored.get(key))
    const window = { end: null, isTagged: true, epoch, at: 2 }
    expect(lists).toHaveLength(2)
    expect(lists).toContainEqual({ ...window, rows: [[NOW, 'm1']], total: 1 })
    expect(lists).toContainEqual({ ...window, rows: [], figures: FIGURES })
  })
})
