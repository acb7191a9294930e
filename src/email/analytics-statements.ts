/**
 * The SQL of the figures of a mailbox.
 *
 * @module
 */

import type { EmailAnalytics, WorkflowStats, Workload } from './analytics.ts'
import type { Branch } from './branch.ts'
import type { SqlRow, SqlStatement } from './driver.ts'
import { OPEN_STATUSES, PRIORITIES, STATUSES } from './email.ts'

/** The most people in the list of workloads. */
const MAX_WORKLOADS = 100

const HOUR_MS = 3_600_000
const OPEN = `status IN (${OPEN_STATUSES.map((status) => `'${status}'`).join(', ')})`

/** A range of time with both ends, included. */
type Bounds = readonly [from: number, to: number]

/** The widest range of an ECMAScript time value. */
const ALWAYS: Bounds = [-8.64e15, 8.64e15]

/**
 * Four statements for one transaction: counts by status and priority, the count of the day, the workloads,
 * the workflow chains.
 */
export function selectAnalytics({ received }: Branch, dayStart: number): SqlStatement[] {
  const bounds: Bounds = [received?.from ?? ALWAYS[0], received?.to ?? ALWAYS[1]]
  const within = 'received_at BETWEEN ? AND ?'
  return [
    {
      sql: `SELECT status, priority, count(*) AS n, sum(assigned_to IS NULL) AS unassigned,
  sum(is_read = 0) AS unread FROM emails WHERE ${within} GROUP BY status, priority`,
      params: bounds,
    },
    {
      sql: `SELECT count(*) AS n FROM emails WHERE ${within} AND received_at >= ?`,
      params: [...bounds, dayStart],
    },
    {
      sql: `SELECT assigned_to AS assignedTo, count(*) AS openCount FROM emails
WHERE ${within} AND assigned_to IS NOT NULL AND ${OPEN}
GROUP BY assigned_to ORDER BY openCount DESC, assigned_to LIMIT ${MAX_WORKLOADS}`,
      params: bounds,
    },
    {
      sql: `SELECT count(*) AS chains, coalesce(sum(is_complete), 0) AS completed,
  avg((SELECT count(*) FROM emails WHERE workflow_chain_id = workflow_chains.id)) AS meanEmails,
  avg(CASE WHEN is_complete = 1 THEN completed_at - started_at END) AS meanMs
FROM workflow_chains WHERE started_at BETWEEN ? AND ?`,
      params: bounds,
    },
  ]
}

interface GroupRow {
  readonly status: (typeof STATUSES)[number]
  readonly priority: (typeof PRIORITIES)[number]
  readonly n: number
  readonly unassigned: number
  readonly unread: number
}

/** Combines the results of {@link selectAnalytics}. */
export function toAnalytics(answers: readonly SqlRow[][], dayStart: number): EmailAnalytics {
  const [groups = [], [today] = [], workload = [], [chains] = []] = answers
  const rows = groups as unknown as readonly GroupRow[]
  const open = rows.filter(({ status }) => OPEN_STATUSES.includes(status))
  const urgent = open.filter(({ priority }) => priority === 'critical' || priority === 'high')
  return {
    totalCount: sum(rows, ({ n }) => n),
    todaysCount: Number(today?.['n'] ?? 0),
    urgentCount: sum(urgent, ({ n }) => n),
    unassignedCount: sum(open, ({ unassigned }) => unassigned),
    unreadCount: sum(rows, ({ unread }) => unread),
    byStatus: tally(STATUSES, (word) => rows.filter(({ status }) => status === word)),
    byPriority: tally(PRIORITIES, (word) => rows.filter(({ priority }) => priority === word)),
    workload: workload.map((row) => ({ ...row })) as unknown as readonly Workload[],
    workflowStats: toWorkflowStats(chains),
    dayStart,
  }
}

function toWorkflowStats(row: SqlRow | undefined): WorkflowStats {
  const meanMs = row?.['meanMs'] as number | null | undefined
  return {
    chains: Number(row?.['chains'] ?? 0),
    completed: Number(row?.['completed'] ?? 0),
    meanEmails: (row?.['meanEmails'] as number | null | undefined) ?? null,
    meanHours: meanMs === null || meanMs === undefined ? null : meanMs / HOUR_MS,
  }
}

function sum<T>(rows: readonly T[], value: (row: T) => number): number {
  return rows.reduce((total, row) => total + value(row), 0)
}

function tally<W extends string>(
  words: readonly W[],
  of: (word: W) => readonly GroupRow[],
): Record<W, number> {
  return Object.fromEntries(words.map((word) => [word, sum(of(word), ({ n }) => n)])) as Record<
    W,
    number
  >
}
