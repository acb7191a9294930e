/**
 * AES-256-GCM (NIST SP 800-38D) under one key: at once where the host has `node:crypto`, and by WebCrypto,
 * which hands each call to another thread on Node, where it has not.
 *
 * @module
 */

import { hostModule } from '../platform/host-module.ts'
import type { Bytes } from './bytes.ts'

/** A key with what it does. */
export interface GcmKey<Result = Bytes | Promise<Bytes>> {
  /**
   * The ciphertext, and the tag behind it.
   *
   * @param nonce 12 bytes, which the key has not been used with before.
   * @param beside What is authenticated with the data, and not in the result.
   */
  encrypt(nonce: Bytes, data: Bytes, beside: Bytes): Result
  /**
   * What was encrypted.
   *
   * @throws {Error} When it was not encrypted so: thrown, or the promise rejects with it.
   */
  decrypt(nonce: Bytes, sealed: Bytes, beside: Bytes): Result
}

/** What is used of the ciphers of `node:crypto`. */
interface NodeCipher {
  setAAD(beside: Uint8Array): unknown
  update(data: Uint8Array): Uint8Array<ArrayBuffer>
  final(): unknown
}

/** What is used of `node:crypto`. */
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

/** The key of 32 bytes, by what this host does best. */
export function gcmKey(secret: Bytes): GcmKey | Promise<GcmKey> {
  const crypto = hostCrypto()
  return crypto ? nodeKey(crypto, secret) : webKey(secret)
}

/** By `node:crypto`. */
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
      // What is not authentic ends here.
      decipher.final()
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    },
  }
}

/** By WebCrypto. The key cannot be read out again. */
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

/** What `crypto.subtle` takes for AES-GCM, spelt out for runtimes that name it otherwise. */
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

/** Some hosts have the names of Node's modules, and not all that is behind them. */
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
