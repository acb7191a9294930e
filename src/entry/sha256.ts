/**
 * SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869), synchronous because names in Redis are built from them
 * synchronously, which `crypto.subtle` does not allow. Timing is not hidden: the hashed texts are not secret.
 *
 * @module
 */

import { type Bytes, concatBytes } from './bytes.ts'

const BLOCK_BYTES = 64
const ROUNDS = 64
const STATE_WORDS = 8
const DIGEST_BYTES = 32
/** Room for the length that ends the last block. */
const LENGTH_BYTES = 8

/** The first 32 fractional bits of the square and cube roots of the first primes. */
interface Constants {
  readonly start: Int32Array
  readonly rounds: Int32Array
}

/** The words of a block. Reused, because to allocate them takes as long as to mix them. */
const w = new Int32Array(ROUNDS)

// Computed at the first call, so that bundles contain no table and start-up does not wait.
let constants: Constants | undefined

function constantsOf(): Constants {
  if (constants !== undefined) return constants
  const primes: number[] = []
  for (let n = 2; primes.length < ROUNDS; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  }
  // At most 4 of the 52 bits of a root are before the point, so an error in its last bit does not matter.
  const fraction = (root: number): number => (root % 1) * 2 ** 32
  constants = {
    start: Int32Array.from(primes.slice(0, STATE_WORDS), (prime) => fraction(Math.sqrt(prime))),
    rounds: Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  }
  return constants
}

/** SHA-256 of bytes. */
export function sha256(bytes: Uint8Array): Bytes {
  return finish(constantsOf().start, 0, bytes)
}

/** HMAC-SHA-256 with one key, for any number of texts. Work that depends only on the key is done once. */
export function hmacSha256(key: Uint8Array): (bytes: Uint8Array) => Bytes {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key
  const padded = (value: number): Int32Array => {
    const block = new Uint8Array(BLOCK_BYTES)
    block.set(short)
    return absorb(
      constantsOf().start,
      block.map((byte) => byte ^ value),
    )
  }
  const inner = padded(0x36)
  const outer = padded(0x5c)
  return (bytes) => finish(outer, BLOCK_BYTES, finish(inner, BLOCK_BYTES, bytes))
}

/** 32 bytes for the purpose `info`, from a uniformly random secret: extraction then needs no salt. */
export function hkdfSha256(secret: Uint8Array, info: Uint8Array): Bytes {
  return expandSha256(hmacSha256(new Uint8Array(0))(secret), info, DIGEST_BYTES)
}

/**
 * The second half of HKDF: bytes for the purpose `info`, from a key.
 *
 * @param length At most 255 digests of 32 bytes.
 */
export function expandSha256(key: Uint8Array, info: Uint8Array, length: number): Bytes {
  const mac = hmacSha256(key)
  const parts: Bytes[] = []
  for (let n = 1; parts.length * DIGEST_BYTES < length; n++) {
    parts.push(mac(concatBytes([parts.at(-1) ?? new Uint8Array(0), info, Uint8Array.of(n)])))
  }
  return concatBytes(parts).subarray(0, length)
}

/** The digest of the `before` bytes that `state` has absorbed, followed by `rest`. */
function finish(state: Int32Array, before: number, rest: Uint8Array): Bytes {
  const taken = rest.length + 1 + LENGTH_BYTES
  const padded = new Uint8Array(Math.ceil(taken / BLOCK_BYTES) * BLOCK_BYTES)
  padded.set(rest)
  padded[rest.length] = 0x80
  let bits = (before + rest.length) * 8
  for (let i = 1; bits > 0; i++) {
    padded[padded.length - i] = bits
    bits = Math.floor(bits / 256)
  }
  const sums = absorb(state, padded)
  const digest = new Uint8Array(DIGEST_BYTES)
  for (let i = 0; i < digest.length; i++) digest[i] = word(sums, i >> 2) >>> (24 - (i & 3) * 8)
  return digest
}

/** The state after these whole blocks. Names are those of the standard. */
function absorb(state: Int32Array, blocks: Uint8Array): Int32Array {
  const { rounds } = constantsOf()
  const sums = state.slice()
  for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
    schedule(blocks, at)
    mix(sums, rounds)
  }
  return sums
}

function schedule(blocks: Uint8Array, at: number): void {
  for (let i = 0; i < BLOCK_BYTES; i++)
    w[i >> 2] = (word(w, i >> 2) << 8) | (blocks[at + i] as number)
  for (let t = 16; t < ROUNDS; t++) {
    const early = word(w, t - 15)
    const late = word(w, t - 2)
    const sigma0 = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3)
    const sigma1 = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10)
    w[t] = sigma1 + word(w, t - 7) + sigma0 + word(w, t - 16)
  }
}

function mix(sums: Int32Array, rounds: Int32Array): void {
  let a = word(sums, 0)
  let b = word(sums, 1)
  let c = word(sums, 2)
  let d = word(sums, 3)
  let e = word(sums, 4)
  let f = word(sums, 5)
  let g = word(sums, 6)
  let h = word(sums, 7)
  for (let t = 0; t < ROUNDS; t++) {
    const sum1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
    const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + word(rounds, t) + word(w, t)) | 0
    const sum0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
    const t2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  const more = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < STATE_WORDS; i++) sums[i] = word(sums, i) + (more[i] as number)
}

/** The word at an index that is known to be in range. */
function word(words: Int32Array, index: number): number {
  return words[index] as number
}

/** Rotates to the right. */
function turned(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}
