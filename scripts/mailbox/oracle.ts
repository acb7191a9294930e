/**
 * What a query must answer, found the plain way: look at every message, sort, cut. Shares no code
 * with the filters and the SQL it is compared with.
 *
 * @module
 */

import type { Email } from '../../src/email/email.ts'
import type { EmailQuery } from '../../src/email/filter.ts'

/** The columns a query looks at; what is compared need not carry bodies. */
export type Filterable = Pick<
  Email,
  'id' | 'status' | 'priority' | 'senderEmail' | 'assignedTo' | 'receivedAt' | 'isRead' | 'threadId'
>

/** Tells whether a message is among those a query asks for, on whichever page. */
export function matches(email: Filterable, query: EmailQuery): boolean {
  const { statuses, priorities, senderEmails, assignedTo, dateRange, isRead, threadId } = query
  const senders = senderEmails?.map((address) => address.trim().normalize('NFC').toLowerCase())
  return (
    (statuses === undefined || statuses.includes(email.status)) &&
    (priorities === undefined || priorities.includes(email.priority)) &&
    (senders === undefined || senders.includes(email.senderEmail)) &&
    (assignedTo === undefined || email.assignedTo === assignedTo) &&
    (dateRange?.start === undefined || email.receivedAt >= +new Date(toNative(dateRange.start))) &&
    (dateRange?.end === undefined || email.receivedAt <= +new Date(toNative(dateRange.end))) &&
    (isRead === undefined || email.isRead === isRead) &&
    (threadId === undefined || email.threadId === threadId)
  )
}

/** Answers the page a query asks for: newest first, then by id, greatest first. */
export function queryOracle<E extends Filterable>(emails: Iterable<E>, query: EmailQuery): E[] {
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
  return [...emails]
    .filter((email) => matches(email, query))
    .filter((email) => after === undefined || newestFirst(after, email) < 0)
    .sort(newestFirst)
    .slice(0, query.limit ?? 50)
}

type SortKey = Pick<Email, 'receivedAt' | 'id'>

function newestFirst(a: SortKey, b: SortKey): number {
  // SQLite compares text by its UTF-8 bytes, which JavaScript's `<` does not.
  return b.receivedAt - a.receivedAt || Buffer.compare(Buffer.from(b.id), Buffer.from(a.id))
}

function readCursor(cursor: string): SortKey {
  const [receivedAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  return { receivedAt, id }
}

function toNative(instant: NonNullable<NonNullable<EmailQuery['dateRange']>['start']>) {
  return typeof instant === 'object' ? instant.getTime() : instant
}
