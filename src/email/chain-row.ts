/**
 * Rows of the `workflow_chains` table.
 *
 * @module
 */

import type { WorkflowChain } from './workflow-chain.ts'

/** The columns of `workflow_chains`. */
export interface ChainRow {
  id: string
  workflow_type: string
  workflow_state: string | null
  is_complete: number
  started_at: number
  completed_at: number | null
  created_at: number
  updated_at: number
  version: number
}

export function fromChainRow(row: ChainRow): WorkflowChain {
  return {
    id: row.id,
    workflowType: row.workflow_type,
    workflowState: row.workflow_state,
    isComplete: row.is_complete === 1,
    startedAt: row.started_at,
    completedAt: row.completed_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  }
}
