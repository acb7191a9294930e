/**
 * The value of a key of type string: text, or bytes after a command has created some.
 *
 * Text from requests is stored as text. A cut inside a character or a changed bit creates bytes that may
 * not be UTF-8. They are kept exactly; a reply shows U+FFFD for invalid UTF-8.
 *
 * @module
 */

import { encodeUtf8 } from '../../entry/bytes.ts'
import { byteLength } from './text.ts'

/** Text that stands for its bytes in UTF-8, or the bytes themselves. */
export type StringValue = string | Uint8Array

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/** The value as a reply shows it. */
export function toText(value: StringValue): string {
  return typeof value === 'string' ? value : decoder.decode(value)
}

/** The bytes. Do not change them: they may be the stored ones. */
export function toBytes(value: StringValue): Uint8Array {
  return typeof value === 'string' ? encodeUtf8(value) : value
}

/** The length of the value in bytes. */
export function lengthOf(value: StringValue): number {
  return typeof value === 'string' ? byteLength(value) : value.length
}

function isAscii(value: StringValue): value is string {
  return typeof value === 'string' && byteLength(value) === value.length
}

/** The bytes from `start` up to `end`, exclusive, as a reply shows them. */
export function sliceOf(value: StringValue, start: number, end: number): string {
  if (isAscii(value)) return value.slice(start, end)
  return decoder.decode(toBytes(value).subarray(start, end))
}

/** The value with text appended. */
export function appended(value: StringValue, text: string): StringValue {
  if (typeof value === 'string') return value + text
  return patched(value, value.length, text)
}

/** The value, with a text's bytes written at `offset`. A gap before them is filled with zeros. */
export function patched(value: StringValue, offset: number, text: string): StringValue {
  if (isAscii(value) && isAscii(text)) {
    return value.slice(0, offset).padEnd(offset, '\0') + text + value.slice(offset + text.length)
  }
  const fresh = encodeUtf8(text)
  const bytes = grown(value, offset + fresh.length)
  bytes.set(fresh, offset)
  return bytes
}

/** A copy of the bytes, padded with zeros to at least `length`. */
export function grown(value: StringValue, length: number): Uint8Array {
  const old = toBytes(value)
  const bytes = new Uint8Array(Math.max(old.length, length))
  bytes.set(old)
  return bytes
}
