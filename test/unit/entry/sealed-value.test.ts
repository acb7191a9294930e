import { describe, expect, test } from 'vitest'
import { Cipher } from '../../../src/entry/cipher.ts'
import { encodeBounded } from '../../../src/entry/codec.ts'
import {
  type Binding,
  isOverlong,
  openValue,
  parseSealed,
  sealValue,
} from '../../../src/entry/sealed-value.ts'
import { CorruptEntryError, InvalidValueError } from '../../../src/errors.ts'

const NOW = 1_767_225_600_000.5
const VALUE = { name: 'Ann', at: new Date(0) }
/** Sealed by an earlier version. It must be readable as long as its key is in the ring. */
const STORED =
  'k1.mjuohs00.dRBzai4oN3PNgtbSRi9rywg11w/qfJGZP32vzigWN/6SjXJDvq3jDuUsSoe3CTwxT0mC0V6q0z1pCc8Xz+EbYznwue/lLeUCHkXfCxSFS8heCUG5ZFQA7aMU='
const cipher = new Cipher([{ id: 'k1', secret: '0f'.repeat(32) }])
const bindingOf =
  (key: string): Binding =>
  (stamp, createdAt) => ({
    purpose: 'session',
    namespace: 'ns',
    key,
    header: `${stamp};beside`,
    createdAt,
  })
const binding = bindingOf('a-key')
const seal = () => sealValue(cipher, encodeBounded(VALUE, 100), NOW, binding)

describe('a sealed value', () => {
  test('is opened under the binding it was sealed with', async () => {
    const text = await seal()
    const sealed = parseSealed(text)

    expect(sealed).toMatchObject({ keyId: 'k1', sealedAt: Math.floor(NOW), format: 'd' })
    expect(await openValue(cipher, sealed, binding)).toEqual(VALUE)
    expect(isOverlong(text, 100)).toBe(false)
  })

  test('is opened when it was stored by an earlier version', async () => {
    expect(await openValue(cipher, parseSealed(STORED), binding)).toEqual(VALUE)
  })

  test.each<[what: string, change: (text: string) => string]>([
    ['its time', (text) => text.replace(/\.[0-9a-z]+\./, '.mjuohs01.')],
    ['its encoding', (text) => text.replace(/(\.[0-9a-z]+\.)d/, '$1j')],
    ['its key', (text) => text.replace(/^k1/, 'k2')],
    ['a byte of it', (text) => text.replace(/.(?==*$)/, (sign) => (sign === 'A' ? 'g' : 'A'))],
  ])('is refused when %s was changed', async (_, change) => {
    const text = await seal()
    const changed = change(text)

    expect(changed).not.toBe(text)
    const opened = openValue(cipher, parseSealed(changed), binding)
    await expect(opened).rejects.toThrow(CorruptEntryError)
  })

  test('is refused under another binding', async () => {
    const opened = openValue(cipher, parseSealed(await seal()), bindingOf('another'))

    await expect(opened).rejects.toThrow(CorruptEntryError)
  })

  test.each(['', 'j{}', 'k1.mjuohs00.x0A==', 'k1.mjuohs00.j', '.mjuohs00.jAAAA'])(
    '"%s" is none',
    (text) => {
      expect(() => parseSealed(text)).toThrow(CorruptEntryError)
    },
  )

  test('is bounded by the bytes of its text', () => {
    expect(encodeBounded('ü', 4)).toEqual({ format: 'j', text: '"ü"' })
    expect(() => encodeBounded('ü', 3)).toThrow(InvalidValueError)
    expect(isOverlong('x'.repeat(400), 100)).toBe(true)
  })
})
