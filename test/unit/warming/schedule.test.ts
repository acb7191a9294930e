import { describe, expect, test } from 'vitest'
import { type Dialect, Schedule } from '../../../src/warming/schedule.ts'

/** 2026-01-01T00:00Z, a Thursday. */
const START = 1_767_225_600_000
const DAY = 86_400_000

const nextOf = (pattern: string, dialect?: Dialect): string =>
  new Date(new Schedule(pattern, dialect).next(START) ?? Number.NaN).toUTCString().slice(0, 22)

describe('Schedule', () => {
  test.each<[string, Dialect | undefined, string]>([
    ['0 17 * * 1', 'standard', 'Mon, 05 Jan 2026 17:00'],
    ['0 17 * * 1', 'cloudflare', 'Sun, 04 Jan 2026 17:00'],
    ['0 17 * * 7', 'standard', 'Sun, 04 Jan 2026 17:00'],
    ['0 17 * * 7', 'cloudflare', 'Sat, 03 Jan 2026 17:00'],
    ['0 17 * * sun', undefined, 'Sun, 04 Jan 2026 17:00'],
    ['0 17 * * sun', 'cloudflare', 'Sun, 04 Jan 2026 17:00'],
    ['0 17 * * mon-fri/2', undefined, 'Fri, 02 Jan 2026 17:00'],
    ['0 9 * * tue#2', undefined, 'Tue, 13 Jan 2026 09:00'],
    ['0 0 L * *', undefined, 'Sat, 31 Jan 2026 00:00'],
    ['0 */6 * * *', undefined, 'Thu, 01 Jan 2026 06:00'],
    ['@daily', undefined, 'Fri, 02 Jan 2026 00:00'],
  ])('%s (%s) comes next at %s, in UTC', (pattern, dialect, expected) => {
    expect(nextOf(pattern, dialect)).toBe(expected)
  })

  test('the present slot is the latest from its first millisecond to the last before the next', () => {
    const schedule = new Schedule('0 0 * * *')

    expect(schedule.latest(START - 1, 1)).toEqual([START - DAY])
    expect(schedule.latest(START, 2)).toEqual([START, START - DAY])
    expect(schedule.latest(START + DAY - 1, 1)).toEqual([START])
  })

  test.each(['0 17 * * 1', '0 17 * * 2-6', '0 0 * * 1,5', '0 0 * * fri,0'])(
    '%s can be read two ways, and is refused without a dialect',
    (pattern) => {
      expect(() => new Schedule(pattern)).toThrow(
        expect.objectContaining({
          code: 'ERR_INVALID_OPTION',
          option: 'schedule',
          message: expect.stringContaining('1 is Sunday on Cloudflare'),
        }),
      )
    },
  )

  test.each(['', '* * * *', '* * * * * *', '61 * * * *', '0 0 30 2 *', 'x'.repeat(200)])(
    'refuses %j without repeating it',
    (pattern) => {
      expect(() => new Schedule(pattern)).toThrow(
        'Option "schedule" must be a cron expression of five fields, in UTC, of a time that comes',
      )
    },
  )

  test('a Sunday of 0 is none on Cloudflare', () => {
    expect(() => new Schedule('0 0 * * 0', 'cloudflare')).toThrow(/schedule/)
  })
})
