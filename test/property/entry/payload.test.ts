import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Cipher, type CipherContext } from '../../../src/entry/cipher.ts'
import { deflate, inflate } from '../../../src/entry/compression.ts'
import { toMilliseconds } from '../../../src/entry/duration.ts'
import { PayloadCodec } from '../../../src/entry/payload.ts'
import { CorruptEntryError, InvalidOptionError } from '../../../src/errors.ts'

const cipher = new Cipher([{ id: 'k1', secret: '5a'.repeat(32) }])
const codec = new PayloadCodec({ maxValueBytes: 100_000, cipher })
const context = fc.record({
  purpose: fc.string(),
  namespace: fc.string(),
  key: fc.string({ unit: 'binary', minLength: 1 }),
  header: fc.string(),
  createdAt: fc.nat(),
})
// A property named `__proto__` is refused, which the tests of the codec are about.
const storable = fc.jsonValue().filter((json) => !JSON.stringify(json).includes('"__proto__":'))
const value = fc.oneof(
  storable,
  fc.tuple(fc.string(), fc.nat(500)).map(([part, times]) => ({ text: part.repeat(times) })),
)

/** The binding of a payload. Of `createdAt` only the day counts, because the header contains the instant. */
function boundTo({ createdAt, ...rest }: CipherContext): string {
  return JSON.stringify([rest, Math.floor(createdAt / 86_400_000)])
}

describe('PayloadCodec', () => {
  test('restores a value in the context it was sealed in, and in no other', async () => {
    await fc.assert(
      fc.asyncProperty(value, context, context, async (wanted, here, there) => {
        fc.pre(boundTo(here) !== boundTo(there))
        const encoded = await codec.encode(wanted, { thresholdBytes: 100 })
        const payload = await codec.seal(encoded, () => here)

        await expect(codec.decode(encoded.encoding, payload, () => here)).resolves.toEqual(wanted)
        await expect(codec.decode(encoded.encoding, payload, () => there)).rejects.toThrow(
          CorruptEntryError,
        )
      }),
    )
  })
})

/** Hides the host's zlib while `run` runs, to simulate a host without it. */
async function byStreams<T>(run: () => T): Promise<Awaited<T>> {
  const hidden = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
  try {
    return await run()
  } finally {
    hidden.mockRestore()
  }
}

describe('deflate and inflate', () => {
  test('restore every text that they shorten, also across hosts', async () => {
    const text = fc
      .array(fc.tuple(fc.string({ unit: 'binary' }), fc.nat(200)))
      .map((parts) => parts.map(([part, times]) => part.repeat(times)).join(''))
    await fc.assert(
      fc.asyncProperty(text, async (original) => {
        const shorten = () => deflate(original, { thresholdBytes: 50 })
        const base64 = await shorten()
        const bytes = Buffer.byteLength(original)
        fc.pre(base64 !== undefined)

        expect(base64.length).toBeLessThanOrEqual(bytes * 0.9)
        for (const shortened of [base64, (await byStreams(shorten)) ?? '']) {
          expect(inflate(shortened, bytes)).toBe(original)
          expect(await byStreams(() => inflate(shortened, bytes))).toBe(original)
          expect(() => inflate(shortened, bytes - 1)).toThrow(CorruptEntryError)
          await expect(byStreams(() => inflate(shortened, bytes - 1))).rejects.toThrow(
            CorruptEntryError,
          )
        }
      }),
    )
  })

  test('any text inflates within the limit, or is refused as corrupt', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(1_000),
        fc.boolean(),
        async (bytes, max, isHidden) => {
          const run = () => inflate(Buffer.from(bytes).toString('base64'), max)
          try {
            const text = isHidden ? await byStreams(run) : run()
            expect(Buffer.byteLength(text as string)).toBeLessThanOrEqual(max)
          } catch (error) {
            if (!(error instanceof CorruptEntryError)) throw error
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('toMilliseconds', () => {
  test('yields whole milliseconds in range, or refuses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.string(), fc.anything()), (input) => {
        try {
          const ms = toMilliseconds(input as never, 'ttl')
          expect(Number.isSafeInteger(ms) && ms >= 0 && ms <= 315_360_000_000).toBe(true)
        } catch (error) {
          if (!(error instanceof InvalidOptionError)) throw error
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
