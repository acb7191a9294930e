/**
 * Waits for what is about to be so, on a machine that may do much else meanwhile.
 *
 * @module
 */

import { vi } from 'vitest'

/** Below the time of a test, so that what is not so is what the test is told to have failed of. */
const PATIENT = { timeout: 15_000, interval: 20 }

/** Resolves to what `check` returns once it throws no more; rejects with what it threw last, if it always does. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, PATIENT)
}
