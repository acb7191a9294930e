/**
 * The contract of every transport, for authors of transports to run.
 *
 * @module
 */

import {
  type ContractCase,
  type ContractOptions,
  casesOf,
  type MakeTransport,
} from './contract-case.ts'
import { BATCHES, sdkClause } from './transport-batches.ts'
import { LUA_REPLIES, REPLIES } from './transport-replies.ts'

/** Options for {@link transportContract}. */
export interface TransportContractOptions extends ContractOptions {
  /**
   * Whether the Redis behind it runs any Lua script; the embedded engine knows only those of the cache.
   * @default true
   */
  readonly lua?: boolean
}

/**
 * The contract of a transport, as cases for any test runner.
 *
 * @param make Makes a new transport to an empty database, once for each case.
 *
 * @example
 * ```ts
 * for (const { name, run } of transportContract(() => myTransport())) test(name, run)
 * ```
 */
export function transportContract(
  make: MakeTransport,
  options: TransportContractOptions = {},
): readonly ContractCase[] {
  const { lua = true } = options
  const clauses = [...REPLIES, ...(lua ? LUA_REPLIES : []), ...BATCHES, sdkClause(lua)]
  return casesOf(clauses, make, options)
}
