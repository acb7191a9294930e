/**
 * The slots of a job: cron expressions, in UTC. Uses the expressions and the calendar of croner, not its
 * class `Cron`, which adds timers.
 *
 * @module
 */

import { CronDate, CronPattern } from 'croner'
import { oneOf } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'

/**
 * What the digits of weekdays mean: `standard` has 0 or 7 = Sunday and 1 = Monday, as POSIX does;
 * `cloudflare` has 1 = Sunday to 7 = Saturday, as Cron Triggers do.
 */
export type Dialect = 'standard' | 'cloudflare'

const MAX_LENGTH = 128
const NICKNAME = /^@[a-z]+$/i
const SECOND_MS = 1_000
/** Minutes from UTC. */
const UTC = 0
/** Options of croner: a day matches if its day of the month or its weekday does. */
const OPTIONS = { domAndDow: false } as const

/** The slots of one cron expression, each the epoch milliseconds of a whole minute in UTC. */
export class Schedule {
  readonly #pattern: CronPattern

  /**
   * @param pattern Five fields, names of weekdays and months, `L`, `W`, `#`; or a nickname such as `@daily`.
   * @param dialect What digits of weekdays mean; without it they are refused.
   * @throws {InvalidOptionError} When the expression is malformed, is never due, or can be read two ways.
   */
  constructor(pattern: string, dialect?: Dialect) {
    if (typeof pattern !== 'string' || pattern.length > MAX_LENGTH) throw noSchedule()
    if (dialect !== undefined) oneOf(dialect, 'dialect', ['standard', 'cloudflare'])
    if (dialect === undefined && hasWeekdayDigits(pattern)) {
      throw new InvalidOptionError(
        'schedule',
        'written with names of weekdays (mon-fri), or given a dialect: 1 is Sunday on Cloudflare, and Monday elsewhere',
      )
    }
    this.#pattern = parse(pattern, dialect)
    if (this.next(0) === undefined) throw noSchedule()
  }

  /** The last slots at or before `now`, at most `count`, newest first. */
  latest(now: number, count: number): readonly number[] {
    // Croner finds slots before a second, and the current second has to count too.
    const after = (Math.floor(now / SECOND_MS) + 1) * SECOND_MS
    const date = new CronDate(dateOf(after), UTC)
    const slots: number[] = []
    while (slots.length < count && date.decrement(this.#pattern, OPTIONS))
      slots.push(date.getTime())
    return slots
  }

  /** The first slot after `slot`; `undefined` if the expression names no later day. */
  next(slot: number): number | undefined {
    return new CronDate(dateOf(slot), UTC).increment(this.#pattern, OPTIONS, false)?.getTime()
  }
}

/** Made where it is thrown, because its stack shows which job it is about. */
function noSchedule(): InvalidOptionError {
  return new InvalidOptionError(
    'schedule',
    'a cron expression of five fields, in UTC, of a time that comes',
  )
}

function dateOf(ms: number) {
  // biome-ignore lint/style/noRestrictedGlobals: an instant for croner, not the clock.
  return new Date(ms)
}

function parse(pattern: string, dialect: Dialect | undefined): CronPattern {
  try {
    return new CronPattern(pattern.trim(), undefined, {
      mode: '5-part',
      alternativeWeekdays: dialect === 'cloudflare',
    })
  } catch {
    throw noSchedule() // croner's own error quotes the expression
  }
}

/** Digits of a step (`/2`) and of a week of the month (`#2`) do not count. */
function hasWeekdayDigits(pattern: string): boolean {
  if (NICKNAME.test(pattern.trim())) return false
  const weekdays = pattern.trim().split(/\s+/)[4] ?? ''
  return /\d/.test(weekdays.replace(/[/#]\d+/g, ''))
}
