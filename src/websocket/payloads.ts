/**
 * Turns values into texts in Redis and back, encrypted if encryption is on.
 *
 * ```
 * <encoding> <text>    without encryption
 * s <sealed value>     with it
 * ```
 *
 * @module
 */

import type { Cipher } from '../entry/cipher.ts'
import { decodeValue, encodeBounded, type ValueFormat } from '../entry/codec.ts'
import {
  type Binding,
  isOverlong,
  openValue,
  parseSealed,
  sealValue,
} from '../entry/sealed-value.ts'
import { CorruptEntryError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'

/** What a payload is bound to: its kind, and its name in Redis. An encrypted payload opens nowhere else. */
export type Place = readonly [kind: string, name: string]

/** Options for {@link Payloads}. */
export interface PayloadOptions {
  readonly platform: Platform
  readonly cipher: Cipher | undefined
  readonly namespace: string
  /** Limit of a value's text, in UTF-8 bytes. */
  readonly maxBytes: number
}

const PLAIN = /^[jd]/
const SEALED = 's'

/** Writes and reads payloads. */
export class Payloads {
  readonly #options: PayloadOptions

  constructor(options: PayloadOptions) {
    this.#options = options
  }

  /** @throws {InvalidValueError} When the value has no encoding, or its text is too large. */
  async write(value: unknown, place: Place): Promise<string> {
    const { cipher, platform, maxBytes } = this.#options
    const encoded = encodeBounded(value, maxBytes)
    if (cipher === undefined) return `${encoded.format}${encoded.text}`
    return SEALED + (await sealValue(cipher, encoded, platform.now(), this.#bindingOf(place)))
  }

  /** The value, or `undefined` if the text is empty or was not written by this class with these keys. */
  async read(text: string, place: Place): Promise<unknown> {
    const { cipher, maxBytes } = this.#options
    if (text === '' || isOverlong(text, maxBytes)) return undefined
    try {
      if (cipher === undefined) return decodePlain(text)
      if (!text.startsWith(SEALED)) return undefined
      const sealed = parseSealed(text.slice(SEALED.length))
      return await openValue(cipher, sealed, this.#bindingOf(place))
    } catch (error) {
      // The stored text was damaged or replaced: treat it as absent.
      if (error instanceof CorruptEntryError) return undefined
      throw error
    }
  }

  #bindingOf([kind, name]: Place): Binding {
    const { namespace } = this.#options
    return (stamp, sealedAt) => ({
      purpose: 'websocket',
      namespace,
      key: `${kind}:${name}`,
      header: stamp,
      createdAt: sealedAt,
    })
  }
}

function decodePlain(text: string): unknown {
  return PLAIN.test(text) ? decodeValue(text[0] as ValueFormat, text.slice(1)) : undefined
}
