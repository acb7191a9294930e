/**
 * Computes the hash by which Redis identifies a script.
 *
 * @module
 */

import { sha1 } from '@noble/hashes/legacy.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { encodeUtf8 } from '../../entry/bytes.ts'

/** SHA-1 of a text or of bytes, in lower-case hexadecimal, as `EVALSHA` takes it. */
export function sha1Hex(source: string | Uint8Array): string {
  return bytesToHex(sha1(typeof source === 'string' ? encodeUtf8(source) : source))
}
