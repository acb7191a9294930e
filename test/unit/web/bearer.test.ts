import { describe, expect, test } from 'vitest'
import { bearerIn, isSameSecret } from '../../../src/web/bearer.ts'

test.each([
  ['token', 'token', true],
  ['token', 'tokem', false],
  ['token', 'toke', false],
  ['', 'token', false],
  ['tokén', 'tokén', true],
])('"%s" and "%s" are the same: %s', async (given, expected, same) => {
  expect(await isSameSecret(given, expected)).toBe(same)
})

describe('bearerIn', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer   abc ', 'abc'],
    ['Basic abc', ''],
    ['Bearer a b', ''],
  ])('"%s" has "%s"', (authorization, token) => {
    expect(bearerIn(new Headers({ authorization }))).toBe(token)
  })
})
