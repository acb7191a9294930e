/**
 * Values to sealed texts and back. Everything of a session that could say something to a reader of
 * Redis goes through here.
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

/** Seals with the primary key, and opens with any of the ring. */
export class Vault {
  readonly #options: VaultOptions

  constructor(options: VaultOptions) {
    this.#options = options
  }

  /** @throws {InvalidValueError} When the value has no encoding, or its text is too large. */
  async seal(value: unknown, place: Place): Promise<string> {
    const { platform, cipher, maxBytes } = this.#options
    const encoded = encodeBounded(value, maxBytes)
    return sealValue(cipher, encoded, platform.now(), this.#bindingOf(place))
  }

  /**
   * @throws {CorruptEntryError} When the text is not one that was sealed in this very place, or was
   * sealed with a key that has been retired.
   * @throws {SessionUnavailableError} When it was sealed with a key that the ring does not know yet.
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
