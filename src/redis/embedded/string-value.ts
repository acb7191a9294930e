/**
 * What a key of type string holds: text, or bytes once a command has made some.
 *
 * What comes over the seam is text, and stays it. A cut inside a character or a changed bit makes
 * bytes that may be no text; they are kept exactly, and only a reply shows U+FFFD for what is none.
 *
 * @module
 */

import { encodeUtf8 } from '../../entry/bytes.ts'
import { byteLength } from './text.ts'

/** Text, which stands for its bytes in UTF-8, or the bytes themselves. */
export type StringValue = string | Uint8Array

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/** As a reply has it. */
export function toText(value: StringValue): string {
  return typeof value === 'string' ? value : decoder.decode(value)
}

/** The bytes, not to be changed: they may be those that are stored. */
export function toBytes(value: StringValue): Uint8Array {
  return typeof value === 'string' ? encodeUtf8(value) : value
}

/** How many bytes the value has. */
export function lengthOf(value: StringValue): number {
  return typeof value === 'string' ? byteLength(value) : value.length
}

function isAscii(value: StringValue): value is string {
  return typeof value === 'string' && byteLength(value) === value.length
}

/** The bytes from `start` up to `end`, exclusive, as a reply has them. */
export function sliceOf(value: StringValue, start: number, end: number): string {
  if (isAscii(value)) return value.slice(start, end)
  return decoder.decode(toBytes(value).subarray(start, end))
}

/** The value with a text behind it. */
export function appended(value: StringValue, text: string): StringValue {
  if (typeof value === 'string') return value + text
  return patched(value, value.length, text)
}

/** The value with its bytes from `offset` on replaced by a text's; a gap is filled with zeros. */
export function patched(value: StringValue, offset: number, text: string): StringValue {
  if (isAscii(value) && isAscii(text)) {
    return value.slice(0, offset).padEnd(offset, '\0') + text + value.slice(offset + text.length)
  }
  const fresh = encodeUtf8(text)
  const bytes = grown(value, offset + fresh.length)
  bytes.set(fresh, offset)
  return bytes
}

/** A copy of the bytes, filled up with zeros to at least `length` of them. */
export function grown(value: StringValue, length: number): Uint8Array {
  const old = toBytes(value)
  const bytes = new Uint8Array(Math.max(old.length, length))
  bytes.set(old)
  return bytes
}
