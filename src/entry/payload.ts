/**
 * Converts values to payloads: encodes, compresses if that saves space, encrypts if there is a cipher.
 * On the way back it checks the length, decrypts, inflates and decodes, in this order.
 *
 * @module
 */

import { CorruptEntryError } from '../errors.ts'
import { fromBase64 } from './bytes.ts'
import { type Cipher, type CipherContext, SEAL_BYTES } from './cipher.ts'
import { decodeValue, encodeBounded, type ValueFormat } from './codec.ts'
import { deflate, inflate, inflateBytes } from './compression.ts'
import { proceed } from './proceed.ts'

/** Options for {@link PayloadCodec}. */
export interface PayloadCodecOptions {
  /** Bound on a value's text before compression, in UTF-8 bytes; at least 1. */
  readonly maxValueBytes: number
  /** Encrypts payloads. With a cipher, unencrypted entries cannot be read. */
  readonly cipher?: Cipher | undefined
}

/** `false`, or the size above which a text is compressed. */
export type Compression = false | { readonly thresholdBytes: number }

/** An encoded value, not encrypted yet. */
export interface EncodedValue {
  /** `j` or `d`, then `z` if compressed, then `.` and the key's id if the payload will be encrypted. */
  readonly encoding: string
  /** The payload; with a cipher, the input of {@link PayloadCodec.seal}. */
  readonly text: string
}

interface Encoding {
  readonly format: ValueFormat
  readonly compressed: boolean
  readonly keyId: string | undefined
}

const ENCODING = /^([jd])(z?)(?:\.([A-Za-z0-9_-]{1,16}))?$/

/**
 * Encodes and decodes every payload. To write: `encode`, format the header with the encoding that it
 * returns, `seal` with that header. To read: parse the header, `decode`.
 */
export class PayloadCodec {
  /** Bound on a value's text before compression, in UTF-8 bytes. */
  readonly maxValueBytes: number
  /** Encrypts payloads, if set. */
  readonly cipher: Cipher | undefined

  constructor({ maxValueBytes, cipher }: PayloadCodecOptions) {
    this.maxValueBytes = maxValueBytes
    this.cipher = cipher
  }

  /**
   * Encodes a value, and compresses the text if that saves a tenth. A promise if the host can compress only
   * asynchronously.
   *
   * @throws {InvalidValueError} When the value has no encoding, or its text is too large.
   */
  encode(value: unknown, compression: Compression): EncodedValue | Promise<EncodedValue> {
    const { format, text } = encodeBounded(value, this.maxValueBytes)
    const key = this.cipher === undefined ? '' : `.${this.cipher.primaryId}`
    const encoded = (deflated: string | undefined): EncodedValue =>
      deflated === undefined
        ? { encoding: `${format}${key}`, text }
        : { encoding: `${format}z${key}`, text: deflated }
    const deflated = compression ? deflate(text, compression) : undefined
    return proceed(deflated, encoded)
  }

  /**
   * The payload of an encoded value: its text, or with a cipher a promise of the encrypted text.
   *
   * @param context Where the entry belongs; called only if there is a cipher.
   */
  seal(encoded: EncodedValue, context: () => CipherContext): string | Promise<string> {
    return this.cipher === undefined ? encoded.text : seal(this.cipher, encoded, context())
  }

  /**
   * The value of a payload; a promise if the payload is encrypted, or compressed and the host can inflate only
   * asynchronously.
   *
   * @param encoding As in the entry's header.
   * @param context Where the entry was found; called only if the payload is encrypted.
   * @throws {CorruptEntryError} When the payload is not one that this codec writes: thrown, or the
   * promise rejects with it.
   */
  decode(encoding: string, text: string, context: () => CipherContext): unknown {
    const parsed = parseEncoding(encoding)
    this.#checkLength(parsed, text)
    if (this.cipher !== undefined) {
      if (parsed.keyId === undefined) throw new CorruptEntryError('it is not encrypted')
      return this.#open(this.cipher, parsed.keyId, parsed, text, context())
    }
    if (parsed.keyId !== undefined) throw new CorruptEntryError('unknown encryption key')
    const { format, compressed } = parsed
    if (!compressed) return decodeValue(format, text)
    return proceed(inflate(text, this.maxValueBytes), (plain) => decodeValue(format, plain))
  }

  async #open(
    cipher: Cipher,
    keyId: string,
    { format, compressed }: Encoding,
    text: string,
    context: CipherContext,
  ): Promise<unknown> {
    if (!compressed) return decodeValue(format, await cipher.open(keyId, text, context))
    const bytes = await cipher.openBytes(keyId, text, context)
    return decodeValue(format, await inflateBytes(bytes, this.maxValueBytes))
  }

  /** Refuses too long payloads before any work. Compressed texts are shorter than their value. */
  #checkLength({ keyId }: Encoding, text: string): void {
    const max =
      keyId === undefined
        ? this.maxValueBytes
        : Math.ceil((this.maxValueBytes + SEAL_BYTES) / 3) * 4
    if (text.length > max) throw new CorruptEntryError('the payload is too long')
  }
}

async function seal(
  cipher: Cipher,
  { encoding, text }: EncodedValue,
  context: CipherContext,
): Promise<string> {
  // A compressed text is encrypted as bytes; otherwise it would be base64 within base64.
  const bytes = parseEncoding(encoding).compressed ? fromBase64(text) : undefined
  return (await cipher.seal(bytes ?? text, context)).text
}

const PLAIN_JSON: Encoding = { format: 'j', compressed: false, keyId: undefined }

function parseEncoding(encoding: string): Encoding {
  if (encoding === 'j') return PLAIN_JSON
  const parts = ENCODING.exec(encoding)
  if (parts === null) throw new CorruptEntryError('unknown encoding')
  return { format: parts[1] === 'd' ? 'd' : 'j', compressed: parts[2] === 'z', keyId: parts[3] }
}
