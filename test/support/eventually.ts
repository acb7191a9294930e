/**
 * Waits for a condition, also on a busy machine.
 *
 * @module
 */

import { vi } from 'vitest'

/** Below the timeout of a test, so that the test fails with the last error of the check. */
const PATIENT = { timeout: 15_000, interval: 20 }

/** Resolves to the result of `check` once it no longer throws. Rejects with its last error after the time limit. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, PATIENT)
}
