/**
 * Reads session keys from one text, such as an environment variable or a secret of a deployment.
 *
 * @module
 */

import type { EncryptionKey } from '../entry/key-ring.ts'

/** The form of a text of keys, for error messages. */
export const SESSION_KEYS_REQUIREMENT =
  'must be like id:secret or id:secret,id:secret, each secret 32 random bytes as hex or base64'

const KEY = /^([A-Za-z0-9_-]{1,16}):([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/

/**
 * Reads `id:secret,id:secret`: the first key encrypts, all of them decrypt.
 *
 * @returns `undefined` if the text does not have that form, or contains an id twice.
 */
export function readSessionKeys(text: string): readonly EncryptionKey[] | undefined {
  const found = text.split(',').map((key) => KEY.exec(key))
  const keys = found.flatMap((match, position): EncryptionKey[] => {
    const [, id = '', secret = ''] = match ?? []
    return match ? [{ id, secret, use: position === 0 ? 'primary' : 'decrypt-only' }] : []
  })
  const areWhole = keys.length === found.length
  return areWhole && new Set(keys.map(({ id }) => id)).size === keys.length ? keys : undefined
}
