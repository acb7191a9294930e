import { describe, expect, test } from 'vitest'
import { imfFixdate, midnightOf } from '../../../src/entry/iso-time.ts'

describe('imfFixdate', () => {
  test('writes an instant in whole seconds', () => {
    expect(imfFixdate(Date.UTC(1994, 10, 6, 8, 49, 37, 999))).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
  })
})

describe('midnightOf', () => {
  test.each([
    [1970, 1, 1, 0],
    [2024, 2, 29, Date.UTC(2024, 1, 29)],
    [1969, 12, 31, -86_400_000],
    [1, 1, 1, -62_135_596_800_000],
    [99, 12, 31, -59_011_545_600_000],
  ])('is where %d-%d-%d begins', (year, month, day, expected) => {
    expect(midnightOf(year, month, day)).toBe(expected)
  })

  test.each([
    [2023, 2, 29],
    [1900, 2, 29],
    [2026, 4, 31],
    [2026, 1, 0],
    [2026, 0, 1],
    [2026, 13, 1],
  ])('is undefined for %d-%d-%d, which does not exist', (year, month, day) => {
    expect(midnightOf(year, month, day)).toBeUndefined()
  })
})
