/**
 * Checks counts and sizes among options, in the same words wherever they are.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'

/**
 * The value, if it is a whole number of `[min, max]`.
 *
 * @param option Dotted path of the option, for the error.
 * @throws {InvalidOptionError} Naming `option`, when it is none, or is beyond 2^53 - 1.
 */
export function wholeNumber(
  value: unknown,
  option: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) {
    return Number(value)
  }
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw new InvalidOptionError(option, `a whole number ${range}`)
}
