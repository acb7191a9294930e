import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'
import {
  appended,
  patched,
  type StringValue,
  sliceOf,
  toBytes,
  toText,
} from '../../../../src/redis/embedded/string-value.ts'

const text = fc.string({ unit: 'binary', maxLength: 12 })
const value: fc.Arbitrary<StringValue> = fc.oneof(text, fc.uint8Array({ maxLength: 12 }))

/** The expected value, as bytes, as Redis stores it. */
function patchedBytes(old: StringValue, offset: number, patch: string): Buffer {
  const bytes = Buffer.from(toBytes(old))
  const gap = Buffer.alloc(Math.max(0, offset - bytes.length))
  const fresh = Buffer.from(patch)
  const end = bytes.subarray(offset + fresh.length)
  return Buffer.concat([bytes.subarray(0, offset), gap, fresh, end])
}

describe('a string value', () => {
  test('is cut by bytes, with U+FFFD for an incomplete character', () => {
    expect(sliceOf('aé', 0, 2)).toBe('a\uFFFD')
    expect(sliceOf('aé', 1, 3)).toBe('é')
    expect(sliceOf('abc', 1, 2)).toBe('b')
  })

  test('is patched by bytes, with zeros in a gap after its end', () => {
    expect(toText(patched('hello', 1, 'EL'))).toBe('hELlo')
    expect(toText(patched('a', 3, 'b'))).toBe('a\0\0b')
    expect(toText(patched('é', 3, 'ü'))).toBe('é\0ü')
  })

  test('keeps every byte that is patched in or appended', () => {
    fc.assert(
      fc.property(value, fc.nat(16), text, (old, offset, patch) => {
        const bytes = Buffer.from(toBytes(patched(old, offset, patch)))
        expect(bytes).toEqual(patchedBytes(old, offset, patch))

        const longer = Buffer.from(toBytes(appended(old, patch)))
        expect(longer).toEqual(Buffer.concat([toBytes(old), Buffer.from(patch)]))
      }),
    )
  })

  test('is immutable: a patch returns a new value', () => {
    const old = Uint8Array.of(0xff, 0xfe)
    patched(old, 0, 'x')
    expect(old).toEqual(Uint8Array.of(0xff, 0xfe))
  })

  test('restores a character cut by a command when its bytes are joined again', () => {
    const redis = new EmbeddedRedis()
    redis.execute(['SET', 'key', 'aé'])
    redis.execute(['SETBIT', 'key', 8, 0])
    expect(redis.execute(['GET', 'key']).result).toBe('aC\uFFFD')

    redis.execute(['SETBIT', 'key', 8, 1])

    expect(redis.execute(['GET', 'key']).result).toBe('aé')
    expect(redis.execute(['COPY', 'key', 'copy']).result).toBe(1)
    redis.execute(['SETBIT', 'copy', 8, 0])
    expect(redis.execute(['GET', 'key']).result).toBe('aé')
  })
})
