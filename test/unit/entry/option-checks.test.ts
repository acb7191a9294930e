import { describe, expect, test } from 'vitest'
import {
  checkBoolean,
  checkCache,
  checkFunction,
  numberWithin,
  oneOf,
  wholeNumber,
} from '../../../src/entry/option-checks.ts'
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

  test('has the largest safe integer as its default upper bound', () => {
    expect(wholeNumber(Number.MAX_SAFE_INTEGER, 'count', 0)).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => wholeNumber(2 ** 53, 'count', 0)).toThrow(InvalidOptionError)
  })

  test('does not mention the default upper bound when the number is too small', () => {
    expect(() => wholeNumber(0, 'count', 1)).toThrow(
      'Option "count" must be a whole number of at least 1',
    )
  })
})

describe('numberWithin', () => {
  test.each([0, 0.3, 0.5])('lets %d pass, bounds included', (value) => {
    expect(numberWithin(value, 'jitter', 0, 0.5)).toBe(value)
  })

  // A string is compared like a number, but concatenated instead of added.
  test.each([-0.1, 0.6, Number.NaN, '0.3', null, undefined])('refuses %s', (value) => {
    expect(() => numberWithin(value, 'jitter', 0, 0.5)).toThrow(
      'Option "jitter" must be a number from 0 to 0.5',
    )
  })
})

describe('oneOf', () => {
  test('lets each of the words pass, and names all of them if given another', () => {
    expect(oneOf('copy', 'near.values', ['shared', 'copy'])).toBe('copy')
    expect(() => oneOf<string>('secret', 'near.values', ['shared', 'copy'])).toThrow(
      `Option "near.values" must be 'shared' or 'copy'`,
    )
  })
})

describe('checkBoolean and checkFunction', () => {
  test.each([0, 'true', null, undefined])('refuse %s', (value) => {
    expect(() => checkBoolean(value, 'atStart')).toThrow('Option "atStart" must be true or false')
    expect(() => checkFunction(value, 'fn')).toThrow('Option "fn" must be a function')
  })
})

describe('checkCache', () => {
  test.each([undefined, null, 5, {}, { redis: 'redis://localhost' }])('refuses %o', (value) => {
    expect(() => checkCache(value as never)).toThrow('Option "cache" must be a RedisCacheManager')
  })
})
