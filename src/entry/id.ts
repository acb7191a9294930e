/**
 * Random ids for writes, leases and markers.
 *
 * @module
 */

import { toBase64Url } from './bytes.ts'

const ID_BYTES = 12
/** Bytes for 128 ids are drawn at once, because a call to the host's generator costs more than the bytes. */
const POOL_BYTES = ID_BYTES * 128

// Filled at the first call, because Workers forbid randomness while a module is evaluated.
const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/**
 * A new id: 96 random bits as 16 characters of base64url. Cryptographically random, but not secret:
 * ids are readable in Redis.
 */
export function randomId(): string {
  if (used === POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const start = used
  used += ID_BYTES
  return toBase64Url(pool.subarray(start, used))
}
