import { describe, expect, test } from 'vitest'
import { fnv1a } from '../../../src/entry/fnv1a.ts'

describe('fnv1a', () => {
  // From the test vectors of its authors.
  test.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('of %j is %i', (text, hash) => {
    expect(fnv1a(text)).toBe(hash)
  })

  test('continues from the hash of the text before', () => {
    expect(fnv1a('bar', fnv1a('foo'))).toBe(fnv1a('foobar'))
  })
})
