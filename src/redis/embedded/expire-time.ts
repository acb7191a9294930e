/**
 * Parses the expiry in commands.
 *
 * @module
 */

import { invalidExpireTime } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { parseInteger } from './parse.ts'

/** Redis stores instants as 64-bit milliseconds. */
const INSTANT_LIMIT = 2 ** 63

/** In seconds or milliseconds, from now or from the epoch. */
export type TimeUnit = 'EX' | 'PX' | 'EXAT' | 'PXAT'

export function isTimeUnit(word: string): word is TimeUnit {
  return word === 'EX' || word === 'PX' || word === 'EXAT' || word === 'PXAT'
}

/**
 * The instant that `text` gives, in epoch milliseconds; it may be in the past.
 *
 * @throws {CommandError} When `text` is not an integer, or the instant is out of range.
 */
export function instant(db: Keyspace, command: string, unit: TimeUnit, text: string): number {
  const time = parseInteger(text) * (unit === 'EX' || unit === 'EXAT' ? 1_000 : 1)
  const instant = unit === 'EX' || unit === 'PX' ? db.now + time : time
  if (Math.abs(time) > INSTANT_LIMIT || instant > INSTANT_LIMIT) {
    throw invalidExpireTime(command)
  }
  return instant
}

/** As {@link instant}, for the commands that refuse 0 and negative times. */
export function positiveInstant(
  db: Keyspace,
  command: string,
  unit: TimeUnit,
  text: string,
): number {
  if (parseInteger(text) <= 0) throw invalidExpireTime(command)
  return instant(db, command, unit, text)
}
