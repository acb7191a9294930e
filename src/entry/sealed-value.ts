/**
 * Encrypts values that are stored without a readable header.
 *
 * ```
 * <key id> . <sealed at, base 36> . <encoding> <sealed>
 * ```
 *
 * @module
 */

import { CorruptEntryError } from '../errors.ts'
import type { Cipher, CipherContext } from './cipher.ts'
import { decodeValue, type ValueFormat, type ValueText } from './codec.ts'

/**
 * Returns the context that a text is bound to.
 *
 * @param stamp How the value is encoded and when it was sealed. It must be part of the context's header.
 * @param sealedAt Epoch milliseconds.
 */
export type Binding = (stamp: string, sealedAt: number) => CipherContext

/** The parts of a sealed text. */
export interface SealedValue {
  readonly keyId: string
  /** Epoch milliseconds. */
  readonly sealedAt: number
  readonly format: ValueFormat
  readonly sealed: string
}

const SEALED = /^([A-Za-z0-9_-]{1,16})\.([0-9a-z]{1,9})\.([jd])([A-Za-z0-9+/=]+)$/

/** Whether a text is longer than the sealed form of any value of at most `maxBytes`. */
export function isOverlong(text: string, maxBytes: number): boolean {
  // Base64 of value, nonce and tag takes 4/3 of their bytes; the rest is for the fields before it.
  return text.length > maxBytes * 1.4 + 256
}

/** Seals an encoded value with the primary key. */
export async function sealValue(
  cipher: Cipher,
  { format, text }: ValueText,
  now: number,
  binding: Binding,
): Promise<string> {
  const sealedAt = Math.floor(now)
  const sealed = await cipher.seal(text, binding(stampOf(format, sealedAt), sealedAt))
  return `${sealed.keyId}.${sealedAt.toString(36)}.${format}${sealed.text}`
}

/** @throws {CorruptEntryError} When the text is not one that {@link sealValue} writes. */
export function parseSealed(text: string): SealedValue {
  const [, keyId, sealedAt = '', format, sealed = ''] = SEALED.exec(text) ?? []
  if (keyId === undefined) throw new CorruptEntryError('it is not sealed')
  return {
    keyId,
    sealedAt: Number.parseInt(sealedAt, 36),
    format: format as ValueFormat,
    sealed,
  }
}

/**
 * The value of a sealed text.
 *
 * @throws {CorruptEntryError} When it was not sealed under this binding, or with a key that the ring
 * does not have.
 */
export async function openValue(
  cipher: Cipher,
  { keyId, sealedAt, format, sealed }: SealedValue,
  binding: Binding,
): Promise<unknown> {
  const context = binding(stampOf(format, sealedAt), sealedAt)
  return decodeValue(format, await cipher.open(keyId, sealed, context))
}

function stampOf(format: ValueFormat, sealedAt: number): string {
  return `${format};${sealedAt}`
}
