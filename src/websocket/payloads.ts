/**
 * Values to texts in Redis and back, sealed where there are keys.
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

  /** The value, or `undefined` where there is none, or none that was written here. */
  async read(text: string, place: Place): Promise<unknown> {
    const { cipher, maxBytes } = this.#options
    if (text === '' || isOverlong(text, maxBytes)) return undefined
    try {
      if (cipher === undefined) return decodePlain(text)
      if (!text.startsWith(SEALED)) return undefined
      const sealed = parseSealed(text.slice(SEALED.length))
      return await openValue(cipher, sealed, this.#bindingOf(place))
    } catch (error) {
      // What is stored is not what was written, and is as if it were absent.
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
