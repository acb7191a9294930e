/**
 * Values to texts in Redis and back, sealed where there are keys.
 *
 * ```
 * <encoding> <text>                                    without encryption
 * s <key id> . <sealed at, base 36> . <encoding> <sealed>    with it
 * ```
 *
 * @module
 */

import { isLongerThan } from '../entry/bytes.ts'
import type { Cipher, CipherContext } from '../entry/cipher.ts'
import { decodeValue, encodeValue, type ValueFormat } from '../entry/codec.ts'
import { InvalidValueError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'

/** What a payload is bound to: its kind, and its name in Redis. */
export type Place = readonly [kind: string, name: string]

/** Options for {@link Payloads}. */
export interface PayloadOptions {
  readonly platform: Platform
  readonly cipher: Cipher | undefined
  readonly namespace: string
  /** Bound on a value's text, in UTF-8 bytes. */
  readonly maxBytes: number
}

const PLAIN = /^[jd]/
const SEALED = /^s([A-Za-z0-9_-]{1,16})\.([0-9a-z]{1,9})\.([jd])([A-Za-z0-9+/=]+)$/

/** Writes and reads payloads. */
export class Payloads {
  readonly #options: PayloadOptions

  constructor(options: PayloadOptions) {
    this.#options = options
  }

  /** @throws {InvalidValueError} When the value has no encoding, or its text is too large. */
  async write(value: unknown, place: Place): Promise<string> {
    const { cipher, platform, maxBytes } = this.#options
    const { format, text } = encodeValue(value)
    if (isLongerThan(text, maxBytes)) {
      throw new InvalidValueError(`it is larger than ${maxBytes} bytes`)
    }
    if (cipher === undefined) return `${format}${text}`
    const sealedAt = Math.floor(platform.now())
    const sealed = await cipher.seal(text, this.#contextOf(place, format, sealedAt))
    return `s${sealed.keyId}.${sealedAt.toString(36)}.${format}${sealed.text}`
  }

  /** The value, or `undefined` where there is none, or none that was written here. */
  async read(text: string, place: Place): Promise<unknown> {
    const { cipher, maxBytes } = this.#options
    // Base64 of the bytes, of the nonce and of the tag, and what stands before them.
    if (text === '' || text.length > maxBytes * 1.4 + 256) return undefined
    try {
      if (cipher === undefined) return decodePlain(text)
      const [, keyId = '', at = '', format = '', sealed = ''] = SEALED.exec(text) ?? []
      if (!cipher.has(keyId)) return undefined
      const context = this.#contextOf(place, format, Number.parseInt(at, 36))
      return decodeValue(format as ValueFormat, await cipher.open(keyId, sealed, context))
    } catch {
      // CorruptEntryError: what is stored is not what was written, and is as if it were absent.
      return undefined
    }
  }

  #contextOf([kind, name]: Place, format: string, sealedAt: number): CipherContext {
    const { namespace } = this.#options
    return {
      purpose: 'websocket',
      namespace,
      key: `${kind}:${name}`,
      header: `${format};${sealedAt}`,
      createdAt: sealedAt,
    }
  }
}

function decodePlain(text: string): unknown {
  return PLAIN.test(text) ? decodeValue(text[0] as ValueFormat, text.slice(1)) : undefined
}
