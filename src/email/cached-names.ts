/**
 * Under which keys the parts of a mailbox are cached, and for how long.
 *
 * @module
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import type { TtlClass } from '../entry/duration.ts'
import { type EmailChanges, SETTLED_STATUSES } from './email.ts'
import { type CanonicalQuery, canonicalKey } from './filter.ts'

/** The tag of every list: any of them may change with any message. */
export const LIST_TAG = 'list'

const ROW = 'row/'

/** What no query looks at and no order sorts by, of what can change. */
const UNSEEN: readonly (keyof EmailChanges)[] = [
  'importance',
  'assignedAt',
  'dueDate',
  'isWorkflowComplete',
  'analysisConfidence',
  'processedAt',
  'processingVersion',
]

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
export function listTtl({ branches, total }: CanonicalQuery, now: number): TtlClass {
  const isLive = branches.some(
    ({ statuses, assignees }) => assignees?.includes(null) || statuses?.includes('new'),
  )
  if (isLive || total) return 'short'
  const isClosed = branches.every(
    ({ statuses, received }) =>
      (received?.to !== undefined && received.to < now) ||
      statuses?.every((status) => SETTLED_STATUSES.includes(status)),
  )
  return isClosed ? 'long' : 'medium'
}

/**
 * Whether changes may move a message from one list to another.
 *
 * Goes by the fields that are named, not by the values before and after: the same change made
 * again, since the first could not be told to the cache, must be told in full.
 */
export function touchesLists(changes: EmailChanges): boolean {
  return Object.entries(changes).some(
    ([field, value]) => value !== undefined && !UNSEEN.includes(field as keyof EmailChanges),
  )
}
