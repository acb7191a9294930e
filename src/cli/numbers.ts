/**
 * Numbers, and times, as they are typed.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { InvalidOptionError } from '../errors.ts'
import { UsageError } from './usage-error.ts'

/**
 * Digits alone: `1e3`, `0x10` and ` 7` are not meant as numbers.
 *
 * @throws {UsageError} Naming the option, and never its value.
 */
export function readInteger(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  throw new UsageError(`--${option} must be a whole number ${range}`)
}

/**
 * A time such as `30s`, in milliseconds.
 *
 * @throws {UsageError} Naming the option, and never its value.
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
