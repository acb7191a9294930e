/**
 * The SQL of workflow chains.
 *
 * @module
 */

import { sql } from 'kysely'
import { builder, compile } from './builder.ts'
import type { SqlStatement } from './driver.ts'
import type { ParsedChain } from './workflow-chain.ts'

export function selectChain(id: string): SqlStatement {
  return compile(builder.selectFrom('workflow_chains').selectAll().where('id', '=', id))
}

/** Changes what is given of the chain that is there, if it is. */
export function updateChain(chain: ParsedChain, now: number): SqlStatement {
  const { id, workflowType, workflowState, isComplete, startedAt, completedAt } = chain
  return compile(
    builder
      .updateTable('workflow_chains')
      .set((eb) => ({
        ...(workflowType !== undefined && { workflow_type: workflowType }),
        ...(workflowState !== undefined && { workflow_state: workflowState }),
        ...(isComplete !== undefined && { is_complete: Number(isComplete) }),
        ...(startedAt !== undefined && { started_at: startedAt }),
        ...(completedAt !== undefined && { completed_at: completedAt }),
        // A chain completed before keeps its time; the right-hand side sees the row as it was.
        ...(isComplete !== undefined &&
          completedAt === undefined && {
            completed_at: isComplete
              ? sql<number>`case when is_complete = 1 then completed_at else ${now} end`
              : null,
          }),
        updated_at: now,
        version: eb('version', '+', 1),
      }))
      .where('id', '=', id)
      .returningAll(),
  )
}

/** Stores a chain unless it is there; one without a type is not stored. */
export function insertChain(chain: ParsedChain, now: number): SqlStatement | undefined {
  const { id, workflowType, workflowState, isComplete = false, startedAt, completedAt } = chain
  if (workflowType === undefined) return undefined
  return compile(
    builder
      .insertInto('workflow_chains')
      .values({
        id,
        workflow_type: workflowType,
        workflow_state: workflowState ?? null,
        is_complete: Number(isComplete),
        started_at: startedAt ?? now,
        completed_at: completedAt ?? (isComplete ? now : null),
        created_at: now,
        updated_at: now,
        version: 1,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll(),
  )
}
