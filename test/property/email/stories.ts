/**
 * Generated changes of a cached mailbox, and generated queries.
 *
 * @module
 */

import fc from 'fast-check'
import type { CachedEmailRepository } from '../../../src/email/cached/cached-email-repository.ts'
import type { EmailConditions } from '../../../src/email/conditions.ts'
import type { SqlDriver } from '../../../src/email/driver.ts'
import type { EmailChanges, NewEmail } from '../../../src/email/email.ts'
import type { EmailQuery } from '../../../src/email/filter.ts'

const STATUSES = ['new', 'in_progress', 'completed'] as const
const PRIORITIES = ['critical', 'high', 'low'] as const
const PEOPLE = ['ada', 'bo', null] as const
const SENDERS = ['s1@mail.example', 's2@mail.example', 's3@mail.example']
const WORDS = ['order', 'invoice', 'ordinary', 'late']
const CATEGORIES = ['red', 'blue']
export const START = 1_760_000_000_000

const state = {
  status: fc.constantFrom(...STATUSES),
  priority: fc.constantFrom(...PRIORITIES),
  assignedTo: fc.constantFrom(...PEOPLE),
  isRead: fc.boolean(),
  isFlagged: fc.boolean(),
  categories: fc.subarray(CATEGORIES),
}

/** A message without its id. Few values, so that queries match messages. */
const content: fc.Arbitrary<NewEmail> = fc.record({
  ...state,
  subject: fc.constantFrom(...WORDS),
  bodyText: fc.constantFrom(...WORDS),
  senderEmail: fc.constantFrom(...SENDERS),
  recipients: fc.subarray(['x@mail.example', 'y@mail.example']),
  // Few values, so that ties occur.
  receivedAt: fc.integer({ min: 0, max: 40 }).map((minute) => START + minute * 60_000),
  sentAt: fc.option(fc.integer({ min: 0, max: 9 }).map((minute) => START + minute * 60_000)),
  threadId: fc.constantFrom('t1', 't2', null),
  conversationId: fc.constantFrom('c1', null),
  hasAttachments: fc.boolean(),
})

const changes: fc.Arbitrary<EmailChanges> = fc.oneof(
  ...Object.entries(state).map(([field, value]) => fc.record({ [field]: value })),
  fc.record({ ...state, workflowState: fc.constantFrom('open', null) }, { requiredKeys: [] }),
  fc.record({ workflowChainId: fc.constantFrom('w1', null) }),
  fc.record({ analysisConfidence: fc.constantFrom(0.5, 1) }),
)

const ids = fc.integer({ min: 0, max: 60 }).map((n) => `m${n}`)
const idList = fc.uniqueArray(ids, { minLength: 1, maxLength: 15 })

/** One change of the mailbox. */
export const move = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const), id: ids, content }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('update' as const), id: ids, changes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id: ids }) },
  fc.record({ kind: fc.constant('delete all' as const), ids: idList }),
  fc.record({ kind: fc.constant('bulk' as const), ids: idList, changes }),
  fc.record({ kind: fc.constant('read' as const), ids: idList, isRead: fc.boolean() }),
  fc.record({ kind: fc.constant('assign' as const), ids: idList, to: state.assignedTo }),
  fc.record({ kind: fc.constant('batch' as const), ids: idList, content }),
  fc.record({ kind: fc.constant('upsert' as const), id: ids, graph: fc.nat(3), content }),
  fc.record({ kind: fc.constant('entities' as const), id: ids }),
  fc.record({ kind: fc.constant('handed' as const), id: ids }),
  fc.record({ kind: fc.constant('chain' as const), isComplete: fc.boolean() }),
  fc.record({ kind: fc.constant('raw' as const), id: ids, isNamed: fc.boolean() }),
)
export type Move = typeof move extends fc.Arbitrary<infer T> ? T : never

