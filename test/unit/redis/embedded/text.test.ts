import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteLength, compareBytes, toByteString } from '../../../../src/redis/embedded/text.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 })

describe('text as UTF-8', () => {
  test('has the length of its encoding', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(byteLength(value)).toBe(Buffer.byteLength(value))
      }),
    )
  })

  test('counts a lone surrogate as the character that replaces it', () => {
    expect(byteLength('\uD800')).toBe(3)
    expect(byteLength('a\uD800b\uDC00')).toBe(8)
  })

  test('is ordered like its encoding', () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        const expected = Buffer.compare(Buffer.from(left), Buffer.from(right))
        expect(Math.sign(compareBytes(left, right))).toBe(expected)
      }),
    )
  })

  test('has one character for each byte when bytes are compared', () => {
    expect(toByteString('aé')).toBe('a\u00C3\u00A9')
  })
})
