/**
 * Builds pages from a list and its messages.
 *
 * @module
 */

import { encodeCursor } from '../cursor.ts'
import type { Email } from '../email.ts'
import type { EmailPage } from '../email-repository.ts'
import type { CanonicalQuery } from '../filter.ts'
import { matchesImage } from '../match.ts'
import { compareInOrder } from '../order.ts'
import type { WindowPage } from './window.ts'

/** The page; undefined if the messages do not agree with the list. */
export function pageFrom(
  window: WindowPage,
  emails: readonly Email[],
  query: CanonicalQuery,
): EmailPage | undefined {
  if (!isCoherent(query, window.ids, emails)) return undefined
  return { emails, ...restOf(window, query) }
}

/** Whether all messages exist, match the query and are in order. `search` is assumed: texts never change. */
function isCoherent(
  query: CanonicalQuery,
  ids: readonly string[],
  emails: readonly Email[],
): boolean {
  return (
    emails.length === ids.length &&
    emails.every((email, i) => {
      const next = emails[i + 1]
      const isInOrder = next === undefined || compareInOrder(email, next, query.order) < 0
      return isInOrder && matchesImage(email, query, () => true)
    })
  )
}

/** The cursor and the total of a page. */
export function restOf(
  { next, total }: WindowPage,
  { order }: CanonicalQuery,
): { nextCursor?: string; total?: number } {
  return {
    ...(next !== undefined && { nextCursor: encodeCursor(next, order.by) }),
    ...(total !== undefined && { total }),
  }
}
