/**
 * Numbers as they are typed.
 *
 * @module
 */

import { UsageError } from './usage-error.ts'

/**
 * Digits alone: `1e3`, `0x10` and ` 7` are not meant as numbers.
 *
 * @throws {UsageError} Naming the option, and never its value.
 */
export function readInteger(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`--${option} must be a whole number from ${least} to ${most}`)
}
