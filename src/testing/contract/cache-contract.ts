/**
 * The contract of a cache on a transport, for authors of transports to run.
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
 * The guarantees of docs/consistency.md as cases for any test runner: loads that run during a delete,
 * invalidation, clear, pattern invalidation or set; readers that start afterwards; lost markers, leases and
 * entries; requests that arrive late or twice. A transport that passes does not itself lose, repeat or
 * reorder requests.
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
