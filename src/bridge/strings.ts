/**
 * Converts between the bytes and text of HTTP and the strings of a backend: text, or one character a byte.
 *
 * @module
 */

import { binaryOf, bytesOf, isAscii } from '../entry/bytes.ts'

/** How a backend represents strings. */
export interface Strings {
  fromText(text: string): string
  /** Undefined if the bytes are not UTF-8 and the backend holds only text. */
  fromBytes(bytes: Uint8Array): string | undefined
  /** Invalid UTF-8 becomes U+FFFD. */
  toText(value: string): string
  toBytes(value: string): Uint8Array
  toBase64(value: string): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8 and keeps a byte order mark; undefined if the bytes are not UTF-8. */
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

/** For backends whose strings have one character a byte. ASCII text is the same in both forms. */
export const BYTES: Strings = {
  fromText: (text) => (isAscii(text) ? text : binaryOf(encoder.encode(text))),
  fromBytes: binaryOf,
  toText: (value) => (isAscii(value) ? value : decoder.decode(bytesOf(value))),
  toBytes: bytesOf,
  toBase64: (value) => btoa(value),
}
