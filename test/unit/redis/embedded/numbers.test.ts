import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDecimals } from '../../../../src/redis/embedded/decimal.ts'
import {
  addIntegers,
  formatDouble,
  parseDouble,
  parseInteger,
} from '../../../../src/redis/embedded/parse.ts'
import { cpuTimeOf } from '../../../support/cpu-time.ts'

describe('numbers in commands', () => {
  test.each(['', '-', '+1', ' 1', '1 ', '01', '-0', '1.0', '1e3', '0x1', '9223372036854775808'])(
    '%j is not an integer',
    (text) => {
      expect(() => parseInteger(text)).toThrow('ERR value is not an integer or out of range')
    },
  )

  test('are added exactly over the whole range of 64 bits', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    fc.assert(
      fc.property(int64, int64, (left, right) => {
        const sum = left + right
        const add = (): string => addIntegers(String(left), String(right))
        if (BigInt.asIntN(64, sum) === sum) expect(add()).toBe(String(sum))
        else expect(add).toThrow('ERR increment or decrement would overflow')
      }),
    )
  })

  test.each([
    ['0.1', '0.2', '0.3'],
    ['10.50', '0.1', '10.6'],
    ['5.0e3', '2.0e2', '5200'],
    ['-1', '1', '0'],
    ['-0.25', '0', '-0.25'],
    ['1e-18', '0', '0'],
    ['5e-18', '0', '0.00000000000000001'],
  ])('%s plus %s is %s', (left, right, sum) => {
    expect(addDecimals(left, right)).toBe(sum)
  })

  test('are refused if their decimal digits would exhaust memory', () => {
    expect(() => addDecimals('0', '1e999999999')).toThrow('ERR value is not a valid float')
    expect(() => addDecimals('0', '1e-999999999')).toThrow('ERR value is not a valid float')
  })

  test('are refused in time in proportion to their length, however many digits come first', () => {
    const text = `${'1'.repeat(50_000)}x`

    const ms = cpuTimeOf(() => {
      expect(() => parseDouble(text)).toThrow('ERR value is not a valid float')
      expect(() => addDecimals(text, '1')).toThrow('ERR value is not a valid float')
    })

    expect(ms).toBeLessThan(1_000)
  })

  test('can be parsed from the text of a score', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseDouble(formatDouble(value))).toBe(value)
      }),
    )
    expect(formatDouble(2 ** 60)).toBe('1152921504606846976')
  })
})
