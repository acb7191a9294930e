/**
 * Checks options of the cached mailbox.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { type NearMessages, NearRows } from './cached-near.ts'

export function checkChoice(value: string, option: string, words: readonly string[]): void {
  if (!words.includes(value)) throw new InvalidOptionError(option, `one of ${words.join(', ')}`)
}

export function checkTimeout(value: number): number {
  if (Number.isSafeInteger(value) && value >= 100 && value <= 600_000) return value
  throw new InvalidOptionError('writeTimeoutMs', 'a whole number of milliseconds, 100 to 600_000')
}

/** The copies in this process, if there are to be any. */
export function checkNear(
  options: NearMessages | undefined,
  isStrict: boolean,
  platform: Platform,
): NearRows | undefined {
  if (options === undefined) return undefined
  // Without marks the log does not say what is about to change.
  if (!isStrict) throw new InvalidOptionError('near', "given only with consistency: 'strict'")
  return new NearRows(options, platform)
}
