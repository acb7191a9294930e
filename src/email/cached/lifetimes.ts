/**
 * How long what is cached of a mailbox stays, by what it is.
 *
 * The change log keeps lists right; a lifetime bounds what nobody reads again, and what changes behind
 * the repository's back without being notified.
 *
 * @module
 */

import type { TtlClass } from '../../entry/duration.ts'
import type { Branch } from '../branch.ts'
import { type Email, SETTLED_STATUSES } from '../email.ts'

/** How long a message that is not there is known not to be. */
export const ABSENT_TTL = '1m'

/** How long after its end a range of dates counts as closed: mail may be received late. */
const CLOSED_AFTER_MS = 86_400_000

/**
 * A list: `short` where work is waiting, `long` where it is done or the dates are closed, else
 * `medium`. The shortest of its branches counts.
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
 * Figures: `veryLong` of a range that is closed, else `short`.
 *
 * @param now Epoch milliseconds.
 */
export function analyticsTtl(to: number | undefined, now: number): TtlClass {
  return isClosed(to, now) ? 'veryLong' : 'short'
}

/** A message: `veryLong` once its analysis and its workflow are complete, `long` once it is settled. */
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
