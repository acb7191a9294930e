/**
 * The commands on keys of any type.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, reads, writes } from './command.ts'
import {
  CommandError,
  noSuchKey,
  syntaxError,
  unknownSubcommand,
  wrongArity,
} from './command-error.ts'
import type { Entry } from './entry.ts'
import { decayedFrequency } from './eviction.ts'
import { compileGlob } from './glob.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, parseInteger } from './parse.ts'
import { parseCursor, parseScan, scanPositions } from './scan.ts'
import { isString, type Value } from './values.ts'

function typeOf(value: Value): string {
  return isString(value) ? 'string' : value.type
}

/** Counts the keys for which `test` holds; a key that is given twice counts twice. */
function countKeys(argv: Argv, test: (key: string) => boolean): number {
  let count = 0
  for (let index = 1; index < argv.length; index++) if (test(at(argv, index))) count++
  return count
}

function del(db: Keyspace, argv: Argv): Reply {
  return countKeys(argv, (key) => db.delete(key))
}

function exists(db: Keyspace, argv: Argv): Reply {
  return countKeys(argv, (key) => db.look(key) !== undefined)
}

/** Moves the source's value and expiry to the target, and replaces the target's. */
function move(db: Keyspace, source: Entry, target: string): void {
  const { value, expiresAt } = source
  db.delete(source.key)
  db.set(target, value, expiresAt)
}

function rename(db: Keyspace, argv: Argv): Reply {
  const source = db.find(argv[1])
  if (source === undefined) throw noSuchKey()
  if (argv[1] !== argv[2]) move(db, source, argv[2])
  return 'OK'
}

function renamenx(db: Keyspace, argv: Argv): Reply {
  const source = db.find(argv[1])
  if (source === undefined) throw noSuchKey()
  if (db.find(argv[2])) return 0
  move(db, source, argv[2])
  return 1
}

function parseCopy(argv: Argv): { replaces: boolean } {
  let replaces = false
  for (let index = 3; index < argv.length; index++) {
    const word = at(argv, index).toUpperCase()
    if (word === 'REPLACE') {
      replaces = true
    } else if (word === 'DB') {
      const database = parseInteger(at(argv, ++index))
      if (database !== 0) throw new CommandError('ERR DB index is out of range')
    } else {
      throw syntaxError()
    }
  }
  return { replaces }
}

function copy(db: Keyspace, argv: Argv): Reply {
  const { replaces } = parseCopy(argv)
  if (argv[1] === argv[2]) {
    throw new CommandError('ERR source and destination objects are the same')
  }
  const source = db.find(argv[1])
  if (source === undefined || (!replaces && db.find(argv[2]))) return 0
  const { value, expiresAt } = source
  db.set(argv[2], isString(value) ? value.slice() : value.clone(), expiresAt)
  return 1
}

/** Expired keys are skipped. After 100 random draws that met only expired keys, takes the first live key. */
function randomkey(db: Keyspace): Reply {
  for (let attempt = 0; attempt < 100 && db.size > 0; attempt++) {
    const entry = db.entryAt(db.draw(db.size))
    if (entry) return entry.key
  }
  const [first] = db.entries()
  return first?.key ?? null
}

function keys(db: Keyspace, argv: Argv): Reply {
  const matches = compileGlob(argv[1])
  const found: string[] = []
  for (const { key } of db.entries()) if (matches(key)) found.push(key)
  return found
}

function scan(db: Keyspace, argv: Argv): Reply {
  const step = parseScan(argv, parseCursor(argv[1]), 2)
  const found: string[] = []
  const cursor = scanPositions(step, db.size, (position) => {
    const entry = db.entryAt(position)
    if (entry === undefined || !step.matches(entry.key)) return
    if (step.type === undefined || step.type === typeOf(entry.value)) found.push(entry.key)
  })
  return [cursor, found]
}

function type(db: Keyspace, argv: Argv): Reply {
  const entry = db.peek(argv[1])
  return entry ? typeOf(entry.value) : 'none'
}

function wrongPolicy(policy: string): CommandError {
  return new CommandError(
    `ERR An LFU maxmemory policy is ${policy}. Please note that when switching between policies ` +
      'at runtime LRU and LFU data will take some time to adjust.',
  )
}

/** Returns data about a key, without counting as a use of it. */
function object(db: Keyspace, argv: Argv): Reply {
  const subcommand = argv[1].toUpperCase()
  if (subcommand !== 'FREQ' && subcommand !== 'IDLETIME') {
    throw unknownSubcommand('OBJECT', argv[1])
  }
  if (argv.length !== 3) throw wrongArity(`object|${subcommand}`)
  const entry = db.peek(argv[2])
  if (entry === undefined) return null
  if (subcommand === 'FREQ') {
    if (!db.countsUses) throw wrongPolicy('not selected, access frequency not tracked')
    return decayedFrequency(entry, db.now)
  }
  if (db.countsUses) throw wrongPolicy('selected, idle time not tracked')
  return Math.floor((db.now - entry.usedAt) / 1_000)
}

export const keyCommands: CommandTable = {
  DEL: writes(-2, del),
  UNLINK: writes(-2, del),
  EXISTS: reads(-2, exists),
  TOUCH: reads(-2, exists),
  TYPE: reads(2, type),
  RENAME: writes(3, rename),
  RENAMENX: writes(3, renamenx),
  COPY: grows(-3, copy),
  OBJECT: reads(-2, object),
  RANDOMKEY: reads(1, randomkey),
  KEYS: reads(2, keys),
  SCAN: reads(-2, scan),
}
