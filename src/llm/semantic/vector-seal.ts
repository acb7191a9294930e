/**
 * The stored form of a vector and its prompt: a text, encrypted if the cache encrypts.
 *
 * ```
 * 1;<vector in base64>;<note>
 * 1e;<key id>;<created, base 36>;<sealed>
 * ```
 *
 * @module
 */

import { fromBase64, toBase64 } from '../../entry/bytes.ts'
import type { Cipher, CipherContext } from '../../entry/cipher.ts'
import { detached } from '../../entry/header.ts'
import { CorruptEntryError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { StoredVector, VectorSpace } from './vector-store.ts'

const PLAIN = '1;'
const SEALED = '1e;'

/** Writes and reads the vectors of one space. */
export class VectorSeal {
  readonly #space: VectorSpace
  readonly #cipher: Cipher | undefined
  readonly #namespace: string
  readonly #platform: Platform

  constructor(
    space: VectorSpace,
    cipher: Cipher | undefined,
    namespace: string,
    platform: Platform,
  ) {
    this.#space = space
    this.#cipher = cipher
    this.#namespace = namespace
    this.#platform = platform
  }

  /** Writes a vector with its note as one text. */
  close(scope: string, { entryId, code, note }: StoredVector): Promise<string> {
    const bytes = new Uint8Array(code.buffer, code.byteOffset, code.length)
    return this.closeText(scope, entryId, `${toBase64(bytes)};${note}`)
  }

  /** Reads a vector; `undefined` if the text is malformed or altered, or was written for another entry. */
  async open(scope: string, entryId: string, text: string): Promise<StoredVector | undefined> {
    const plain = await this.openText(scope, entryId, text)
    const end = plain?.indexOf(';') ?? -1
    if (plain === undefined || end < 0) return undefined
    const bytes = fromBase64(plain.slice(0, end))
    if (bytes?.length !== this.#space.dimensions) return undefined
    const code = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    // A vector of zeros has no direction, hence no cosine.
    if (code.every((value) => value === 0)) return undefined
    // The note stays in memory: as a slice it would keep the text of the vector there too.
    return { entryId, code, note: detached(plain.slice(end + 1)) }
  }

  /** Writes a text, encrypted if the cache encrypts. */
  async closeText(scope: string, entryId: string, text: string): Promise<string> {
    if (this.#cipher === undefined) return `${PLAIN}${text}`
    const createdAt = this.#platform.now()
    const context = this.#context(scope, entryId, createdAt)
    const { keyId, text: sealed } = await this.#cipher.seal(text, context)
    return `${SEALED}${keyId};${createdAt.toString(36)};${sealed}`
  }

  /** The text that {@link closeText} was given; `undefined` if it did not write this. */
  async openText(scope: string, entryId: string, text: string): Promise<string | undefined> {
    if (this.#cipher === undefined) {
      return text.startsWith(PLAIN) ? text.slice(PLAIN.length) : undefined
    }
    // With encryption on, a plain text is refused: anybody with access to Redis could have written it.
    if (!text.startsWith(SEALED)) return undefined
    const [keyId = '', created = '', sealed = ''] = text.slice(SEALED.length).split(';')
    const createdAt = Number.parseInt(created, 36)
    if (!Number.isSafeInteger(createdAt)) return undefined
    try {
      return await this.#cipher.open(keyId, sealed, this.#context(scope, entryId, createdAt))
    } catch (error) {
      if (error instanceof CorruptEntryError) return undefined
      throw error
    }
  }

  #context(scope: string, entryId: string, createdAt: number): CipherContext {
    const { model, dimensions } = this.#space
    return {
      purpose: 'semantic',
      namespace: this.#namespace,
      key: entryId,
      header: `${scope}/${model}/${dimensions}`,
      createdAt,
    }
  }
}
