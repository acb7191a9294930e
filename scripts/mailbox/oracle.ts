/**
 * Computes what a query must answer in the simplest way: checks every message, sorts, and cuts the page. Shares
 * no code with the filters and the SQL that are compared with it.
 *
 * @module
 */

import type { Email } from '../../src/email/email.ts'
import type { EmailQuery } from '../../src/email/filter.ts'

/** The columns that a query uses. Bodies are not compared. */
export type Filterable = Pick<
  Email,
  'id' | 'status' | 'priority' | 'senderEmail' | 'assignedTo' | 'receivedAt' | 'isRead' | 'threadId'
>

/** Whether a message matches a query, on any page. */
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

/** The page that a query asks for: newest first, then by id in descending order. */
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
