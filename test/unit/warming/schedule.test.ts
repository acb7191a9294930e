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
    ['0 0 LW * *', undefined, 'Fri, 30 Jan 2026 00:00'],
    ['0 0 15,L feb ?', undefined, 'Sun, 15 Feb 2026 00:00'],
    ['0 0 10W * *', undefined, 'Fri, 09 Jan 2026 00:00'],
    ['0 0 11W * *', undefined, 'Mon, 12 Jan 2026 00:00'],
    ['0 0 1W aug *', undefined, 'Mon, 03 Aug 2026 00:00'],
    ['0 0 31W may *', undefined, 'Fri, 29 May 2026 00:00'],
    ['0 0 * * thuL', undefined, 'Thu, 29 Jan 2026 00:00'],
    ['0 0 * * mon-wed#L', undefined, 'Mon, 26 Jan 2026 00:00'],
    ['0 0 * * fri-sun', undefined, 'Fri, 02 Jan 2026 00:00'],
    ['0 0 * * 2#1', 'cloudflare', 'Mon, 05 Jan 2026 00:00'],
    ['0 0 13 * fri', undefined, 'Fri, 02 Jan 2026 00:00'],
    ['0 0 13 * +fri', undefined, 'Fri, 13 Feb 2026 00:00'],
    ['0 0 29 2 *', undefined, 'Tue, 29 Feb 2028 00:00'],
    ['@daily', undefined, 'Fri, 02 Jan 2026 00:00'],
    ['@yearly', undefined, 'Fri, 01 Jan 2027 00:00'],
  ])('%s (%s) is due next at %s, in UTC', (pattern, dialect, expected) => {
    expect(nextOf(pattern, dialect)).toBe(expected)
  })

  test('a slot is the latest one from its first millisecond until the next slot begins', () => {
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

  test.each([
    ...['', '* * * *', '* * * * * *', '61 * * * *', '0 24 * * *', '0 0 30 2 *', 'x'.repeat(200)],
    ...['0 0 0 * *', '0 0 32W * *', '0 0 W * *', '0 0 * 13 *', '@reboot', '0 0 * * thu-mon'],
    ...['0 0 * * mon#6', '0 0 * * L', '0 0 * * +', '5/10 * * * *', '*/0 * * * *', '1,,2 * * * *'],
  ])('refuses %j without repeating it', (pattern) => {
    expect(() => new Schedule(pattern)).toThrow(
      'Option "schedule" must be a cron expression of five fields, in UTC, of a time that comes',
    )
  })

  test('the stack of each refusal shows where its expression was given', () => {
    const refusalOf = function giveIt(pattern: string): Error | undefined {
      try {
        new Schedule(pattern)
        return undefined
      } catch (error) {
        return error as Error
      }
    }

    expect(refusalOf('* * * *')?.stack).toContain('giveIt')
    expect(refusalOf('* * * *')).not.toBe(refusalOf('* * * *'))
  })

  test('0 is not a Sunday on Cloudflare', () => {
    expect(() => new Schedule('0 0 * * 0', 'cloudflare')).toThrow(/schedule/)
  })
})
