/**
 * Values to payloads and back: encoded, compressed where it pays, encrypted where a cipher is set;
 * on the way back bounded, authenticated, inflated, decoded, in this order.
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
  /** Encrypts what is stored, and makes unencrypted entries unreadable. */
  readonly cipher?: Cipher | undefined
}

/** `false`, or above which size a text is compressed. */
export type Compression = false | { readonly thresholdBytes: number }

/** A value on its way to Redis. */
export interface EncodedValue {
  /** `j` or `d`, then `z` if compressed, then `.` and a key's id if it is to be sealed. */
  readonly encoding: string
  /** The payload; with a cipher, what {@link PayloadCodec.seal} makes the payload of. */
  readonly text: string
}

interface Encoding {
  readonly format: ValueFormat
  readonly compressed: boolean
  readonly keyId: string | undefined
}

const ENCODING = /^([jd])(z?)(?:\.([A-Za-z0-9_-]{1,16}))?$/

/**
 * The one way values take to Redis and back. To write: `encode`, format the header with the encoding
 * it returns, `seal` with that header. To read: parse the header, `decode`.
 */
export class PayloadCodec {
  /** Bound on a value's text before compression, in UTF-8 bytes. */
  readonly maxValueBytes: number
  /** What payloads are sealed with, if they are. */
  readonly cipher: Cipher | undefined

  constructor({ maxValueBytes, cipher }: PayloadCodecOptions) {
    this.maxValueBytes = maxValueBytes
    this.cipher = cipher
  }

  /**
   * Encodes, and compresses if that saves a tenth: at once, or as a promise where the host can only
   * compress behind.
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
   * The payload of an encoded value: without a cipher its text, at once; with one the sealed text.
   *
   * @param context Where the entry belongs; asked for only if there is a cipher.
   */
  seal(encoded: EncodedValue, context: () => CipherContext): string | Promise<string> {
    return this.cipher === undefined ? encoded.text : seal(this.cipher, encoded, context())
  }

  /**
   * The value of a payload: at once, or as a promise if the payload is encrypted, or compressed where
   * the host can only inflate behind.
   *
   * @param encoding As the entry's header has it.
   * @param context Where the entry was found; asked for only if the payload is encrypted.
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

  /** Refuses by length alone, before any work. Compressed texts are shorter than their value. */
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
  // Sealed as bytes: a sealed text is base64 already, and would be so twice.
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
