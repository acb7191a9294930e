/**
 * The commands on single bits of strings: SETBIT, GETBIT, BITCOUNT, BITPOS and BITOP. Bit 0 is the
 * highest bit of the first byte.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, reads } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { stringRange } from './index-range.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, parseInteger } from './parse.ts'
import { checkLength, MAX_STRING_BYTES } from './string-edits.ts'
import { grown, toBytes } from './string-value.ts'

/** The number of set bits in each of the 256 bytes. */
const POPULATION = Uint8Array.from({ length: 256 }, (_, byte) =>
  [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, bit) => sum + ((byte >> bit) & 1), 0),
)

function badOffset(): CommandError {
  return new CommandError('ERR bit offset is not an integer or out of range')
}

/**
 * Parses a bit offset.
 *
 * @param bits The width of an integer, by which an offset after `#` is multiplied. Without it, `#` is invalid.
 * @throws {CommandError} When the offset is not an integer, or beyond the longest possible string.
 */
export function parseBitOffset(text: string, bits?: number): number {
  const isScaled = bits !== undefined && text.startsWith('#')
  const offset = parseInteger(isScaled ? text.slice(1) : text, badOffset) * (isScaled ? bits : 1)
  if (offset < 0 || offset >= MAX_STRING_BYTES * 8) throw badOffset()
  return offset
}

/** The bit at an index; 0 beyond the end. */
export function bitAt(bytes: Uint8Array, index: number): 0 | 1 {
  const byte = bytes[Math.floor(index / 8)] ?? 0
  return ((byte >> (7 - (index % 8))) & 1) as 0 | 1
}

/** Changes the bit at an index below the length of `bytes`. */
export function setBitAt(bytes: Uint8Array, index: number, bit: number): void {
  const position = Math.floor(index / 8)
  const mask = 1 << (7 - (index % 8))
  const byte = bytes[position] ?? 0
  bytes[position] = bit === 0 ? byte & ~mask : byte | mask
}

/**
 * The bytes at a key, stored and extended so that the bits below `bits` can be changed.
 *
 * @throws {CommandError} When the key holds a collection, or the string would be too long.
 */
export function openBits(db: Keyspace, key: string, bits: number): Uint8Array {
  const length = Math.ceil(bits / 8)
  const value = db.string(key) ?? ''
  checkLength(db, length)
  const isRoomy = typeof value !== 'string' && value.length >= length
  const bytes = isRoomy ? value : grown(value, length)
  db.replace(key, bytes)
  return bytes
}

function setbit(db: Keyspace, argv: Argv): Reply {
  const offset = parseBitOffset(argv[2])
  const notABit = (): CommandError => new CommandError('ERR bit is not an integer or out of range')
  const bit = parseInteger(argv[3], notABit)
  if (bit !== 0 && bit !== 1) throw notABit()
  const bytes = openBits(db, argv[1], offset + 1)
  const old = bitAt(bytes, offset)
  setBitAt(bytes, offset, bit)
  return old
}

function getbit(db: Keyspace, argv: Argv): Reply {
  const offset = parseBitOffset(argv[2])
  return bitAt(toBytes(db.string(argv[1]) ?? ''), offset)
}

/** @throws {CommandError} When the word is neither BIT nor BYTE. */
function isBitUnit(word: string): boolean {
  const unit = word.toUpperCase()
  if (unit !== 'BIT' && unit !== 'BYTE') throw syntaxError()
  return unit === 'BIT'
}

function countBits(bytes: Uint8Array, first: number, last: number): number {
  let count = 0
  let index = first
  for (; index <= last && index % 8 !== 0; index++) count += bitAt(bytes, index)
  for (; index + 7 <= last; index += 8) count += POPULATION[bytes[index / 8] ?? 0] ?? 0
  for (; index <= last; index++) count += bitAt(bytes, index)
  return count
}

