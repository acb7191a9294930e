/**
 * The commands that read and change parts of strings, or use them as numbers.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, reads } from './command.ts'
import { CommandError } from './command-error.ts'
import { addDecimals } from './decimal.ts'
import { stringRange } from './index-range.ts'
import type { Keyspace } from './keyspace.ts'
import { lcs } from './lcs.ts'
import { type Argv, addIntegers, negateInteger, parseInteger } from './parse.ts'
import { appended, lengthOf, patched, type StringValue, sliceOf } from './string-value.ts'
import { byteLength } from './text.ts'

/** The longest string that Redis accepts, `proto-max-bulk-len`. */
export const MAX_STRING_BYTES: number = 512 * 1024 * 1024

/** After how many appended bytes a string is counted anew. */
const RECOUNT_BYTES = 65_536

/** @throws {CommandError} When a string would be longer than Redis or the memory limit allows. */
export function checkLength(db: Keyspace, bytes: number): void {
  if (bytes > Math.min(MAX_STRING_BYTES, db.maxBytes)) {
    throw new CommandError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  }
}

function append(db: Keyspace, argv: Argv): Reply {
  const [, key, text] = argv
  const value = appended(db.string(key) ?? '', text)
  const known = db.peek(key)?.length
  const bytes = known === undefined ? lengthOf(value) : lengthAfter(known, value, text)
  checkLength(db, bytes)
  db.replace(key, value).length = bytes
  return bytes
}

/**
 * The length of a value after an append, from the length before. Counting all of a long string each time would take
 * quadratic time for a log. It is counted once in a while, because that also joins the parts in memory.
 */
function lengthAfter(before: number, value: StringValue, text: string): number {
  const bytes = before + byteLength(text)
  const isDue = Math.floor(bytes / RECOUNT_BYTES) > Math.floor(before / RECOUNT_BYTES)
  // Half a character may now be a whole one.
  return isDue || !text.isWellFormed() ? lengthOf(value) : bytes
}

function getrange(db: Keyspace, argv: Argv): Reply {
  const first = parseInteger(argv[2])
  const last = parseInteger(argv[3])
  const value = db.string(argv[1])
  if (value === undefined || (first < 0 && last < 0 && first > last)) return ''
  const [start, end] = stringRange(lengthOf(value), first, last)
  return start > end ? '' : sliceOf(value, start, end + 1)
}

function setrange(db: Keyspace, argv: Argv): Reply {
  const offset = parseInteger(argv[2])
  if (offset < 0) throw new CommandError('ERR offset is out of range')
  const old = db.string(argv[1])
  const patch = argv[3]
  if (patch === '') return old === undefined ? 0 : lengthOf(old)
  checkLength(db, offset + byteLength(patch))
  const value = patched(old ?? '', offset, patch)
  db.replace(argv[1], value)
  return lengthOf(value)
}

function add(db: Keyspace, key: string, increment: string): Reply {
  const sum = addIntegers(db.text(key) ?? '0', increment)
  db.replace(key, sum)
  return Number(sum)
}

/** Checks the increment before the value, as Redis does. */
function incrby(db: Keyspace, argv: Argv): Reply {
  parseInteger(argv[2])
  return add(db, argv[1], argv[2])
}

function incrbyfloat(db: Keyspace, argv: Argv): Reply {
  const sum = addDecimals(db.text(argv[1]) ?? '0', argv[2])
  db.replace(argv[1], sum)
  return sum
}

export const stringEditCommands: CommandTable = {
  APPEND: grows(3, append),
  STRLEN: reads(2, (db, argv) => lengthOf(db.string(argv[1]) ?? '')),
  GETRANGE: reads(4, getrange),
  SUBSTR: reads(4, getrange),
  SETRANGE: grows(4, setrange),
  INCR: grows(2, (db, argv) => add(db, argv[1], '1')),
  DECR: grows(2, (db, argv) => add(db, argv[1], '-1')),
  INCRBY: grows(3, incrby),
  DECRBY: grows(3, (db, argv) => add(db, argv[1], negateInteger(argv[2]))),
  INCRBYFLOAT: grows(3, incrbyfloat),
  LCS: reads(-3, lcs),
}
