import { describe, expect, test } from 'vitest'
import { parseHttpDate } from '../../../src/http/http-date.ts'

const NOW = Date.UTC(2026, 0, 1)
const EPOCH_EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('parseHttpDate', () => {
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', EPOCH_EXAMPLE],
    ['Sunday, 06-Nov-94 08:49:37 GMT', EPOCH_EXAMPLE],
    ['Sun Nov  6 08:49:37 1994', EPOCH_EXAMPLE],
    ['SUN, 06 NOV 1994 08:49:37 gmt', EPOCH_EXAMPLE],
    ['Thursday, 18-Aug-50 02:01:18 GMT', Date.UTC(2050, 7, 18, 2, 1, 18)],
    ['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
    ['Tue, 19 Jan 2038 14:14:08 GMT', Date.UTC(2038, 0, 19, 14, 14, 8)],
  ])('reads %s', (text, expected) => {
    expect(parseHttpDate(text, NOW)).toBe(expected)
  })

  test.each([
    '0',
    '',
    '2026-01-01T00:00:00Z',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 29 Feb 2023 00:00:00 GMT',
    'Thu, 31 Apr 2026 00:00:00 GMT',
    'Thu, 18 Aug 2050 24:00:00 GMT',
    'Thu, 18 Xyz 2050 02:01:18 GMT',
  ])('refuses %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined()
  })

  test('returns no date if the header is missing', () => {
    expect(parseHttpDate(null, NOW)).toBeUndefined()
  })
})