function bitcount(db: Keyspace, argv: Argv): Reply {
  const value = db.string(argv[1])
  // Redis parses the range only if the key exists.
  if (value === undefined) return 0
  const bytes = toBytes(value)
  const { length } = argv
  if (length === 2) return countBits(bytes, 0, bytes.length * 8 - 1)
  if (length > 5 || length === 3) throw syntaxError()
  const first = parseInteger(argv[2])
  const last = parseInteger(argv[3])
  if (first < 0 && last < 0 && first > last) return 0
  const unit = length === 5 && isBitUnit(at(argv, 4)) ? 1 : 8
  const [start, end] = stringRange((bytes.length * 8) / unit, first, last)
  return start > end ? 0 : countBits(bytes, start * unit, end * unit + unit - 1)
}

/** The first index in [first, last] with the given bit, or -1. Bytes without such a bit are skipped whole. */
function findBit(bytes: Uint8Array, bit: number, first: number, last: number): number {
  const none = bit === 1 ? 0 : 0xff
  for (let index = first; index <= last; index++) {
    while (index % 8 === 0 && index + 7 <= last && bytes[index / 8] === none) index += 8
    if (index <= last && bitAt(bytes, index) === bit) return index
  }
  return -1
}

/** The range of bits that BITPOS searches, from its optional arguments; may be empty. */
function searchedBits(argv: Argv, size: number): [first: number, last: number] {
  const { length } = argv
  if (length > 6) throw syntaxError()
  const first = length > 3 ? parseInteger(argv[3]) : 0
  const unit = length === 6 && isBitUnit(at(argv, 5)) ? 1 : 8
  const last = length > 4 ? parseInteger(at(argv, 4)) : -1
  const [start, end] = stringRange((size * 8) / unit, first, last)
  return [start * unit, start > end ? -1 : end * unit + unit - 1]
}

function bitpos(db: Keyspace, argv: Argv): Reply {
  const bit = parseInteger(argv[2])
  if (bit !== 0 && bit !== 1) throw new CommandError('ERR The bit argument must be 1 or 0.')
  const value = db.string(argv[1])
  if (value === undefined) return bit === 1 ? -1 : 0
  const bytes = toBytes(value)
  const [first, last] = searchedBits(argv, bytes.length)
  if (first > last) return -1
  const found = findBit(bytes, bit, first, last)
  // If no end is given, zeros follow the string without limit.
  return found < 0 && bit === 0 && argv.length < 5 ? bytes.length * 8 : found
}

type Combine = (left: number, right: number) => number

const OPERATIONS: Readonly<Record<string, Combine>> = {
  AND: (left, right) => left & right,
  OR: (left, right) => left | right,
  XOR: (left, right) => left ^ right,
  NOT: (left) => ~left,
}

function bitop(db: Keyspace, argv: Argv): Reply {
  const name = argv[1].toUpperCase()
  const combine = OPERATIONS[name]
  if (combine === undefined) throw syntaxError()
  if (name === 'NOT' && argv.length !== 4) {
    throw new CommandError('ERR BITOP NOT must be called with a single source key.')
  }
  const [first, ...others] = argv.slice(3).map((key) => toBytes(db.string(key) ?? ''))
  const length = Math.max(...[first, ...others].map((bytes) => bytes?.length ?? 0))
  const result = new Uint8Array(length)
  for (let index = 0; index < length; index++) {
    const start = first?.[index] ?? 0
    result[index] =
      name === 'NOT'
        ? combine(start, 0)
        : others.reduce((byte, bytes) => combine(byte, bytes[index] ?? 0), start)
  }
  if (length === 0) db.delete(argv[2])
  else db.set(argv[2], result)
  return length
}

export const bitCommands: CommandTable = {
  SETBIT: grows(4, setbit),
  GETBIT: reads(3, getbit),
  BITCOUNT: reads(-2, bitcount),
  BITPOS: reads(-3, bitpos),
  BITOP: grows(-4, bitop),
}
