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
  /** Messages a chain; null without a chain. */
  readonly meanEmails: number | null
  /** From the beginning of a completed chain to its completion; null without one. */
  readonly meanHours: number | null
}

/**
 * The figures of the messages received in a range. Each count is that of a filter, named with it,
 * within the range.
 */
export interface EmailAnalytics {
  readonly totalCount: number
  /** Received since {@link dayStart}. */
  readonly todaysCount: number
  /** Of priority `critical` or `high`, in one of the open statuses. */
  readonly urgentCount: number
  /** Assigned to nobody, in one of the open statuses. */
  readonly unassignedCount: number
  readonly unreadCount: number
  readonly byStatus: Readonly<Record<EmailStatus, number>>
  readonly byPriority: Readonly<Record<EmailPriority, number>>
  /** Those with open messages, most of them first; at most 100 people. */
  readonly workload: readonly Workload[]
  readonly workflowStats: WorkflowStats
  /** Midnight (UTC) of the day that `todaysCount` is of, in epoch milliseconds. */
  readonly dayStart: number
}
