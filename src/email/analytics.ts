/**
 * The figures of a mailbox.
 *
 * @module
 */

import type { EmailPriority, EmailStatus } from './email.ts'

/** How many open messages one person has. */
export interface Workload {
  readonly assignedTo: string
  readonly openCount: number
}

/** The figures of workflow chains that began in the range. */
export interface WorkflowStats {
  readonly chains: number
  readonly completed: number
  /** Messages per chain; null if there is no chain. */
  readonly meanEmails: number | null
  /** Hours from start to completion of the completed chains; null if there is none. */
  readonly meanHours: number | null
}

/**
 * The figures of the messages received in a range. Each count is the number of messages in the range that
 * match a filter.
 */
export interface EmailAnalytics {
  readonly totalCount: number
  /** Received since {@link dayStart}. */
  readonly todaysCount: number
  /** Messages of priority `critical` or `high` in one of the open statuses. */
  readonly urgentCount: number
  /** Messages in one of the open statuses that are assigned to nobody. */
  readonly unassignedCount: number
  readonly unreadCount: number
  readonly byStatus: Readonly<Record<EmailStatus, number>>
  readonly byPriority: Readonly<Record<EmailPriority, number>>
  /** People with open messages, those with most first; at most 100. */
  readonly workload: readonly Workload[]
  readonly workflowStats: WorkflowStats
  /** Start (midnight UTC) of the day that `todaysCount` counts, in epoch milliseconds. */
  readonly dayStart: number
}
