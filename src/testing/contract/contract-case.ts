/**
 * The parts of a contract, independent of the test runner.
 *
 * @module
 */

import { unlessAborted, withDeadline } from '../../flight/deadline.ts'
import { webPlatform } from '../../platform/web.ts'
import type { Transport } from '../../redis/requester.ts'
import { ContractViolation } from './check.ts'

/** One case: register it with `test(name, run)`. */
export interface ContractCase {
  /** A sentence, different from those of the other cases. */
  readonly name: string
  /** @throws {ContractViolation} When the tested object breaks the contract. */
  run(): Promise<void>
}

/**
 * Makes the object that one case tests: a new transport to an empty database. It is closed after the case,
 * and may have been closed before.
 */
export type MakeTransport = () => Transport | Promise<Transport>

/** Options of every contract. */
export interface ContractOptions {
  /** How long a case may take, in milliseconds; above 0. @default 10_000 */
  readonly timeoutMs?: number
}

/** A case that has no transport yet. */
export interface Clause {
  readonly name: string
  check(transport: Transport): Promise<void>
}

/** Gives each clause its own transport and a time limit. */
export function casesOf(
  clauses: readonly Clause[],
  make: MakeTransport,
  { timeoutMs = 10_000 }: ContractOptions,
): readonly ContractCase[] {
  const overdue = (): ContractViolation =>
    new ContractViolation(`Not done within ${timeoutMs} ms: a request was left without an answer`)
  return clauses.map(({ name, check }) => ({
    name,
    run: () =>
      withDeadline(webPlatform(), timeoutMs, overdue, (signal) => runOn(make, check, signal)),
  }))
}

async function runOn(
  make: MakeTransport,
  check: Clause['check'],
  signal: AbortSignal,
): Promise<void> {
  const transport = await make()
  try {
    // An open connection would keep the process of the test runner alive.
    await unlessAborted(check(transport), signal)
  } finally {
    await transport.close()
  }
}
