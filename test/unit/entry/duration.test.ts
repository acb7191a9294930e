import { describe, expect, test } from 'vitest'
import { jitter, TTL_CLASSES, toMilliseconds } from '../../../src/entry/duration.ts'
import { InvalidOptionError } from '../../../src/errors.ts'

describe('toMilliseconds', () => {
  test.each([
    [0, 0],
    [-0, 0],
    [1_500, 1_500],
    [1.6, 2],
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['short', 300_000],
    ['medium', 3_600_000],
    ['long', 86_400_000],
    ['veryLong', 604_800_000],
    ['3650d', 315_360_000_000],
  ] as const)('reads %s as %d ms', (value, ms) => {
    expect(toMilliseconds(value, 'ttl')).toBe(ms)
  })

  test.each([
    -1,
    -0.4,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.MAX_SAFE_INTEGER,
    '',
    '5',
    's',
    '-5s',
    '1e3s',
    '0x10s',
    ' 5s',
    '5 s',
    '5S',
    '.5s',
    '5.s',
    'Infinitys',
    'toString',
    '__proto__',
    '3651d',
    null,
    undefined,
    {},
    ['5s'],
    5n,
  ])('refuses %o and names the option', (value) => {
    const read = () => toMilliseconds(value as never, 'near.ttl')

    expect(read).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option: 'near.ttl' }),
    )
  })

  test('checks that a value is in the given range, bounds included', () => {
    const range = { min: 100, max: 1_000 }

    expect(toMilliseconds(100, 'x', range)).toBe(100)
    expect(toMilliseconds('1s', 'x', range)).toBe(1_000)
    expect(() => toMilliseconds(99, 'x', range)).toThrow('100 to 1000 ms')
    expect(() => toMilliseconds(1_001, 'x', range)).toThrow(InvalidOptionError)
  })

  test('the classes cannot be changed at run time', () => {
    expect(Object.isFrozen(TTL_CLASSES)).toBe(true)
  })
})

describe('jitter', () => {
  test.each([
    [0, 900],
    [0.5, 1_000],
    [0.75, 1_050],
  ])('at a draw of %d turns 1000 ms and a tenth into %d ms', (random, ms) => {
    expect(jitter(1_000, 0.1, random)).toBe(ms)
  })

  test('changes nothing with a ratio of 0', () => {
    expect(jitter(1_000, 0, 0.123)).toBe(1_000)
  })

  test('is never negative', () => {
    expect(jitter(10, 1, 0)).toBe(0)
  })
})
