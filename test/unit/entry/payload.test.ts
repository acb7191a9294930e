import { deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toBase64 } from '../../../src/entry/bytes.ts'
import { Cipher } from '../../../src/entry/cipher.ts'
import { type Compression, type EncodedValue, PayloadCodec } from '../../../src/entry/payload.ts'
import { CorruptEntryError, InvalidValueError } from '../../../src/errors.ts'

const cipher = new Cipher([{ id: 'k1', secret: 'ab'.repeat(32) }])
const compression = { thresholdBytes: 1_024 }
const plain = new PayloadCodec({ maxValueBytes: 10_000 })
const sealed = new PayloadCodec({ maxValueBytes: 10_000, cipher })

/** Node has zlib, so without a cipher nothing here is a promise. */
function encode(codec: PayloadCodec, value: unknown, how: Compression = compression): EncodedValue {
  return codec.encode(value, how) as EncodedValue
}

const long = { text: 'again and again; '.repeat(200) }
const context = () => ({
  purpose: 'cache',
  namespace: 'a',
  key: 'k',
  header: 'the header',
  createdAt: 0,
})
const unasked = () => expect.unreachable('the context must not be asked for')

function corrupt(reason: string): unknown {
  return expect.objectContaining({ name: CorruptEntryError.name, reason })
}

describe('PayloadCodec without a cipher', () => {
  test.each([
    ['j', { a: 1 }],
    ['d', { a: new Date(0) }],
    ['jz', long],
    ['dz', { ...long, at: new Date(0) }],
  ])('writes and reads %s at once', (encoding, value) => {
    const encoded = encode(plain, value)
    const payload = plain.seal(encoded, unasked)

    expect(encoded.encoding).toBe(encoding)
    expect(payload).toBe(encoded.text)
    expect(plain.decode(encoded.encoding, encoded.text, unasked)).toStrictEqual(value)
  })

  test('does not compress if compression is off', () => {
    expect(encode(plain, long, false).encoding).toBe('j')
  })

  test('refuses a value whose text is larger than the bound, even if it would compress', () => {
    const codec = new PayloadCodec({ maxValueBytes: 2_000 })

    expect(encode(codec, 'x'.repeat(1_998)).encoding).toBe('jz')
    for (const value of ['x'.repeat(1_999), 'é'.repeat(1_000)]) {
      expect(() => encode(codec, value)).toThrow(
        expect.objectContaining({
          name: InvalidValueError.name,
          reason: 'it is larger than 2000 bytes',
        }),
      )
    }
  })

  test('reads no payload longer than it would write', () => {
    expect(() => plain.decode('j', `"${'x'.repeat(10_000)}"`, unasked)).toThrow(
      corrupt('the payload is too long'),
    )
  })

  test('stops inflating at the bound', () => {
    const bomb = toBase64(deflateRawSync(new Uint8Array(1_000_000)))

    expect(() => plain.decode('jz', bomb, unasked)).toThrow(
      corrupt('it inflates beyond 10000 bytes'),
    )
  })

  test('refuses an encrypted entry', () => {
    expect(() => plain.decode('j.k1', '1', unasked)).toThrow(corrupt('unknown encryption key'))
  })

  test.each(['', 'z', 'x', 'jd', 'jzz', 'zj', 'j.', 'j.a b', `j.${'x'.repeat(17)}`, 'j\n'])(
    'refuses the encoding %j',
    (encoding) => {
      expect(() => plain.decode(encoding, '1', unasked)).toThrow(corrupt('unknown encoding'))
    },
  )
})

describe('PayloadCodec on a host without zlib', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('writes and reads long texts asynchronously, and others synchronously', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    const { encoding, text } = await plain.encode(long, compression)

    expect(encoding).toBe('jz')
    await expect(plain.decode(encoding, text, unasked)).resolves.toEqual(long)
    expect(plain.encode(1, compression)).toEqual({ encoding: 'j', text: '1' })
  })
})

describe('PayloadCodec with a cipher', () => {
  test.each([
    ['j.k1', { a: 1 }],
    ['jz.k1', long],
    ['dz.k1', { ...long, at: new Date(0) }],
  ])('puts the id of the key into the encoding before it seals: %s', async (encoding, value) => {
    const encoded = encode(sealed, value)
    const payload = await sealed.seal(encoded, context)

    expect(encoded.encoding).toBe(encoding)
    expect(payload).not.toContain(encoded.text)
    await expect(sealed.decode(encoding, payload, context)).resolves.toStrictEqual(value)
  })

  test('seals compressed data as bytes, not as base64 in base64', async () => {
    const encoded = encode(sealed, long)
    const payload = await sealed.seal(encoded, context)

    // Only nonce and tag, 28 bytes, are added.
    expect(payload.length).toBeLessThanOrEqual(encoded.text.length + 40)
  })

  test('seals the largest value it encodes, and reads it', async () => {
    const largest = 'x'.repeat(9_998)
    const codec = new PayloadCodec({ maxValueBytes: 10_000, cipher })
    const encoded = encode(codec, largest, false)

    const payload = await codec.seal(encoded, context)

    await expect(codec.decode(encoded.encoding, payload, context)).resolves.toBe(largest)
    expect(() => codec.decode('j.k1', `${payload}AAAA`, unasked)).toThrow(
      corrupt('the payload is too long'),
    )
  })

  test('refuses an entry that is not encrypted, so that nobody can plant one', () => {
    expect(() => sealed.decode('j', '{"admin":true}', unasked)).toThrow(
      corrupt('it is not encrypted'),
    )
  })

  test('authenticates before it inflates', async () => {
    const bomb = toBase64(deflateRawSync(new Uint8Array(1_000_000)))

    await expect(sealed.decode('jz.k1', bomb, context)).rejects.toEqual(
      corrupt('authentication failed'),
    )
  })

  test('limits the inflated size of an authentic payload', async () => {
    const { text } = await cipher.seal(deflateRawSync(new Uint8Array(1_000_000)), context())

    await expect(sealed.decode('jz.k1', text, context)).rejects.toEqual(
      corrupt('it inflates beyond 10000 bytes'),
    )
  })

  test('refuses an entry under the name of another key of the ring', async () => {
    const payload = await sealed.seal(encode(sealed, 1), context)

    await expect(sealed.decode('j.k2', payload, context)).rejects.toEqual(
      corrupt('unknown encryption key'),
    )
  })
})
