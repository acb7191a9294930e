/**
 * The orders of pages, and the sort keys that define the place of a message in an order.
 *
 * @module
 */

import { type EmailImage, type EmailPriority, PRIORITIES } from './email.ts'

/**
 * What a page is sorted by. `sent` uses the time of receipt if a message has no time of sending; `priority`
 * sorts by urgency, then by time of receipt; `sender` by address, then by time of receipt. Ties are sorted by
 * id.
 */
export const ORDERS = ['received', 'sent', 'priority', 'sender'] as const
/** One of {@link ORDERS}. */
export type EmailOrderBy = (typeof ORDERS)[number]

/** The directions of an order. */
export const DIRECTIONS = ['asc', 'desc'] as const
/** One of {@link DIRECTIONS}. `desc` reverses the whole order, ties included. */
export type EmailDirection = (typeof DIRECTIONS)[number]

/** An order of pages. */
export interface EmailOrder {
  readonly by: EmailOrderBy
  readonly direction: EmailDirection
}

/** The direction of each order if the query gives none: newest, most urgent, or A first. */
export const DEFAULT_DIRECTIONS: Readonly<Record<EmailOrderBy, EmailDirection>> = {
  received: 'desc',
  sent: 'desc',
  priority: 'desc',
  sender: 'asc',
}

/** The values that a message is sorted by, most significant first; the last is its id. */
export type SortKey = readonly (number | string)[]

/** The fields of a message that sort keys are built from. */
export type Sortable = Pick<EmailImage, 'id' | 'receivedAt' | 'sentAt' | 'priority' | 'senderEmail'>

/** The fields of a message that an order reads and that can change. */
export const CHANGEABLE_SORT_FIELDS: Readonly<Record<EmailOrderBy, readonly 'priority'[]>> = {
  received: [],
  sent: [],
  priority: ['priority'],
  sender: [],
}

/** 3 for the most urgent priority, 0 for the least. */
export function urgencyOf(priority: EmailPriority): number {
  return PRIORITIES.length - 1 - PRIORITIES.indexOf(priority)
}

/** The sort key of a message in an order. */
export function sortKeyOf(email: Sortable, by: EmailOrderBy): SortKey {
  const { id, receivedAt, sentAt, priority, senderEmail } = email
  switch (by) {
    case 'received':
      return [receivedAt, id]
    case 'sent':
      return [sentAt ?? receivedAt, id]
    case 'priority':
      return [urgencyOf(priority), receivedAt, id]
    case 'sender':
      return [senderEmail, receivedAt, id]
  }
}

/** Negative if `a` comes before `b` on the pages, positive if after, 0 for the same message. */
export function compareInOrder(a: Sortable, b: Sortable, { by, direction }: EmailOrder): number {
  return compareKeys(sortKeyOf(a, by), sortKeyOf(b, by), direction)
}

/** As {@link compareInOrder}, for two sort keys of the same order. */
export function compareKeys(a: SortKey, b: SortKey, direction: EmailDirection): number {
  for (const [index, value] of a.entries()) {
    const difference = compareValues(value, b[index])
    if (difference !== 0) return direction === 'asc' ? difference : -difference
  }
  return 0
}

function compareValues(a: number | string, b: number | string | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return compareCodePoints(String(a), String(b))
}

/**
 * Compares texts as SQLite does: by their UTF-8 bytes, which is the order of their code points. `<` compares
 * UTF-16 units, which would put U+1F4E6 before U+FF01.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates rank highest, because they encode code points above all single units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
