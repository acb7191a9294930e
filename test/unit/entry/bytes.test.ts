import { describe, expect, test } from 'vitest'
import {
  decodeUtf8,
  fromBase64,
  isLongerThan,
  toBase64,
  toBase64Url,
} from '../../../src/entry/bytes.ts'

describe('isLongerThan', () => {
  test.each([
    ['aaaa', 4],
    ['éé', 4],
    ['€€', 6],
    ['😀😀', 8],
    ['', 0],
  ])('counts the UTF-8 bytes of "%s" as %d', (text, bytes) => {
    expect(isLongerThan(text, bytes)).toBe(false)
    if (bytes > 0) expect(isLongerThan(text, bytes - 1)).toBe(true)
  })
})

describe('base64', () => {
  test.each([0, 1, 2, 3, 8_191, 8_192, 8_193])('brings %d bytes back', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7)

    expect(fromBase64(toBase64(bytes))).toEqual(bytes)
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
    expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
  })

  test.each([
    ['an unknown character', 'AAA*'],
    ['missing padding', 'AA'],
    ['white space in place of padding', 'AA  '],
    ['white space added', 'AA==    '],
    ['white space within', 'AA AAAA '],
    ['stray bits before one padding character', 'AAB='],
    ['stray bits before two', 'AB=='],
    ['padding in the middle', 'AA==AAAA'],
    ['padding alone', '===='],
  ])('refuses %s, so that one text stands for one sequence of bytes', (_, text) => {
    expect(fromBase64(text)).toBeUndefined()
  })
})

describe('decodeUtf8', () => {
  test('keeps a leading byte order mark, which is content', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
  })

  test('refuses bytes that are not UTF-8', () => {
    expect(() => decodeUtf8(Uint8Array.of(0xff))).toThrow(TypeError)
  })
})
