import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { expandSha256, hkdfSha256, hmacSha256, sha256 } from '../../../src/entry/sha256.ts'

/** Bytes without a pattern, the same in every run. */
function bytesOf(length: number): Uint8Array {
  let state = length + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 16
  })
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('sha256', () => {
  test('gives the digests of the standard for its texts', () => {
    expect(hex(sha256(new TextEncoder().encode('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(
      hex(
        sha256(
          new TextEncoder().encode('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
        ),
      ),
    ).toBe('248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1')
  })

  test('agrees with the host, for every length up to five blocks, and for a view', () => {
    for (let length = 0; length <= 320; length++) {
      const bytes = bytesOf(length)

      expect(hex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect(sha256(bytesOf(length + 3).subarray(3))).toEqual(sha256(bytesOf(length + 3).slice(3)))
    }
  })
})

describe('hmacSha256', () => {
  test('agrees with the host, for keys and texts of every length', () => {
    for (let length = 0; length <= 140; length++) {
      const key = bytesOf(length)
      const mac = hmacSha256(key)

      for (const bytes of [bytesOf(length), bytesOf(200 - length)]) {
        expect(hex(mac(bytes))).toBe(createHmac('sha256', key).update(bytes).digest('hex'))
      }
    }
  })
})

describe('hkdfSha256', () => {
  test('agrees with the host without a salt, and so does its second half at every length', () => {
    const secret = bytesOf(32)
    const info = bytesOf(50)
    const pseudorandom = hmacSha256(new Uint8Array(0))(secret)

    for (const length of [1, 31, 32, 33, 64, 100]) {
      const expected = hkdfSync('sha256', secret, new Uint8Array(0), info, length)

      expect(hex(expandSha256(pseudorandom, info, length))).toBe(hex(new Uint8Array(expected)))
    }
    expect(hkdfSha256(secret, info)).toEqual(expandSha256(pseudorandom, info, 32))
  })
})
