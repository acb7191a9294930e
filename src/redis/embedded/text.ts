/**
 * Handles text by its UTF-8 bytes, as Redis counts and orders it.
 *
 * @module
 */

import { binaryOf, encodeUtf8 } from '../../entry/bytes.ts'

/** The length of `text` in UTF-8, in bytes. A lone surrogate counts as three, as its replacement does. */
export function byteLength(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x80) continue
    if (code < 0x800) bytes += 1
    else if (code < 0xd800 || code > 0xdbff) bytes += 2
    else {
      bytes += 2
      // A pair is two units and four bytes, so its second unit adds no more.
      if (isLowSurrogate(text.charCodeAt(index + 1))) index++
    }
  }
  return bytes
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}

/** Converts to one character a byte, so that bytes can be compared and indexed. ASCII is returned unchanged. */
export function toByteString(text: string): string {
  return byteLength(text) === text.length ? text : binaryOf(encodeUtf8(text))
}

/**
 * Orders two strings as their UTF-8 bytes are ordered: by code point. JavaScript's own order is by
 * UTF-16 unit, which puts the characters outside the basic plane before U+E000.
 */
export function compareBytes(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return codePointRank(a) - codePointRank(b)
  }
  return left.length - right.length
}

/** Moves surrogates behind every other unit, keeping the order on either side. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit
}
