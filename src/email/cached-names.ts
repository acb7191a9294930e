/**
 * Under which keys the parts of a mailbox are cached, and for how long.
 *
 * @module
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import type { TtlClass } from '../entry/duration.ts'
import type { EmailChanges, EmailStatus } from './email.ts'
import { type CanonicalQuery, canonicalKey } from './filter.ts'

/** The tag of every list: any of them may change with any message. */
export const LIST_TAG = 'list'

const ROW = 'row/'

/** Statuses in which nothing is left to do, so that lists of them seldom change. */
export const SETTLED: readonly EmailStatus[] = ['completed', 'resolved', 'archived']

/** The fields that queries look at and that can change. Sender, thread and date never do. */
const FILTERABLE = ['status', 'priority', 'assignedTo', 'isRead'] as const satisfies readonly (
  | keyof EmailChanges
  | keyof CanonicalQuery
)[]

export function rowKey(id: string): string {
  return `${ROW}${id}`
}

export function idOfRow(key: string): string {
  return key.slice(ROW.length)
}

/** A hash: a query may be longer than a key can be, and names people. */
export function listKey(query: CanonicalQuery): string {
  return `list/${toBase64Url(sha256(encodeUtf8(canonicalKey(query))))}`
}

/**
 * How long a list stays: `short` where work is waiting, `long` where it is done or the dates are in
 * the past, else `medium`. Invalidation keeps lists right; this bounds what nobody reads again, and
 * what changes behind the repository's back.
 *
 * @param now Epoch milliseconds.
 */
export function listTtl(
  { statuses, assignedTo, receivedTo }: CanonicalQuery,
  now: number,
): TtlClass {
  if (assignedTo === null || statuses?.includes('new')) return 'short'
  if (receivedTo !== undefined && receivedTo < now) return 'long'
  return statuses?.every((status) => SETTLED.includes(status)) ? 'long' : 'medium'
}

/**
 * Whether changes may move a message from one list to another.
 *
 * Goes by the fields that are named, not by the values before and after: the same change made
 * again, since the first could not be told to the cache, must be told in full.
 */
export function touchesLists(changes: EmailChanges): boolean {
  return FILTERABLE.some((field) => changes[field] !== undefined)
}
