/**
 * Random messages and queries that match often: few values, many of them similar.
 *
 * @module
 */

import fc from 'fast-check'
import type { EmailConditions } from '../../../src/email/conditions.ts'
import { type NewEmail, PRIORITIES, STATUSES } from '../../../src/email/email.ts'
import type { EmailQuery } from '../../../src/email/filter.ts'
import { DIRECTIONS, ORDERS } from '../../../src/email/order.ts'

/** Words that are similar in accents, case, prefixes, scripts or compatibility forms. */
export const WORDS: readonly string[] = [
  ...[
    'café',
    'CAFE',
    'caf',
    'cafe\u0301s',
    'Größe',
    'GRÖSSE',
    'grosse',
    'order',
    'orders',
    'ord-er',
  ],
  ...['HP-10001', '10001', 'ﬁle', 'file', 'İstanbul', 'istanbul', 'ǅ', 'dž', 'Ⅷ', 'viii', '①', '1'],
  ...[
    '東京都',
    '東京',
    '京都',
    '都',
    'ﾄｳｷｮｳ',
    'トウキョウ',
    'ภาษาไทย',
    'ไทย',
    '한국어',
    'Ελλάδα',
    'ελλαδα',
  ],
  ...[
    '📦',
    'a📦b',
    '𝔘𝔫𝔦',
    'uni',
    'x',
    'z'.repeat(70),
    'z'.repeat(64),
    "o'clock",
    '"',
    'AND',
    'near',
    '*',
  ],
]

const NAMES = ['ada', 'Bo', 'é', '\u{1f4e6}', '\uff01', 'null', "' OR 1=1 --"]
const ADDRESSES = ['ada@a.example', 'BO@b.example', 'cy@c.example', 'é@d.example']
const START = 1_760_000_000_000

const someOf = <T>(values: readonly T[], minLength = 0) =>
  fc.array(fc.constantFrom(...values), { minLength, maxLength: 4 })
const orNull = <T>(values: readonly T[]) => fc.constantFrom<(T | null)[]>(null, ...values)
const text = fc
  .array(fc.tuple(fc.constantFrom(...WORDS), fc.constantFrom(' ', '', '-', '_', '\n', '. ')), {
    maxLength: 8,
  })
  .map((pairs) => pairs.flat().join(''))
/** Few instants, so that many messages share one; some far apart, so that numbers of all sizes occur. */
const instant = fc.oneof(
  fc.integer({ min: -2, max: 8 }).map((step) => START + step),
  fc.constantFrom(0, -1, 8.64e15, -8.64e15),
)

export const emails: fc.Arbitrary<NewEmail> = fc.record(
  {
    subject: text,
    senderEmail: fc.constantFrom(...ADDRESSES),
    receivedAt: instant,
    senderName: fc.option(text),
    bodyText: fc.option(text),
    bodyHtml: fc.option(text.map((body) => `<p class="hidden">${body}</p><style>order</style>`)),
    recipients: someOf(ADDRESSES),
    cc: someOf(ADDRESSES),
    bcc: someOf(ADDRESSES),
    sentAt: fc.option(instant),
    categories: someOf(NAMES),
    hasAttachments: fc.boolean(),
    isRead: fc.boolean(),
    isFlagged: fc.boolean(),
    threadId: orNull(NAMES),
    conversationId: orNull(NAMES),
    status: fc.constantFrom(...STATUSES),
    priority: fc.constantFrom(...PRIORITIES),
    assignedTo: orNull(NAMES),
  },
  { requiredKeys: ['subject', 'senderEmail', 'receivedAt'] },
)

/** Data that may be added to a stored message. */
export const workflows = fc.record({
  workflowState: orNull(NAMES),
  workflowType: orNull(NAMES),
  workflowChainId: orNull(NAMES),
})

const dateRange = fc
  .oneof(
    fc.record({ start: instant }),
    fc.record({ end: instant }),
    fc.record({ start: instant, end: instant }),
  )
  .filter((range) => !('start' in range && 'end' in range) || range.start <= range.end)

/** A word, or a prefix of one. */
const term = fc
  .tuple(fc.constantFrom(...WORDS), fc.nat(3), fc.boolean())
  .map(([word, length, isPrefix]) =>
    isPrefix ? `${[...word].slice(0, length + 1).join('')}*` : word,
  )
const search = fc
  .array(term, { minLength: 1, maxLength: 3 })
  .map((terms) => terms.join(' '))
  .filter((words) => /[\p{L}\p{N}]/u.test(words))

/** Few fields at a time; otherwise nothing would match. */
export const conditions: fc.Arbitrary<EmailConditions> = fc
  .subarray(
    [
      fc.record({ statuses: someOf(STATUSES, 1) }),
      fc.record({ priorities: someOf(PRIORITIES, 1) }),
      fc.record({ workflowStates: someOf(NAMES, 1) }),
      fc.record({ workflowTypes: someOf(NAMES, 1) }),
      fc.record({ workflowChainId: fc.constantFrom(...NAMES) }),
      fc.record({ senderEmails: someOf(ADDRESSES, 1) }),
      fc.record({ recipients: someOf(ADDRESSES, 1) }),
      fc.record({ assignedTo: orNull(NAMES) }),
      fc.record({ dateRange }),
      fc.record({ hasAttachments: fc.boolean() }),
      fc.record({ isRead: fc.boolean() }),
      fc.record({ isFlagged: fc.boolean() }),
      fc.record({ categories: someOf(NAMES, 1) }),
      fc.record({ threadId: fc.constantFrom(...NAMES) }),
      fc.record({ conversationId: fc.constantFrom(...NAMES) }),
      fc.record({ search }),
      fc.record({ search }),
    ] as readonly fc.Arbitrary<EmailConditions>[] as fc.Arbitrary<EmailConditions>[],
    { maxLength: 3 },
  )
  .chain((parts) => fc.tuple(...parts))
  .map((parts) => Object.assign({}, ...parts) as EmailConditions)

const filters = fc.oneof(
  { weight: 2, arbitrary: conditions },
  {
    weight: 1,
    arbitrary: fc
      .tuple(conditions, fc.array(conditions, { minLength: 1, maxLength: 4 }))
      .map(([common, anyOf]) => ({ ...common, anyOf })),
  },
)

export const queries: fc.Arbitrary<EmailQuery> = fc
  .tuple(
    filters,
    fc.record(
      {
        orderBy: fc.constantFrom(...ORDERS),
        direction: fc.constantFrom(...DIRECTIONS),
        limit: fc.integer({ min: 1, max: 6 }),
        offset: fc.nat(8),
        total: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([filter, page]) => ({ ...filter, ...page }))
