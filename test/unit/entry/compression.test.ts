import { deflateSync } from 'fflate'
import { describe, expect, test, vi } from 'vitest'
import { fromBase64, toBase64 } from '../../../src/entry/bytes.ts'
import { deflate, inflate, inflateBytes } from '../../../src/entry/compression.ts'
import { CorruptEntryError } from '../../../src/errors.ts'

const MIB = 1_048_576
const text = 'a sentence that repeats itself; '.repeat(100)

function deflated(value = text): string {
  const result = deflate(value)
  if (result === undefined) throw new Error('the fixture must compress')
  return result
}

/** Text that no compressor can shorten, yet the same in every run. */
function noise(length: number): string {
  let state = 1
  let result = ''
  while (result.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    result += String.fromCharCode(33 + ((state >>> 16) % 90))
  }
  return result
}

describe('deflate', () => {
  test('shortens text that repeats itself', () => {
    expect(deflated().length).toBeLessThan(text.length / 10)
    expect(inflate(deflated(), text.length)).toBe(text)
  })

  test('leaves texts up to the threshold alone, counted in bytes', () => {
    expect(deflate('a'.repeat(1_024))).toBeUndefined()
    expect(deflate('a'.repeat(1_025))).toBeTypeOf('string')
    expect(deflate('é'.repeat(513))).toBeTypeOf('string')
    expect(deflate('a'.repeat(200), { thresholdBytes: 200 })).toBeUndefined()
    expect(deflate('a'.repeat(201), { thresholdBytes: 200 })).toBeTypeOf('string')
  })

  test('leaves text alone that would not become a tenth shorter', () => {
    expect(deflate(noise(10_000))).toBeUndefined()
  })

  test('brings back characters of every width, and a leading byte order mark', () => {
    const wide = `\ufeff${'é€😀a'.repeat(20_000)}`

    expect(inflate(deflated(wide), 10 * MIB)).toBe(wide)
  })

  test('brings back a text of exactly the bound, in many steps', () => {
    const mixed = `${noise(60_000)}${text.repeat(20)}`.repeat(2)

    expect(inflate(deflated(mixed), mixed.length)).toBe(mixed)
    expect(() => inflate(deflated(mixed), mixed.length - 1)).toThrow('inflates beyond')
  })
})

describe('inflate', () => {
  test('stops a bomb of 100 MiB shortly after the bound', () => {
    const bomb = deflateSync(new Uint8Array(100 * MIB), { level: 9 })
    const decoded = vi.spyOn(TextDecoder.prototype, 'decode')
    const before = process.memoryUsage().arrayBuffers

    expect(() => inflate(toBase64(bomb), MIB)).toThrow(
      expect.objectContaining({ reason: `it inflates beyond ${MIB} bytes` }),
    )

    const inflatedBytes = decoded.mock.calls.reduce(
      (sum, [chunk]) => sum + ((chunk as Uint8Array | undefined)?.byteLength ?? 0),
      0,
    )
    decoded.mockRestore()
    expect(inflatedBytes).toBeLessThanOrEqual(MIB)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB)
  })

  test('refuses a text cut off at any place', () => {
    const bytes = fromBase64(deflated()) ?? new Uint8Array()

    for (let length = 0; length < bytes.length; length++) {
      expect(() => inflateBytes(bytes.slice(0, length), MIB)).toThrow(CorruptEntryError)
    }
  })

  test.each([
    ['no base64', 'not base64!'],
    ['nothing', ''],
    ['no DEFLATE data', toBase64(Uint8Array.of(255, 255, 255, 255))],
    ['no text inside', toBase64(deflateSync(Uint8Array.of(255, 254, 253)))],
    ['half a character inside', toBase64(deflateSync(Uint8Array.of(0xe2, 0x82)))],
  ])('refuses %s', (_, base64) => {
    expect(() => inflate(base64, MIB)).toThrow(
      expect.objectContaining({
        name: CorruptEntryError.name,
        reason: 'the compressed text is malformed',
      }),
    )
  })
})
