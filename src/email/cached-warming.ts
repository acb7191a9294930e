/**
 * What a mailbox reads ahead.
 *
 * @module
 */

import { OPEN_STATUSES } from './email.ts'
import { readBoolean, readFields, readInteger } from './fields.ts'
import type { EmailQuery } from './filter.ts'

/** What to read ahead, besides the views a mailbox opens with. */
export interface WarmOptions {
  /** The messages since midnight (UTC) this many days ago, newest first; 1 to 366. @default none */
  readonly recentDays?: number | undefined
  /** Messages of priority `critical` or `high` that are not settled, of any age. @default false */
  readonly priorityEmails?: boolean | undefined
  /** Walks no further once this many messages were read; 1 to 10_000. @default 1_000 */
  readonly maxEmails?: number | undefined
}

/** Options with their defaults. */
export interface ResolvedWarmOptions {
  readonly recentDays: number | undefined
  readonly priorityEmails: boolean
  readonly maxEmails: number
}

/** One query to read: its first page, or page after page. */
export interface WarmingStep {
  readonly query: EmailQuery
  readonly isWalked: boolean
}

const DAY_MS = 86_400_000

/** The first pages a mailbox opens with. */
const OPENING_VIEWS: readonly EmailQuery[] = [
  {},
  { statuses: ['new'] },
  { statuses: ['new', 'in_progress'] },
  { assignedTo: null },
]

/** @throws {InvalidFilterError} When an option is unknown or out of its range. */
export function readWarmOptions(options: WarmOptions): ResolvedWarmOptions {
  const { recentDays, priorityEmails, maxEmails } = readFields(options, 'options', [
    'recentDays',
    'priorityEmails',
    'maxEmails',
  ])
  return {
    recentDays:
      recentDays === undefined ? undefined : readInteger(recentDays, 'recentDays', 1, 366),
    priorityEmails: readBoolean(priorityEmails ?? false, 'priorityEmails'),
    maxEmails: readInteger(maxEmails ?? 1_000, 'maxEmails', 1, 10_000),
  }
}

/**
 * The queries to read, most wanted first.
 *
 * @param now Epoch milliseconds.
 */
export function warmingPlan(
  { recentDays, priorityEmails }: Pick<ResolvedWarmOptions, 'recentDays' | 'priorityEmails'>,
  now: number,
): WarmingStep[] {
  const steps = OPENING_VIEWS.map((query) => ({ query, isWalked: false }))
  if (priorityEmails) {
    const query: EmailQuery = { priorities: ['critical', 'high'], statuses: OPEN_STATUSES }
    steps.push({ query, isWalked: true })
  }
  if (recentDays !== undefined) {
    // From midnight, so that every call of a day asks the same, and finds it.
    const start = (Math.floor(now / DAY_MS) - recentDays) * DAY_MS
    steps.push({ query: { dateRange: { start } }, isWalked: true })
  }
  return steps
}
