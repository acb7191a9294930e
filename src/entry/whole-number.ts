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
 * @param max At most 2^53 - 1, which is where whole numbers end to be exact.
 * @throws {InvalidOptionError} Naming `option`, when it is none.
 */
export function wholeNumber(
  value: unknown,
  option: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  throw new InvalidOptionError(
    option,
    `a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`,
  )
}
