/**
 * Encrypts payloads with AES-256-GCM and binds each to its place, so that nobody who can write to
 * Redis can change a payload, prolong its life or move it to another key. It cannot tell an older
 * entry of the same key from the current one.
 *
 * @module
 */

import { CorruptEntryError } from '../errors.ts'
import { type GcmKey, gcmKey, NONCE_BYTES, TAG_BYTES } from './aes-gcm.ts'
import { type Bytes, concatBytes, decodeUtf8, encodeUtf8, fromBase64, toBase64 } from './bytes.ts'
import { type EncryptionKey, readKeyRing } from './key-ring.ts'
import { hkdfSha256 } from './sha256.ts'

export type { EncryptionKey } from './key-ring.ts'

/** What a payload is bound to. It is authenticated, and not stored with the payload. */
export interface CipherContext {
  /** What the value is for, such as `cache` or `session`. */
  readonly purpose: string
  readonly namespace: string
  /** The caller's key, before it was hashed. */
  readonly key: string
  /** The header's line. */
  readonly header: string
  /** When the entry was created, in epoch milliseconds. The day selects the derived key. */
  readonly createdAt: number
}

/** A sealed payload: base64 of nonce, ciphertext and tag. */
export interface Sealed {
  readonly keyId: string
  readonly text: string
}

const VERSION = 'nearcache/v1'
const DAY_MS = 86_400_000
/** Derived keys kept per instance, one per key, namespace and day. */
const MAX_DERIVED = 64

/** How much longer than its plaintext a sealed payload is, in bytes before base64. */
export const SEAL_BYTES: number = NONCE_BYTES + TAG_BYTES

/**
 * AES-256-GCM (NIST SP 800-38D) with a ring of keys.
 *
 * From each key of the ring, one key per namespace and day is derived (HKDF-SHA-256, RFC 5869), so that each
 * is used with fewer than 2^32 random nonces. Rotation: add the new key as decrypt-only everywhere, make
 * it the primary, and remove the old one when the longest entry has expired.
 */
export class Cipher {
  /** Id of the key that encrypts. */
  declare readonly primaryId: string
  readonly #secrets: ReadonlyMap<string, Bytes>
  // Keys, not promises of keys: on Workers, a promise of another request may never settle.
  readonly #derived = new Map<string, GcmKey>()

  /**
   * @param option Dotted path of the option the keys were given by. @default 'encryption.keys'
   * @throws {InvalidOptionError} Naming `option`, when the keys do not form a ring.
   */
  constructor(keys: readonly EncryptionKey[], option?: string) {
    const { primaryId, secrets } = readKeyRing(keys, option)
    this.primaryId = primaryId
    this.#secrets = secrets
  }

  /**
   * Encrypts with the primary key.
   *
   * @param plaintext Bytes, or well-formed text.
   */
  async seal(plaintext: string | Bytes, context: CipherContext): Promise<Sealed> {
    const key = await this.#keyFor(this.primaryId, context)
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const data = typeof plaintext === 'string' ? encodeUtf8(plaintext) : plaintext
    const sealed = await key.encrypt(nonce, data, boundTo(context))
    return { keyId: this.primaryId, text: toBase64(concatBytes([nonce, sealed])) }
  }

  /**
   * The text that was sealed in exactly this context.
   *
   * @throws {CorruptEntryError} When the ring has no such key, or the payload, its key or its context
   * is not the one that was sealed.
   */
  async open(keyId: string, text: string, context: CipherContext): Promise<string> {
    const bytes = await this.openBytes(keyId, text, context)
    try {
      return decodeUtf8(bytes)
    } catch {
      // TypeError: it was sealed from bytes that are not UTF-8.
      throw new CorruptEntryError('the decrypted payload is not text')
    }
  }

  /**
   * The bytes that were sealed in exactly this context.
   *
   * @throws {CorruptEntryError} As {@link open} does.
   */
  async openBytes(keyId: string, text: string, context: CipherContext): Promise<Bytes> {
    const key = await this.#keyFor(keyId, context)
    const bytes = fromBase64(text)
    if (bytes === undefined || bytes.length < SEAL_BYTES) throw notAuthentic()
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const data = bytes.subarray(NONCE_BYTES)
    try {
      return await key.decrypt(nonce, data, boundTo(context))
    } catch {
      // The only possible error: the tag does not match.
      throw notAuthentic()
    }
  }

  /** Whether the ring has a key with this id. */
  has(keyId: string): boolean {
    return this.#secrets.has(keyId)
  }

  async #keyFor(keyId: string, { namespace, createdAt }: CipherContext): Promise<GcmKey> {
    const info = `${VERSION}/enc|${namespace}|${Math.floor(createdAt / DAY_MS)}`
    const name = `${keyId}|${info}`
    const known = this.#derived.get(name)
    if (known !== undefined) return known

    const secret = this.#secrets.get(keyId)
    if (secret === undefined) throw new CorruptEntryError('unknown encryption key')
    const derived = await gcmKey(hkdfSha256(secret, encodeUtf8(info)))
    for (const oldest of this.#derived.keys()) {
      if (this.#derived.size < MAX_DERIVED) break
      this.#derived.delete(oldest)
    }
    this.#derived.set(name, derived)
    return derived
  }
}

function notAuthentic(): CorruptEntryError {
  return new CorruptEntryError('authentication failed')
}

/** The additional data. The length before each field makes it unambiguous where a field ends. */
function boundTo({ purpose, namespace, key, header }: CipherContext): Bytes {
  const fields = [VERSION, purpose, namespace, key, header]
  return encodeUtf8(fields.map((field) => `${field.length}:${field}`).join(''))
}
