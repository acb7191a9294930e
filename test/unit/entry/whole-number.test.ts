import { describe, expect, test } from 'vitest'
import { wholeNumber } from '../../../src/entry/whole-number.ts'
import { InvalidOptionError } from '../../../src/errors.ts'

describe('wholeNumber', () => {
  test.each([1, 7, 10])('lets %d pass, within its bounds', (value) => {
    expect(wholeNumber(value, 'count', 1, 10)).toBe(value)
  })

  test.each([0, 11, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', 5n, null, undefined])(
    'refuses %s by the name of the option and its bounds',
    (value) => {
      expect(() => wholeNumber(value, 'near.count', 1, 10)).toThrow(
        'Option "near.count" must be a whole number from 1 to 10',
      )
    },
  )

  test('has where whole numbers end to be exact for an upper bound', () => {
    expect(wholeNumber(Number.MAX_SAFE_INTEGER, 'count', 0)).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => wholeNumber(2 ** 53, 'count', 0)).toThrow(InvalidOptionError)
  })

  test('does not tell where whole numbers end to who has given too small a one', () => {
    expect(() => wholeNumber(0, 'count', 1)).toThrow(
      'Option "count" must be a whole number of at least 1',
    )
  })
})
