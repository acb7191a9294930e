/**
 * AES-256-GCM (NIST SP 800-38D) with one key: synchronous if the host has `node:crypto`; otherwise by WebCrypto, which
 * on Node would hand each call to another thread.
 *
 * @module
 */

import { hostModule } from '../platform/host-module.ts'
import type { Bytes } from './bytes.ts'

/** A key, with its operations. */
export interface GcmKey<Result = Bytes | Promise<Bytes>> {
  /**
   * The ciphertext, followed by the tag.
   *
   * @param nonce 12 bytes that were never used with this key before.
   * @param beside Additional data, which is authenticated but not part of the result.
   */
  encrypt(nonce: Bytes, data: Bytes, beside: Bytes): Result
  /**
   * The plaintext.
   *
   * @throws {Error} When the data is not authentic for this nonce and `beside`: thrown, or the promise rejects with it.
   */
  decrypt(nonce: Bytes, sealed: Bytes, beside: Bytes): Result
}

/** The part of a cipher of `node:crypto` that is used here. */
interface NodeCipher {
  setAAD(beside: Uint8Array): unknown
  update(data: Uint8Array): Uint8Array<ArrayBuffer>
  final(): unknown
}

/** The part of `node:crypto` that is used here. */
export interface NodeCrypto {
  createSecretKey(secret: Uint8Array): object
  createCipheriv(
    name: 'aes-256-gcm',
    key: object,
    nonce: Uint8Array,
    options: { readonly authTagLength: number },
  ): NodeCipher & { getAuthTag(): Uint8Array }
  createDecipheriv(
    name: 'aes-256-gcm',
    key: object,
    nonce: Uint8Array,
    options: { readonly authTagLength: number },
  ): NodeCipher & { setAuthTag(tag: Uint8Array): unknown }
}

export const NONCE_BYTES = 12
export const TAG_BYTES = 16
const NODE = { authTagLength: TAG_BYTES } as const

/** A key from 32 bytes, with the fastest implementation of this host. */
export function gcmKey(secret: Bytes): GcmKey | Promise<GcmKey> {
  const crypto = hostCrypto()
  return crypto ? nodeKey(crypto, secret) : webKey(secret)
}

/** A key that uses `node:crypto`. */
export function nodeKey(crypto: NodeCrypto, secret: Bytes): GcmKey<Bytes> {
  const key = crypto.createSecretKey(secret)
  return {
    encrypt(nonce, data, beside) {
      const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce, NODE)
      cipher.setAAD(beside)
      const sealed = new Uint8Array(data.length + TAG_BYTES)
      sealed.set(cipher.update(data))
      cipher.final()
      sealed.set(cipher.getAuthTag(), data.length)
      return sealed
    },
    decrypt(nonce, sealed, beside) {
      const end = sealed.length - TAG_BYTES
      const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, NODE)
      decipher.setAAD(beside)
      decipher.setAuthTag(sealed.subarray(end))
      const data = decipher.update(sealed.subarray(0, end))
      // Throws if the data is not authentic.
      decipher.final()
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    },
  }
}

/** A key that uses WebCrypto. It is not extractable. */
export async function webKey(secret: Bytes): Promise<GcmKey<Promise<Bytes>>> {
  const { subtle } = crypto
  const usages = ['encrypt', 'decrypt'] as const
  const key = await subtle.importKey('raw', secret, 'AES-GCM', false, [...usages])
  return {
    encrypt: async (nonce, data, beside) =>
      new Uint8Array(await subtle.encrypt(algorithm(nonce, beside), key, data)),
    decrypt: async (nonce, sealed, beside) =>
      new Uint8Array(await subtle.decrypt(algorithm(nonce, beside), key, sealed)),
  }
}

/** The parameters of AES-GCM in `crypto.subtle`. Declared here, because the types of runtimes name them differently. */
interface AesGcm {
  readonly name: 'AES-GCM'
  readonly iv: Bytes
  readonly additionalData: Bytes
  readonly tagLength: number
}

function algorithm(iv: Bytes, additionalData: Bytes): AesGcm {
  return { name: 'AES-GCM', iv, additionalData, tagLength: TAG_BYTES * 8 }
}

function hostCrypto(): NodeCrypto | undefined {
  const found = hostModule('node:crypto') as NodeCrypto | undefined
  return found && isComplete(found) ? found : undefined
}

/** Whether all of it works: some hosts offer Node's modules only in part. */
function isComplete(crypto: NodeCrypto): boolean {
  try {
    const zeros = new Uint8Array(32)
    const nonce = new Uint8Array(NONCE_BYTES)
    const key = nodeKey(crypto, zeros)
    return key.decrypt(nonce, key.encrypt(nonce, zeros, zeros), zeros).length === zeros.length
  } catch {
    return false
  }
}
