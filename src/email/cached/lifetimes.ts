/**
 * Lifetimes of the cached lists, figures and messages of a mailbox.
 *
 * The change log keeps lists correct. Lifetimes remove entries that are not read any more, and bound how
 * long changes that were made without the repository, and not notified, stay invisible.
 *
 * @module
 */

import type { TtlClass } from '../../entry/duration.ts'
import type { Branch } from '../branch.ts'
import { type Email, SETTLED_STATUSES } from '../email.ts'

/** How long the absence of a message is cached. */
export const ABSENT_TTL = '1m'

/** How long after its end a range of dates counts as closed: mail may be received late. */
const CLOSED_AFTER_MS = 86_400_000

/**
 * A list: `short` if it has new or unassigned messages, `long` if all are settled or its date range is
 * closed, otherwise `medium`. With several branches, the shortest lifetime counts.
 *
 * @param now Epoch milliseconds.
 */
export function listTtl(branches: readonly Branch[], now: number): TtlClass {
  const classes = branches.map((branch) => branchTtl(branch, now))
  return classes.includes('short') ? 'short' : classes.includes('medium') ? 'medium' : 'long'
}

function branchTtl({ assignees, statuses, received }: Branch, now: number): TtlClass {
  if (assignees?.includes(null) || statuses?.includes('new')) return 'short'
  if (isClosed(received?.to, now)) return 'long'
  return statuses?.every((status) => SETTLED_STATUSES.includes(status)) ? 'long' : 'medium'
}

/**
 * Figures: `veryLong` if the date range is closed, otherwise `short`.
 *
 * @param now Epoch milliseconds.
 */
export function analyticsTtl(to: number | undefined, now: number): TtlClass {
  return isClosed(to, now) ? 'veryLong' : 'short'
}

/**
 * A message: `veryLong` if its workflow is complete and it is processed or settled, `long` if it is only
 * settled, otherwise `medium`.
 */
export function rowTtl({
  status,
  isWorkflowComplete,
  processedAt,
}: Pick<Email, 'status' | 'isWorkflowComplete' | 'processedAt'>): TtlClass {
  const isSettled = SETTLED_STATUSES.includes(status)
  if (isWorkflowComplete && (processedAt !== null || isSettled)) return 'veryLong'
  return isSettled ? 'long' : 'medium'
}

function isClosed(to: number | undefined, now: number): boolean {
  return to !== undefined && to < now - CLOSED_AFTER_MS
}
