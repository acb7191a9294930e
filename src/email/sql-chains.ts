/**
 * Reads and stores workflow chains in SQL.
 *
 * @module
 */

import { InvalidFilterError } from '../errors.ts'
import { type ChainRow, fromChainRow } from './chain-row.ts'
import type { SqlDriver } from './driver.ts'
import { readName } from './fields.ts'
import {
  parseChain,
  type WorkflowChain,
  type WorkflowChainChange,
  type WorkflowChainInput,
} from './workflow-chain.ts'
import { insertChain, selectChain, updateChain } from './workflow-statements.ts'

export async function readChain(driver: SqlDriver, id: string): Promise<WorkflowChain | undefined> {
  const { sql, params } = selectChain(readName(id, 'id'))
  const [row] = (await driver.all(sql, params)) as unknown as ChainRow[]
  return row && fromChainRow(row)
}

/**
 * Stores a chain, or changes the one with this id, in one transaction.
 *
 * @param now Epoch milliseconds.
 */
export async function storeChain(
  driver: SqlDriver,
  input: WorkflowChainInput,
  now: number,
): Promise<WorkflowChainChange> {
  const chain = parseChain(input)
  const steps = [selectChain(chain.id), updateChain(chain, now), insertChain(chain, now)]
  const answers = await driver.batch(steps.filter((step) => step !== undefined))
  const [[before] = [], [changed] = [], [created] = []] = answers as unknown as ChainRow[][]
  const after = changed ?? created
  if (after === undefined) {
    throw new InvalidFilterError('workflowType', 'given where the chain is new')
  }
  return { before: before && fromChainRow(before), after: fromChainRow(after) }
}
