/**
 * Random ids for writes, leases and markers.
 *
 * @module
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ID_BYTES = 12
/** 128 ids a draw: one call to the host's generator costs more than the bytes do. */
const POOL_BYTES = ID_BYTES * 128

// Filled by the first call, since Workers forbid randomness while a module is evaluated.
const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/**
 * A new id: 96 random bits as 16 characters of base64url. Cryptographically random, yet not a
 * secret: ids stand in plain sight in Redis.
 */
export function randomId(): string {
  if (used === POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let id = ''
  for (const end = used + ID_BYTES; used < end; used += 3) {
    const bits = (at(used) << 16) | (at(used + 1) << 8) | at(used + 2)
    id += char(bits >> 18) + char(bits >> 12) + char(bits >> 6) + char(bits)
  }
  return id
}

function at(index: number): number {
  return pool[index] ?? 0
}

function char(bits: number): string {
  return ALPHABET.charAt(bits & 63)
}
