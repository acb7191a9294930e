/**
 * The SQL of workflow chains.
 *
 * @module
 */

import { sql } from 'kysely'
import { assign, compile } from './builder.ts'
import type { ChainRow } from './chain-row.ts'
import type { SqlStatement } from './driver.ts'
import type { ParsedChain } from './workflow-chain.ts'

export function selectChain(id: string): SqlStatement {
  return compile(sql`select * from workflow_chains where id = ${id}`)
}

/** Sets the given fields of the chain, if it exists. */
export function updateChain(chain: ParsedChain, now: number): SqlStatement {
  const { id, workflowType, workflowState, isComplete, startedAt, completedAt } = chain
  const values = assign<ChainRow>({
    ...(workflowType !== undefined && { workflow_type: workflowType }),
    ...(workflowState !== undefined && { workflow_state: workflowState }),
    ...(isComplete !== undefined && { is_complete: Number(isComplete) }),
    ...(startedAt !== undefined && { started_at: startedAt }),
    ...(completedAt !== undefined && { completed_at: completedAt }),
    // A chain that was already complete keeps its time: the right-hand side sees the row before the update.
    ...(isComplete !== undefined &&
      completedAt === undefined && {
        completed_at: isComplete
          ? sql`case when is_complete = 1 then completed_at else ${now} end`
          : null,
      }),
    updated_at: now,
    version: sql`version + 1`,
  })
  return compile(sql`update workflow_chains set ${values} where id = ${id} returning *`)
}

/** Stores a chain unless it exists. Undefined for a chain without a type, which cannot be stored. */
export function insertChain(chain: ParsedChain, now: number): SqlStatement | undefined {
  const { id, workflowType, workflowState, isComplete = false, startedAt, completedAt } = chain
  if (workflowType === undefined) return undefined
  const started = startedAt ?? now
  const completed = completedAt ?? (isComplete ? now : null)
  return compile(
    sql`insert into workflow_chains (id, workflow_type, workflow_state, is_complete, started_at,
  completed_at, created_at, updated_at, version)
values (${id}, ${workflowType}, ${workflowState ?? null}, ${Number(isComplete)}, ${started},
  ${completed}, ${now}, ${now}, 1) on conflict do nothing returning *`,
  )
}