const conditions = {
  statuses: fc.subarray([...STATUSES], { minLength: 1 }),
  priorities: fc.subarray([...PRIORITIES], { minLength: 1 }),
  senderEmails: fc.subarray(SENDERS, { minLength: 1 }),
  recipients: fc.constantFrom(['x@mail.example'], ['x@mail.example', 'y@mail.example']),
  assignedTo: state.assignedTo,
  isRead: fc.boolean(),
  isFlagged: fc.boolean(),
  hasAttachments: fc.boolean(),
  categories: fc.subarray(CATEGORIES, { minLength: 1 }),
  threadId: fc.constantFrom('t1', 't2'),
  conversationId: fc.constant('c1'),
  workflowStates: fc.constant(['open']),
  search: fc.constantFrom('order', 'ord*', 'invoice late'),
  dateRange: fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 20 }))
    .map(([from, minutes]) => ({
      start: START + from * 60_000,
      end: START + (from + minutes) * 60_000,
    })),
}

/** Few conditions at once, so that lists are long enough to have pages. */
const few: fc.Arbitrary<EmailConditions> = fc
  .tuple(fc.record(conditions), fc.subarray(Object.keys(conditions), { maxLength: 2 }))
  .map(([all, fields]) =>
    Object.fromEntries(fields.map((field) => [field, all[field as keyof typeof all]])),
  )

export const query: fc.Arbitrary<EmailQuery> = fc
  .tuple(
    few,
    fc.record(
      {
        anyOf: fc.array(few, { minLength: 1, maxLength: 2 }),
        orderBy: fc.constantFrom<EmailQuery['orderBy'][]>('received', 'sent', 'priority', 'sender'),
        direction: fc.constantFrom<EmailQuery['direction'][]>('asc', 'desc'),
        limit: fc.constantFrom(1, 3, 10, 30, 1_000),
        offset: fc.constantFrom(2, 28),
        total: fc.constant(true),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([where, rest]) => ({ ...where, ...rest }))

/** Makes a move through a repository. Ignores the refusal of a duplicate, which a story may contain. */
export async function make(
  repository: CachedEmailRepository,
  driver: SqlDriver,
  step: Move,
): Promise<void> {
  switch (step.kind) {
    case 'create':
      await repository.createEmail({ ...step.content, id: step.id }).catch(ignoreDuplicate)
      return
    case 'update':
      await repository.updateEmail(step.id, step.changes)
      return
    case 'delete':
      await repository.deleteEmail(step.id)
      return
    case 'delete all':
      for (const id of step.ids) await repository.deleteEmail(id)
      return
    case 'bulk':
      await repository.bulkUpdate(step.ids, step.changes)
      return
    case 'read':
      await repository.markAsRead(step.ids, step.isRead)
      return
    case 'assign':
      await repository.bulkAssign(step.ids, step.to)
      return
    case 'batch':
      await repository.batchCreate(step.ids.map((id) => ({ ...step.content, id })))
      return
    default:
      await makeSeldom(repository, driver, step)
  }
}

async function makeSeldom(
  repository: CachedEmailRepository,
  driver: SqlDriver,
  step: Move,
): Promise<void> {
  switch (step.kind) {
    case 'upsert': {
      const email = { ...step.content, id: step.id, graphId: `g${step.graph}` }
      await repository.createOrUpdate(email).catch(ignoreDuplicate)
      return
    }
    case 'entities':
      await repository.storeEmailEntities(step.id, [{ type: 'order', value: '7', confidence: 1 }])
      return
    case 'handed':
      await repository.noteRecipient(step.id, 'y@mail.example')
      return
    case 'chain':
      await repository.createOrUpdateWorkflowChain({
        id: 'w1',
        workflowType: 'sale',
        isComplete: step.isComplete,
      })
      return
    case 'raw': {
      const sql = "UPDATE emails SET status = 'completed', version = version + 1 WHERE id = ?"
      await driver.run(sql, [step.id])
      await repository.notifyChanged(step.isNamed ? { ids: [step.id] } : {})
    }
  }
}

function ignoreDuplicate(error: unknown): void {
  if (!(error instanceof Error && error.name === 'DuplicateEmailError')) throw error
}
