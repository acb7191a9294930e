/**
 * Pages, made of a list and its messages.
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

/** The page, if the messages are those of the list. */
export function pageFrom(
  window: WindowPage,
  emails: readonly Email[],
  query: CanonicalQuery,
): EmailPage | undefined {
  if (!isCoherent(query, window.ids, emails)) return undefined
  return { emails, ...restOf(window, query) }
}

/** Whether the messages are those of the list, and in its order: words and dates never change. */
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

/** What a page says besides its messages. */
export function restOf(
  { next, total }: WindowPage,
  { order }: CanonicalQuery,
): { nextCursor?: string; total?: number } {
  return {
    ...(next !== undefined && { nextCursor: encodeCursor(next, order.by) }),
    ...(total !== undefined && { total }),
  }
}
