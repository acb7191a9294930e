/**
 * Between what HTTP carries and the strings of a backend: text, or one character a byte.
 *
 * @module
 */

import { binaryOf, bytesOf } from '../entry/bytes.ts'

/** What strings stand for behind the seam. */
export interface Strings {
  fromText(text: string): string
  /** Undefined when the bytes are no text and the backend holds nothing else. */
  fromBytes(bytes: Uint8Array): string | undefined
  /** What is no UTF-8 becomes U+FFFD. */
  toText(value: string): string
  toBytes(value: string): Uint8Array
  toBase64(value: string): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8, a byte order mark included; undefined when it is none. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined // TypeError: not UTF-8
  }
}

/** For backends whose strings are text. */
export const TEXT: Strings = {
  fromText: (text) => text,
  fromBytes: decodeText,
  toText: (value) => value,
  toBytes: (value) => encoder.encode(value),
  toBase64: (value) => btoa(isAscii(value) ? value : binaryOf(encoder.encode(value))),
}

/** For backends whose strings have one character a byte. ASCII is the same in both. */
export const BYTES: Strings = {
  fromText: (text) => (isAscii(text) ? text : binaryOf(encoder.encode(text))),
  fromBytes: binaryOf,
  toText: (value) => (isAscii(value) ? value : decoder.decode(bytesOf(value))),
  toBytes: bytesOf,
  toBase64: (value) => btoa(value),
}

function isAscii(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  return !/[^\x00-\x7f]/.test(value)
}
