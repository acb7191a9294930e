/**
 * Reads the numbers and durations of options.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { InvalidOptionError } from '../errors.ts'
import { UsageError } from './usage-error.ts'

/**
 * Accepts digits only: `1e3`, `0x10` and ` 7` are refused.
 *
 * @throws {UsageError} Names the option, never its value.
 */
export function readInteger(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  throw new UsageError(`--${option} must be a whole number ${range}`)
}

/**
 * Reads a duration such as `30s`. Returns milliseconds.
 *
 * @throws {UsageError} Names the option, never its value.
 */
export function readTime(option: string, text: string, least: Duration, most: Duration): number {
  const [min, max] = [toMilliseconds(least, option), toMilliseconds(most, option)]
  try {
    return toMilliseconds(text as Duration, option, { min, max })
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    throw new UsageError(
      `--${option} must be a time such as 500ms, 30s or 2h, from ${least} to ${most}`,
    )
  }
}
