import { describe, expect, test } from 'vitest'
import { compileGlob } from '../../../../src/redis/embedded/glob.ts'

describe('compileGlob', () => {
  test.each([
    ['*', '', true],
    ['a*', 'abc', true],
    ['a*', 'ba', false],
    ['*b*d', 'abcbd', true],
    ['*b*d', 'abcbde', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]x', 'bx', true],
    ['[c-a]x', 'bx', true],
    ['[^a]', 'a', false],
    ['[^a]', 'b', true],
    ['[]', 'a', false],
    ['[^]', 'a', true],
    ['[abc', 'c', true],
    ['[a-]', ']', true],
    ['[\\]]', ']', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a\\', 'a\\', true],
    ['', '', true],
    ['', 'a', false],
    ['user:*:é', 'user:1:é', true],
  ])('%j on %j is %j', (pattern, text, expected) => {
    expect(compileGlob(pattern)(text)).toBe(expected)
  })

  test('counts the bytes of a character outside ASCII, like Redis', () => {
    expect(compileGlob('?')('é')).toBe(false)
    expect(compileGlob('??')('é')).toBe(true)
  })

  test('matches a hostile pattern in a number of steps bounded by both lengths', () => {
    const matches = compileGlob(`${'a*'.repeat(2_000)}b`)
    expect(matches('a'.repeat(20_000))).toBe(false)
  })
})
