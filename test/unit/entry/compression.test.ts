import { deflateRawSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fromBase64, toBase64 } from '../../../src/entry/bytes.ts'
import { deflate, inflate, inflateBytes } from '../../../src/entry/compression.ts'
import { CorruptEntryError } from '../../../src/errors.ts'

const MIB = 1_048_576
const text = 'a sentence that repeats itself; '.repeat(100)

async function deflated(value = text): Promise<string> {
  const result = await deflate(value)
  if (result === undefined) throw new Error('the fixture must compress')
  return result
}

const bomb = toBase64(deflateRawSync(new Uint8Array(100 * MIB)))

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

/** Both implementations: some runs hide the host's zlib. */
describe.each([
  ['zlib', false],
  ['streams', true],
])('by %s', (_, isHidden) => {
  beforeEach(() => {
    if (isHidden) vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  describe('deflate', () => {
    test('is synchronous if the host allows it', () => {
      expect(deflate(text) instanceof Promise).toBe(isHidden)
    })

    test('shortens text that repeats itself', async () => {
      expect((await deflated()).length).toBeLessThan(text.length / 10)
      expect(await inflate(await deflated(), text.length)).toBe(text)
    })

    test('does not compress texts up to the threshold, counted in bytes', async () => {
      expect(await deflate('a'.repeat(1_024))).toBeUndefined()
      expect(await deflate('a'.repeat(1_025))).toBeTypeOf('string')
      expect(await deflate('é'.repeat(513))).toBeTypeOf('string')
      expect(await deflate('a'.repeat(200), { thresholdBytes: 200 })).toBeUndefined()
      expect(await deflate('a'.repeat(201), { thresholdBytes: 200 })).toBeTypeOf('string')
    })

    test('does not compress text that would not become a tenth shorter', async () => {
      expect(await deflate(noise(10_000))).toBeUndefined()
    })

    test('restores characters of every width, and a leading byte order mark', async () => {
      const wide = `\ufeff${'é€😀a'.repeat(20_000)}`

      expect(await inflate(await deflated(wide), 10 * MIB)).toBe(wide)
    })

    test('restores a text of exactly the limit, in many steps', async () => {
      const mixed = `${noise(60_000)}${text.repeat(20)}`.repeat(2)
      const inflated = async (maxBytes: number): Promise<string> =>
        inflate(await deflated(mixed), maxBytes)

      await expect(inflated(mixed.length)).resolves.toBe(mixed)
      await expect(inflated(mixed.length - 1)).rejects.toThrow('inflates beyond')
    })
  })

  describe('inflate', () => {
    test('stops a bomb of 100 MiB shortly after the bound', async () => {
      const before = process.memoryUsage().arrayBuffers

      await expect(async () => inflate(bomb, MIB)).rejects.toThrow(
        expect.objectContaining({ reason: `it inflates beyond ${MIB} bytes` }),
      )

      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB)
    })

    test('refuses a text cut off at any place', async () => {
      const bytes = fromBase64(await deflated()) ?? new Uint8Array()

      for (let length = 0; length < bytes.length; length++) {
        await expect(async () => inflateBytes(bytes.slice(0, length), MIB)).rejects.toThrow(
          CorruptEntryError,
        )
      }
    })

    test.each([
      ['no base64', 'not base64!'],
      ['nothing', ''],
      ['no DEFLATE data', toBase64(Uint8Array.of(255, 255, 255, 255))],
      ['no text inside', toBase64(deflateRawSync(Uint8Array.of(255, 254, 253)))],
      ['half a character inside', toBase64(deflateRawSync(Uint8Array.of(0xe2, 0x82)))],
    ])('refuses %s', async (_, base64) => {
      await expect(async () => inflate(base64, MIB)).rejects.toThrow(
        expect.objectContaining({
          name: CorruptEntryError.name,
          reason: 'the compressed text is malformed',
        }),
      )
    })
  })
})

describe.each([
  ['no such streams', undefined],
  [
    'streams of other formats only',
    class {
      constructor() {
        throw new TypeError('unsupported format')
      }
    },
  ],
])('on a host without zlib, and with %s', (_, stream) => {
  beforeEach(() => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    vi.stubGlobal('CompressionStream', stream)
    vi.stubGlobal('DecompressionStream', stream)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  test('texts stay uncompressed', () => {
    expect(deflate(text)).toBeUndefined()
  })

  test('texts that were deflated elsewhere are refused as corrupt', async () => {
    const elsewhere = toBase64(deflateRawSync(text))

    await expect(async () => inflate(elsewhere, MIB)).rejects.toThrow(
      expect.objectContaining({
        name: CorruptEntryError.name,
        reason: 'this host cannot inflate it',
      }),
    )
  })
})
