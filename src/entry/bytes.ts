/**
 * Text and bytes: UTF-8, base64 and base64url on every runtime, strict where input is untrusted.
 *
 * @module
 */

const encoder = new TextEncoder()
/** Keeps a leading U+FEFF, which is content here and not a byte order mark. */
const DECODING = { fatal: true, ignoreBOM: true } as const
const decoder = new TextDecoder('utf-8', DECODING)
/** Arguments of one `apply`; below the limit of every engine. */
const CHUNK = 8_192

/** Bytes that are not in shared memory, as `crypto.subtle` requires. */
export type Bytes = Uint8Array<ArrayBuffer>

/** UTF-8 of a text. A lone surrogate becomes U+FFFD, so give well-formed text. */
export function encodeUtf8(text: string): Bytes {
  // The types of some runtimes allow shared memory here, which an encoder never returns.
  return encoder.encode(text) as Bytes
}

/**
 * The text of UTF-8 bytes.
 *
 * @throws {TypeError} When the bytes are not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The part of `TextDecoder` that is used. The types of some servers do not declare that class as a type. */
export interface Utf8Decoder {
  decode(bytes?: Uint8Array, options?: { readonly stream?: boolean }): string
}

/** A decoder for bytes that arrive in chunks, as strict as {@link decodeUtf8}. */
export function utf8Stream(): Utf8Decoder {
  return new TextDecoder('utf-8', DECODING)
}

/** Whether the UTF-8 form of `text` is longer than `maxBytes`. Reads the text only if its length does not decide. */
export function isLongerThan(text: string, maxBytes: number): boolean {
  // A UTF-16 code unit takes 1 to 3 bytes.
  return text.length > maxBytes || (text.length * 3 > maxBytes && utf8Length(text) > maxBytes)
}

/** How many bytes the UTF-8 form of `text` has. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    // Each half of a surrogate pair counts 2 of the pair's 4 bytes; a lone half counts 2 as well.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return bytes
}

/** Whether all characters are ASCII, so that the UTF-8 form has one byte per character. */
export function isAscii(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text)
}

/** Base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  return btoa(binaryOf(bytes))
}

/** A text with one character per byte, as `btoa` takes it. The inverse of {@link bytesOf}. */
export function binaryOf(bytes: Uint8Array): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i += CHUNK) {
    // `apply` accepts a byte array, though its type does not say so, and is seven times as fast as spreading it.
    const chunk: unknown = bytes.subarray(i, i + CHUNK)
    binary += String.fromCharCode.apply(null, chunk as number[])
  }
  return binary
}

/** The digits of base64url, in the order of their values (RFC 4648, section 5). */
export const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Base64url without padding, for digests and ids. From some hundred bytes on, {@link urlSafe} is faster. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = (byteAt(bytes, i) << 16) | (byteAt(bytes, i + 1) << 8) | byteAt(bytes, i + 2)
    text += digit(bits >> 18) + digit(bits >> 12) + digit(bits >> 6) + digit(bits)
  }
  return text.slice(0, Math.ceil((bytes.length * 4) / 3))
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

function digit(bits: number): string {
  return BASE64URL.charAt(bits & 63)
}

/** Base64 as base64url without padding. */
export function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Base64url, padded or not, as base64 with padding. */
export function fromUrlSafe(text: string): string {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}

/**
 * The bytes of a base64 text, or `undefined` if the text is not exactly what {@link toBase64} returns for
 * them. `atob` alone tolerates white space, missing padding and stray bits, so that a changed text
 * could pass for an authentic one.
 */
export function fromBase64(text: string): Bytes | undefined {
  const binary = decodeBase64(text)
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (binary?.length !== (text.length / 4) * 3 - padding) return undefined
  const tail = binary.slice(padding === 0 ? binary.length : padding - 3)
  if (padding > 0 && !text.endsWith(btoa(tail))) return undefined

  return bytesOf(binary)
}

/** The bytes of a text with one character per byte, as `atob` returns it. */
export function bytesOf(binary: string): Bytes {
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

function decodeBase64(text: string): string | undefined {
  try {
    return atob(text)
  } catch {
    // InvalidCharacterError, the only error of atob.
    return undefined
  }
}

/** All parts, joined in order. */
export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.byteLength
  }
  return all
}
