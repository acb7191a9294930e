/**
 * Checks and decodes encryption keys. No error contains a key.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import { type Bytes, fromBase64, fromUrlSafe } from './bytes.ts'

/** One key of the ring. */
export interface EncryptionKey {
  /** Names the key in stored entries; 1 to 16 characters of `A-Za-z0-9_-`. */
  readonly id: string
  /** 32 random bytes as hex, base64 or base64url. A passphrase is not a key, and is refused. */
  readonly secret: string
  /** One key encrypts; all of them decrypt. @default 'primary' if it is the only key */
  readonly use?: 'primary' | 'decrypt-only'
}

/** A checked ring. */
export interface KeyRing {
  readonly primaryId: string
  readonly secrets: ReadonlyMap<string, Bytes>
}

const OPTION = 'encryption.keys'
const ID = /^[A-Za-z0-9_-]{1,16}$/
const HEX = /^[0-9a-fA-F]{64}$/
const SECRET_BYTES = 32

/**
 * @param option Dotted path of the option, for the error.
 * @throws {InvalidOptionError} Naming `option`, when it is not a list, an id or secret is not valid, two ids are equal,
 * or not exactly one key is the primary.
 */
export function readKeyRing(keys: readonly EncryptionKey[], option: string = OPTION): KeyRing {
  const primaryId = primaryOf(keys, option).id
  const secrets = new Map<string, Bytes>()
  for (const { id, secret } of keys) {
    // A number would pass the test alone, and then never be found by the text in an entry.
    if (typeof id !== 'string' || !ID.test(id) || secrets.has(id)) {
      throw new InvalidOptionError(option, 'keys with different ids of 1 to 16 A-Za-z0-9_-')
    }
    secrets.set(id, readSecret(secret, `${option}[].secret`))
  }
  return { primaryId, secrets }
}

function primaryOf(keys: readonly EncryptionKey[], option: string): EncryptionKey {
  const list: readonly (EncryptionKey | undefined)[] = Array.isArray(keys) ? keys : []
  const [primary, ...others] = list.filter(
    (key) => (key?.use ?? (list.length === 1 && 'primary')) === 'primary',
  )
  if (!primary || others.length > 0) {
    throw new InvalidOptionError(option, 'keys of which exactly one is the primary')
  }
  return primary
}

/**
 * The bytes of a secret: 32 random bytes as hex, base64 or base64url. Passphrases are refused.
 *
 * @throws {InvalidOptionError} Naming `option`, when it is not one. The error does not contain the secret.
 */
export function readSecret(secret: unknown, option: string): Bytes {
  const bytes = typeof secret === 'string' ? decodeSecret(secret) : undefined
  if (bytes?.length !== SECRET_BYTES) {
    throw new InvalidOptionError(option, `${SECRET_BYTES} random bytes as hex, base64 or base64url`)
  }
  return bytes
}

function decodeSecret(secret: string): Bytes | undefined {
  if (HEX.test(secret)) {
    return Uint8Array.from(secret.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  }
  return fromBase64(fromUrlSafe(secret))
}
