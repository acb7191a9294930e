/**
 * Encrypts values to texts, and decrypts them. Everything of a session that must not be readable in Redis
 * goes through this module.
 *
 * @module
 */

import type { Cipher } from '../entry/cipher.ts'
import { encodeBounded } from '../entry/codec.ts'
import {
  type Binding,
  isOverlong,
  openValue,
  parseSealed,
  sealValue,
} from '../entry/sealed-value.ts'
import { CorruptEntryError, SessionUnavailableError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'

/** What a text is bound to when it is sealed, and must still be bound to when it is opened. */
export interface Place {
  readonly purpose: string
  /** Its name in Redis. */
  readonly key: string
  /** What is stored beside it in clear, and authenticated with it. */
  readonly header: string
}

/** Options for {@link Vault}. */
export interface VaultOptions {
  readonly platform: Platform
  readonly cipher: Cipher
  readonly namespace: string
  /** The largest encoded value, in UTF-8 bytes. */
  readonly maxBytes: number
  /** Ids of dropped keys: texts sealed with them count as corrupt. */
  readonly retired: ReadonlySet<string>
}

/** Encrypts with the primary key, and decrypts with any key of the ring. */
export class Vault {
  readonly #options: VaultOptions

  constructor(options: VaultOptions) {
    this.#options = options
  }

  /** @throws {InvalidValueError} When the value cannot be encoded, or its text is too large. */
  async seal(value: unknown, place: Place): Promise<string> {
    const { platform, cipher, maxBytes } = this.#options
    const encoded = encodeBounded(value, maxBytes)
    return sealValue(cipher, encoded, platform.now(), this.#bindingOf(place))
  }

  /**
   * @throws {CorruptEntryError} When the text was not sealed in this place, or was sealed with a retired key.
   * @throws {SessionUnavailableError} When it was sealed with a key that the ring does not know.
   */
  async open(text: string, place: Place): Promise<unknown> {
    const { cipher, maxBytes, retired } = this.#options
    if (isOverlong(text, maxBytes)) throw new CorruptEntryError('the payload is too long')
    const sealed = parseSealed(text)
    if (!cipher.has(sealed.keyId) && !retired.has(sealed.keyId)) {
      throw new SessionUnavailableError('decrypt', 'unknown key')
    }
    return openValue(cipher, sealed, this.#bindingOf(place))
  }

  /** Whether a text was sealed with a key that has been dropped on purpose. */
  isRetired(text: string): boolean {
    const { cipher, retired } = this.#options
    const [keyId = ''] = text.split('.', 1)
    return retired.has(keyId) && !cipher.has(keyId)
  }

  #bindingOf({ purpose, key, header }: Place): Binding {
    const { namespace } = this.#options
    return (stamp, sealedAt) => ({
      purpose,
      namespace,
      key,
      header: `${stamp};${header}`,
      createdAt: sealedAt,
    })
  }
}
