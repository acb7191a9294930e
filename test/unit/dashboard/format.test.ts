import { expect, test } from 'vitest'
import {
  bytes,
  clock,
  count,
  dateTime,
  dollars,
  duration,
  fromNow,
  percent,
} from '../../../src/dashboard/format.ts'

const FORMATS = { count, percent, duration, bytes, dollars }
const NOW = Date.UTC(2026, 0, 1, 14, 5, 9)

test.each([
  ['count', 1_234_567, '1,234,567'],
  ['count', undefined, '–'],
  ['percent', 0, '0 %'],
  ['percent', 99.96, '100 %'],
  ['percent', undefined, '–'],
  ['duration', 0.125, '0.13 ms'],
  ['duration', 12.4, '12 ms'],
  ['duration', 1_449, '1.4 s'],
  ['duration', 90_000, '1.5 min'],
  ['duration', 7_200_000, '2 h'],
  ['duration', 172_800_000, '2 d'],
  ['duration', undefined, '–'],
  ['bytes', 0, '0 B'],
  ['bytes', 999, '999 B'],
  ['bytes', 1_500, '1.5 kB'],
  ['bytes', 2.5e12, '2.5 TB'],
  ['bytes', undefined, '–'],
  ['dollars', 0, '$0.00'],
  ['dollars', 0.00123, '$0.0012'],
  ['dollars', 1_234.5, '$1,234.50'],
] as const)('%s of %s is %s', (name, value, text) => {
  expect(FORMATS[name](value)).toBe(text)
})

test.each([
  [NOW, 'now'],
  [NOW - 5_000, '5 s ago'],
  [NOW - 200_000, '3 min ago'],
  [NOW + 7_200_000, 'in 2 h'],
])('an instant %i is told as %s', (at, text) => {
  expect(fromNow(at, NOW)).toBe(text)
})

test('times are told in UTC', () => {
  expect(clock(NOW)).toBe('14:05')
  expect(dateTime(NOW)).toBe('2026-01-01 14:05:09')
})
