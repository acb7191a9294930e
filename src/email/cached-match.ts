/**
 * Tells in memory what SQL would tell: whether a message is among those a query asks for.
 *
 * @module
 */

import type { Email } from './email.ts'
import type { CanonicalQuery } from './filter.ts'

/**
 * Whether a message has what the query asks for, on whichever page. Where pages begin is not looked
 * at: the sort key of a message never changes.
 */
export function matchesQuery(email: Email, query: CanonicalQuery): boolean {
  const { receivedFrom = Number.NEGATIVE_INFINITY, receivedTo = Number.POSITIVE_INFINITY } = query
  return (
    isOneOf(query.statuses, email.status) &&
    isOneOf(query.priorities, email.priority) &&
    isOneOf(query.senderEmails, email.senderEmail) &&
    isEqual(query.assignedTo, email.assignedTo) &&
    isEqual(query.isRead, email.isRead) &&
    isEqual(query.threadId, email.threadId) &&
    email.receivedAt >= receivedFrom &&
    email.receivedAt <= receivedTo
  )
}

function isOneOf<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || wanted.includes(value)
}

/** Null is a value to be equal to; only `undefined` asks for nothing. */
function isEqual<T>(wanted: T | undefined, value: T): boolean {
  return wanted === undefined || wanted === value
}
