/**
 * Writes the data of an engine as a snapshot, version 1: lines of JSON in UTF-8.
 *
 * The first line is `["nearcache-engine",1]`. Each key has a line `[type, key, expiry, value]`, with the
 * expiry in epoch milliseconds or null. Bytes are written as one character each. Large collections continue in
 * lines `["+", value]`. The last line is `["end", keys, checksum]`, with the CRC-32 of every byte before it.
 *
 * @module
 */

import { binaryOf, encodeUtf8 } from '../../entry/bytes.ts'
import { crc32 } from './crc32.ts'
import type { Entry } from './entry.ts'
import { ListValue } from './list-value.ts'
import { SortedSetValue } from './sorted-set-value.ts'
import { HashValue, SetValue, type Value } from './values.ts'

/** Written in the first line, so that other files are recognized as foreign. */
export const FORMAT = 'nearcache-engine'
export const VERSION = 1

/** Texts in one line of a collection, so that a large one is never converted to JSON as a whole. */
const TEXTS_A_LINE = 1_000

/** The texts of a collection. Those of hashes and sorted sets come in pairs. */
function* textsOf(value: Value): IterableIterator<string> {
  if (value instanceof HashValue) for (const pair of value.fields.entries()) yield* pair
  else if (value instanceof SetValue) yield* value.members.keys()
  else if (value instanceof SortedSetValue) {
    for (const [member, score] of value.scores.entries()) yield* [member, String(score)]
  } else if (value instanceof ListValue) yield* value.slice()
}

function* pieces(texts: Iterable<string>): IterableIterator<string[]> {
  let piece: string[] = []
  for (const text of texts) {
    piece.push(text)
    if (piece.length < TEXTS_A_LINE) continue
    yield piece
    piece = []
  }
  if (piece.length > 0) yield piece
}

function* linesOf({ key, value, expiresAt }: Entry): IterableIterator<readonly unknown[]> {
  const expiry = expiresAt === Infinity ? null : expiresAt
  if (typeof value === 'string') yield ['text', key, expiry, value]
  else if (value instanceof Uint8Array) yield ['bytes', key, expiry, binaryOf(value)]
  else {
    let isFirst = true
    for (const piece of pieces(textsOf(value))) {
      yield isFirst ? [value.type, key, expiry, piece] : ['+', piece]
      isFirst = false
    }
  }
}

/** Every line as bytes; the last line has the checksum of the lines before. */
function* encodedLines(entries: Iterable<Entry>): IterableIterator<Uint8Array> {
  let checksum = 0
  const encoded = (line: readonly unknown[]): Uint8Array => {
    const bytes = encodeUtf8(`${JSON.stringify(line)}\n`)
    checksum = crc32(bytes, checksum)
    return bytes
  }
  yield encoded([FORMAT, VERSION])
  let keys = 0
  for (const entry of entries) {
    keys++
    for (const line of linesOf(entry)) yield encoded(line)
  }
  yield encoded(['end', keys, checksum])
}

/**
 * Writes entries as a snapshot. Chunks are made on demand, so that memory holds at most one chunk and the
 * longest string besides the engine.
 *
 * @param chunkBytes Length of every chunk but the last.
 */
export function* writeSnapshot(
  entries: Iterable<Entry>,
  chunkBytes: number,
): IterableIterator<Uint8Array> {
  let chunk = new Uint8Array(chunkBytes)
  let used = 0
  for (const line of encodedLines(entries)) {
    for (let rest = line; rest.length > 0; ) {
      const part = rest.subarray(0, chunkBytes - used)
      chunk.set(part, used)
      used += part.length
      rest = rest.subarray(part.length)
      if (used < chunkBytes) continue
      yield chunk
      chunk = new Uint8Array(chunkBytes)
      used = 0
    }
  }
  if (used > 0) yield chunk.subarray(0, used)
}
