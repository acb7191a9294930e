import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toInstant } from '../../../src/email/instant.ts'

describe('toInstant', () => {
  test('reads every ISO string of a Date whose year has four digits', () => {
    const min = new Date('0001-01-01T00:00:00Z')
    const max = new Date('9999-12-31T23:59:59.999Z')
    fc.assert(
      fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
        expect(toInstant(date.toISOString())).toBe(date.getTime())
        expect(toInstant(date)).toBe(date.getTime())
        expect(toInstant(date.getTime())).toBe(date.getTime())
      }),
    )
  })

  test.each([
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2026-01-31T09:30Z', Date.UTC(2026, 0, 31, 9, 30)],
    ['2026-01-31t09:30:05z', Date.UTC(2026, 0, 31, 9, 30, 5)],
    ['2026-01-31 09:30:05.1234567Z', Date.UTC(2026, 0, 31, 9, 30, 5, 123)],
    ['2026-01-31T09:30:05+02:00', Date.UTC(2026, 0, 31, 7, 30, 5)],
    ['2026-01-01T00:15:00-0545', Date.UTC(2026, 0, 1, 6, 0)],
  ])('reads %s', (text, instant) => {
    expect(toInstant(text)).toBe(instant)
  })

  test.each([
    ['a time without an offset', '2026-01-31T09:30:00'],
    ['a day that the month does not have', '2026-02-29'],
    ['a thirteenth month', '2026-13-01'],
    ['hour 24', '2026-01-01T24:00:00Z'],
    ['a leap second, which epoch time cannot hold', '2016-12-31T23:59:60Z'],
    ['words', 'yesterday'],
    ['an empty string', ''],
    ['a fraction of a millisecond', 1.5],
    ['NaN', Number.NaN],
    ['an instant beyond the calendar', 8.64e15 + 1],
    ['an invalid Date', new Date(Number.NaN)],
    ['null', null],
    ['a boolean', true],
    ['an object', {}],
    ['an object whose getTime returns no number', { getTime: (): string => '1' }],
  ])('refuses %s', (_, value) => {
    expect(toInstant(value)).toBeUndefined()
  })

  test('turns -0 into 0', () => {
    expect(Object.is(toInstant(-0), 0)).toBe(true)
  })
})
