import { describe, expect, test } from 'vitest'
import {
  modulo,
  need,
  toInteger,
  toNumber,
  toReply,
  toText,
} from '../../../../src/redis/embedded/twins/rate-limit/lua.ts'

describe('the numbers of Lua', () => {
  test.each([
    ['10', 10],
    [' -1.5e2 ', -150],
    ['0x10', 16],
    ['-0x10', -16],
    ['.5', 0.5],
    ['5.', 5],
    ['inf', Number.POSITIVE_INFINITY],
    ['-INFINITY', Number.NEGATIVE_INFINITY],
    ['', undefined],
    [' ', undefined],
    ['0b1', undefined],
    ['1_000', undefined],
    ['ten', undefined],
    [null, undefined],
    [7, 7],
  ])('are parsed from %j like tonumber', (text, number) => {
    expect(toNumber(text)).toBe(number)
  })

  // The text that Redis 7.0 stores for redis.call('SET', 'key', number).
  test.each([
    [5, '5'],
    [-5.25, '-5.25'],
    [0.1, '0.10000000000000001'],
    [1e-5, '1.0000000000000001e-05'],
    [0.0001, '0.0001'],
    [1e17, '1e+17'],
    [123456789012345680, '1.2345678901234568e+17'],
    [12345678901234568, '12345678901234568'],
    [1e100, '1e+100'],
    [-0, '-0'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ])('are written as text: %d as %s', (number, text) => {
    expect(toText(number)).toBe(text)
  })

  test('are truncated to integers in a reply; a list ends before its first nil', () => {
    expect(toReply([1.9, -1.9, undefined, 3])).toEqual([1, -1])
    expect(toInteger(Number.NaN)).toBe(-(2 ** 63))
    expect(toInteger(1e300)).toBe(-(2 ** 63))
  })

  test('take the sign of the divisor in a remainder', () => {
    expect(modulo(-5, 60)).toBe(55)
    expect(modulo(65, 60)).toBe(5)
  })

  test('are required by operators: other values cause an error', () => {
    expect(() => need('many')).toThrow(/^ERR /)
  })
})
