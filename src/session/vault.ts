/**
 * Values to sealed texts and back. Everything of a session that could say something to a reader of
 * Redis goes through here.
 *
 * ```
 * <key id> . <sealed at, base 36> . <encoding> <sealed>
 * ```
 *
 * @module
 */

import { isLongerThan } from '../entry/bytes.ts'
import type { Cipher, CipherContext } from '../entry/cipher.ts'
import { decodeValue, encodeValue, type ValueFormat } from '../entry/codec.ts'
import { CorruptEntryError, InvalidValueError, SessionUnavailableError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'

/** Where a text belongs, and what else must be as it was when it was sealed. */
export interface Place {
  readonly purpose: string
  /** Its name in Redis. */
  readonly key: string
  /** What stands beside it in clear, and is authenticated with it. */
  readonly header: string
}

/** Options for {@link Vault}. */
export interface VaultOptions {
  readonly platform: Platform
  readonly cipher: Cipher
  readonly namespace: string
  /** Bound on a value's text, in UTF-8 bytes. */
  readonly maxBytes: number
  /** Ids of keys whose texts are given up. */
  readonly retired: ReadonlySet<string>
}

const SEALED = /^([A-Za-z0-9_-]{1,16})\.([0-9a-z]{1,9})\.([jd])([A-Za-z0-9+/=]+)$/

/** Seals with the primary key, and opens with any of the ring. */
export class Vault {
  readonly #options: VaultOptions

  constructor(options: VaultOptions) {
    this.#options = options
  }

  /** @throws {InvalidValueError} When the value has no encoding, or its text is too large. */
  async seal(value: unknown, place: Place): Promise<string> {
    const { platform, cipher, maxBytes } = this.#options
    const { format, text } = encodeValue(value)
    if (isLongerThan(text, maxBytes)) {
      throw new InvalidValueError(`it is larger than ${maxBytes} bytes`)
    }
    const sealedAt = Math.floor(platform.now())
    const sealed = await cipher.seal(text, this.#contextOf(place, format, sealedAt))
    return `${sealed.keyId}.${sealedAt.toString(36)}.${format}${sealed.text}`
  }

  /**
   * @throws {CorruptEntryError} When the text is not one that was sealed in this very place, or was
   * sealed with a key that has been retired.
   * @throws {SessionUnavailableError} When it was sealed with a key that the ring does not know yet.
   */
  async open(text: string, place: Place): Promise<unknown> {
    const { cipher, maxBytes, retired } = this.#options
    // Base64 of the bytes, of the nonce and of the tag, and what stands before them.
    if (text.length > maxBytes * 1.4 + 256) throw new CorruptEntryError('the payload is too long')
    const [, keyId = '', sealedAt = '', format = '', sealed = ''] = SEALED.exec(text) ?? []
    if (keyId === '') throw new CorruptEntryError('it is not sealed')
    if (!cipher.has(keyId) && !retired.has(keyId)) {
      throw new SessionUnavailableError('decrypt', 'unknown key')
    }
    const context = this.#contextOf(place, format, Number.parseInt(sealedAt, 36))
    return decodeValue(format as ValueFormat, await cipher.open(keyId, sealed, context))
  }

  #contextOf({ purpose, key, header }: Place, format: string, sealedAt: number): CipherContext {
    const { namespace } = this.#options
    return {
      purpose,
      namespace,
      key,
      header: `${format};${sealedAt};${header}`,
      createdAt: sealedAt,
    }
  }
}
