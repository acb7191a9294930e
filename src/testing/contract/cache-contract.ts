/**
 * What a cache on a transport owes to its users, for authors of transports to run.
 *
 * @module
 */

import { COPIES } from './cache-copies.ts'
import { LOSSES } from './cache-losses.ts'
import { RACES } from './cache-races.ts'
import {
  type ContractCase,
  type ContractOptions,
  casesOf,
  type MakeTransport,
} from './contract-case.ts'

/**
 * The promise of docs/consistency.md as cases for any test runner: loads against delete, invalidation,
 * clear, pattern and set; readers that come after; lost markers, leases and entries; requests that
 * arrive late and twice. A transport that passes loses, repeats and reorders nothing by itself.
 *
 * @param make Makes a new transport to an empty database, once for each case.
 *
 * @example
 * ```ts
 * for (const { name, run } of cacheContract(() => myTransport())) test(name, run)
 * ```
 */
export function cacheContract(
  make: MakeTransport,
  options: ContractOptions = {},
): readonly ContractCase[] {
  return casesOf([...RACES, ...COPIES, ...LOSSES], make, options)
}
