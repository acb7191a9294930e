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
 * @param max At most 2^53 - 1, which is where whole numbers end to be exact. @default that
 * @throws {InvalidOptionError} Naming `option`, when it is none.
 */
export function wholeNumber(value: unknown, option: string, min: number, max?: number): number {
  const number = value as number
  if (Number.isSafeInteger(value) && number >= min && (max === undefined || number <= max)) {
    return number
  }
  const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`
  throw new InvalidOptionError(option, `a whole number ${range}`)
}
