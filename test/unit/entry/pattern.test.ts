import { describe, expect, test } from 'vitest'
import { compilePattern, parsePattern } from '../../../src/entry/pattern.ts'
import { InvalidKeyError } from '../../../src/errors.ts'
import { cpuTimeOf } from '../../support/cpu-time.ts'

describe('compilePattern', () => {
  test.each([
    ['user:42', 'user:42'],
    ['user:*', 'user:'],
    ['user:*', 'user:42:profile'],
    ['*', 'anything at all'],
    ['*:profile', 'user:42:profile'],
    ['u*:*e', 'user:42:profile'],
    ['a*b*c', 'a--b-b--c'],
    ['user:?', 'user:4'],
    ['??', 'é😀'],
    ['*?', '😀'],
    ['a\\*b', 'a*b'],
    ['a\\?b', 'a?b'],
    ['a\\\\b', 'a\\b'],
    ['\\a', 'a'],
    ['[ab]', '[ab]'],
    ['line*', 'line\nbreak'],
    ['aab*aab', 'aabaab'],
  ])('%s stands for %s', (pattern, key) => {
    expect(compilePattern(pattern)(key)).toBe(true)
  })

  test.each([
    ['user:42', 'user:421'],
    ['user:42', 'user:4'],
    ['user:*', 'User:1'],
    ['*:profile', 'user:42:profiles'],
    ['user:?', 'user:'],
    ['user:?', 'user:42'],
    ['?', '😀😀'],
    ['a\\*b', 'axb'],
    ['[ab]', 'a'],
    ['a*b*c', 'acb'],
    ['aab*aab', 'aabab'],
    ['one', 'x'],
    ['run', 'x'],
  ])('%s does not stand for %s', (pattern, key) => {
    expect(compilePattern(pattern)(key)).toBe(false)
  })

  test('tries a hostile pattern on a long key in bounded steps', () => {
    // 32 runs that nearly match at every place take a backtracking matcher longer than the universe.
    const matches = compilePattern(`${'a*'.repeat(32)}b`)

    const ms = cpuTimeOf(() => expect(matches('a'.repeat(20_000))).toBe(false))

    expect(ms).toBeLessThan(2_000)
  })
})

describe('parsePattern', () => {
  test('makes one text of literal and escaped characters, and one run of stars', () => {
    expect(parsePattern('a\\*b**?c')).toEqual([
      { kind: 'text', text: 'a*b' },
      { kind: 'run' },
      { kind: 'one' },
      { kind: 'text', text: 'c' },
    ])
  })

  test.each([
    ['', 'pattern is empty'],
    ['a\\', 'pattern ends in a lone escape'],
    ['\ud800', 'pattern has a lone surrogate'],
    ['a'.repeat(1_025), 'pattern is longer than 1024 bytes'],
    ['é'.repeat(513), 'pattern is longer than 1024 bytes'],
    ['a*'.repeat(33), 'pattern has more than 32 wildcards'],
    ['a?'.repeat(33), 'pattern has more than 32 wildcards'],
    [42 as never, 'pattern is not a string'],
  ])('refuses a bad pattern: "%s"', (pattern, reason) => {
    expect(() => parsePattern(pattern)).toThrow(
      expect.objectContaining({ name: InvalidKeyError.name, reason }),
    )
  })

  test('allows as many single characters in a row as the length does', () => {
    expect(parsePattern('?'.repeat(1_024))).toHaveLength(1_024)
  })
})
