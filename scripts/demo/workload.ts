/**
 * A mixed workload like that of a mail client: lists by Zipf's law, single reads, a few writes.
 *
 * @module
 */

import type { EmailChanges, EmailStatus } from '../../src/email/email.ts'
import type { EmailQuery } from '../../src/email/filter.ts'
import { Dice, Weighted } from '../mailbox/dice.ts'
import { ASSIGNEES } from '../mailbox/vocabulary.ts'
import type { SeenEmail } from './ledger.ts'

/** One request of the workload. */
export type Step =
  | { readonly kind: 'list'; readonly query: EmailQuery }
  | { readonly kind: 'read'; readonly id: string }
  | { readonly kind: 'change'; readonly id: string; readonly changes: EmailChanges }
  | { readonly kind: 'create'; readonly subject: string; readonly senderEmail: string }

/** Options for {@link planWorkload}. */
export interface WorkloadOptions {
  readonly seed: number
  readonly steps: number
  /** One step in this many is a write. */
  readonly writeEvery: number
  /** The newest messages. Queries use their senders, threads and assignees. */
  readonly newest: readonly SeenEmail[]
}

const DAY_MS = 86_400_000
const FILTERS = 40
/** The exponent of web traffic (Breslau and others, "Web Caching and Zipf-like Distributions", 1999). */
const ZIPF = 0.9
const LIST_SHARE = 0.68

const NEXT_STATUS = new Weighted<EmailStatus>(
  ['in_progress', 'waiting', 'completed', 'resolved'],
  [4, 2, 3, 1],
)

/** The kinds of writes, roughly as in the mailbox of a team. */
const KIND = new Weighted(
  ['create', 'read', 'status', 'assignee', 'flag'] as const,
  [30, 25, 22, 13, 10],
)

/** The steps, the same for the same options. */
export function planWorkload({ seed, steps, writeEvery, newest }: WorkloadOptions): Step[] {
  const dice = new Dice(seed)
  const filters = makeFilters(dice, newest)
  const lists = new Weighted(filters, zipf(filters.length))
  const read = new Weighted(newest, zipf(newest.length))
  return Array.from({ length: steps }, (_, index): Step => {
    if (index % writeEvery === writeEvery - 1) return makeWrite(dice, read, index)
    if (dice.chance(LIST_SHARE)) return { kind: 'list', query: lists.draw(dice) }
    return { kind: 'read', id: read.draw(dice).id }
  })
}

function zipf(length: number): number[] {
  return Array.from({ length }, (_, rank) => (rank + 1) ** -ZIPF)
}

/** The views of a mailbox, the most frequent first, then views of people, threads and times. */
function makeFilters(dice: Dice, newest: readonly SeenEmail[]): EmailQuery[] {
  const people = [...new Set(newest.flatMap(({ assignedTo }) => assignedTo ?? []))]
  const filters: EmailQuery[] = [
    { statuses: ['new', 'in_progress'], limit: 50 },
    { statuses: ['new'] },
    {},
    { assignedTo: null },
    { priorities: ['critical', 'high'] },
    { isRead: false },
    { statuses: ['new'], priorities: ['critical', 'high'] },
    { statuses: ['completed', 'resolved'] },
    { assignedTo: null, statuses: ['new'] },
    { statuses: ['waiting'], limit: 25 },
    ...people.slice(0, 8).flatMap((assignedTo): EmailQuery[] => [
      { assignedTo, statuses: ['new', 'in_progress', 'pending'] },
      { assignedTo, isRead: false },
    ]),
  ]
  while (filters.length < FILTERS) filters.push(makeFilter(dice, dice.pick(newest)))
  return filters
}

function makeFilter(dice: Dice, { senderEmail, threadId, receivedAt }: SeenEmail): EmailQuery {
  const day = Math.floor(receivedAt / DAY_MS) * DAY_MS
  const kinds: readonly EmailQuery[] = [
    { senderEmails: [senderEmail] },
    { dateRange: { start: day, end: day + DAY_MS - 1 } },
    threadId === null ? { senderEmails: [senderEmail], limit: 20 } : { threadId },
  ]
  return dice.pick(kinds)
}

function makeWrite(dice: Dice, read: Weighted<SeenEmail>, index: number): Step {
  const { id, senderEmail } = read.draw(dice)
  const change = (changes: EmailChanges): Step => ({ kind: 'change', id, changes })
  switch (KIND.draw(dice)) {
    case 'flag':
      return change({ isFlagged: dice.chance(0.5) })
    case 'read':
      return change({ isRead: dice.chance(0.8) })
    case 'status':
      return change({ status: NEXT_STATUS.draw(dice) })
    case 'assignee':
      return change({ assignedTo: dice.chance(0.2) ? null : dice.pick(ASSIGNEES) })
    case 'create':
      return { kind: 'create', subject: `Question ${index}`, senderEmail }
  }
}
