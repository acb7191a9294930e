/**
 * Reads a snapshot. All its contents are checked before they are used.
 *
 * @module
 */

import { bytesOf, concatBytes, decodeUtf8 } from '../../entry/bytes.ts'
import { SnapshotError } from '../../errors.ts'
import { crc32 } from './crc32.ts'
import type { Keyspace } from './keyspace.ts'
import { ListValue } from './list-value.ts'
import { FORMAT, VERSION } from './snapshot-writer.ts'
import { SortedSetValue } from './sorted-set-value.ts'
import { type Collection, HashValue, SetValue, type Value } from './values.ts'

const NEWLINE = 10
/** A longer first line is not that of a snapshot, and is not parsed. */
const MAX_FIRST_LINE = 64

/** Splits chunks into lines, each with its line end. The rest after the last line end is a line without one. */
function* toLines(chunks: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let parts: Uint8Array[] = []
  for (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end + 1))
      yield concatBytes(parts)
      parts = []
      start = end + 1
    }
    if (start < chunk.length) parts.push(chunk.slice(start))
  }
  if (parts.length > 0) yield concatBytes(parts)
}

function damaged(): SnapshotError {
  return new SnapshotError('damaged')
}

function parse(line: Uint8Array): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(decodeUtf8(line))
  } catch {
    // TypeError: not UTF-8. SyntaxError: not JSON.
    throw damaged()
  }
  if (!Array.isArray(value)) throw damaged()
  return value
}

function checkFirst(line: Uint8Array | undefined): void {
  if (line === undefined || line.length > MAX_FIRST_LINE) throw new SnapshotError('foreign')
  let first: unknown
  try {
    first = JSON.parse(decodeUtf8(line))
  } catch {
    // As above: the data does not begin as a snapshot does.
    throw new SnapshotError('foreign')
  }
  if (!Array.isArray(first) || first[0] !== FORMAT) throw new SnapshotError('foreign')
  if (first[1] !== VERSION) throw new SnapshotError('version')
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}

function toBytes(characters: string): Uint8Array {
  if (/[^\0-\xff]/.test(characters)) throw damaged()
  return bytesOf(characters)
}

function addPairs(texts: readonly string[], add: (name: string, value: string) => void): void {
  if (texts.length % 2 === 1) throw damaged()
  for (let index = 0; index < texts.length; index += 2) {
    add(texts[index] as string, texts[index + 1] as string)
  }
}

function addTexts(collection: Collection, texts: readonly string[]): void {
  if (collection instanceof HashValue) addPairs(texts, (field, text) => collection.set(field, text))
  else if (collection instanceof SortedSetValue) {
    addPairs(texts, (member, score) => {
      if (Number.isNaN(Number(score))) throw damaged()
      collection.set(member, Number(score))
    })
  } else if (collection instanceof SetValue) for (const text of texts) collection.add(text)
  else if (collection instanceof ListValue) for (const text of texts) collection.push('RIGHT', text)
}

const COLLECTIONS: Readonly<Record<string, new () => Collection>> = {
  hash: HashValue,
  set: SetValue,
  zset: SortedSetValue,
  list: ListValue,
}

function firstValue(type: unknown, value: unknown): Value {
  if (type === 'text' && typeof value === 'string') return value
  if (type === 'bytes' && typeof value === 'string') return toBytes(value)
  const kind = typeof type === 'string' ? COLLECTIONS[type] : undefined
  if (kind === undefined || !isTexts(value) || value.length === 0) throw damaged()
  const collection = new kind()
  addTexts(collection, value)
  return collection
}

/** Adds lines to an empty keyspace. Expired keys are left out. */
class Restoration {
  readonly #db: Keyspace
  #keys = 0
  /** The collection that the next line may continue, with its key unless it has expired. */
  #open: { readonly collection: Collection; readonly key: string | undefined } | undefined

  constructor(db: Keyspace) {
    this.#db = db
  }

  get keys(): number {
    return this.#keys
  }

  take([type, key, expiry, value]: readonly unknown[]): void {
    if (type === '+') this.#goOn(key)
    else this.#begin(type, key, expiry, value)
    this.#db.makeRoom()
  }

  #begin(type: unknown, key: unknown, expiry: unknown, given: unknown): void {
    const isInstant = expiry === null || Number.isInteger(expiry)
    if (typeof key !== 'string' || !isInstant) throw damaged()
    const value = firstValue(type, given)
    const expiresAt = expiry === null ? Infinity : Number(expiry)
    const isLive = expiresAt > this.#db.now
    this.#keys++
    this.#open =
      typeof value === 'string' || value instanceof Uint8Array
        ? undefined
        : { collection: value, key: isLive ? key : undefined }
    if (isLive) this.#db.set(key, value, expiresAt)
  }

  #goOn(texts: unknown): void {
    if (this.#open === undefined || !isTexts(texts)) throw damaged()
    const { collection, key } = this.#open
    addTexts(collection, texts)
    // The collection may have been evicted in the meantime, to make room for itself.
    if (key !== undefined && this.#db.peek(key)?.value === collection) {
      this.#db.save(key, collection)
    }
  }
}

/**
 * Fills an empty keyspace, up to its memory limit.
 *
 * @throws {SnapshotError} When the chunks are not a snapshot, or one of another version, or incomplete or
 * changed. The keyspace then contains the keys read so far and must be discarded.
 */
export function readSnapshot(chunks: Iterable<Uint8Array>, db: Keyspace): void {
  const lines = toLines(chunks)
  try {
    readLines(lines, db)
  } finally {
    lines.return() // closes the file of the chunks, also if the first line is refused
  }
}

function readLines(lines: Generator<Uint8Array, void>, db: Keyspace): void {
  const first = lines.next().value ?? undefined
  checkFirst(first)
  const restoration = new Restoration(db)
  let checksum = crc32(first ?? new Uint8Array())
  for (const line of lines) {
    const parsed = parse(line)
    if (parsed[0] === 'end') {
      const [, keys, expected] = parsed
      const isWhole = keys === restoration.keys && expected === checksum
      if (!isWhole || line.at(-1) !== NEWLINE || !lines.next().done) throw damaged()
      return
    }
    restoration.take(parsed)
    checksum = crc32(line, checksum)
  }
  throw damaged()
}
