/**
 * Checks a property and reports the result, whether it holds or not.
 *
 * @module
 */

import fc from 'fast-check'
import { found } from '../support/findings.ts'

type Found = Parameters<typeof found>

/** Checks the property, reports `counts()` and the number of differences, and fails with the first one. */
export async function report<Inputs>(
  [task, part]: readonly [Found[0], Found[1]],
  counts: () => Found[2],
  property: fc.IAsyncProperty<Inputs>,
  parameters: fc.Parameters<Inputs>,
): Promise<void> {
  const details = await fc.check(property, parameters)
  found(task, part, { ...counts(), differences: details.failed ? 1 : 0 })
  if (!details.failed) return
  const message = await fc.asyncDefaultReportMessage(details)
  throw new Error(message, { cause: details.errorInstance })
}
