/**
 * The commands that read and write whole strings.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, reads, writes } from './command.ts'
import { wrongArity } from './command-error.ts'
import { positiveInstant } from './expire-time.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at } from './parse.ts'
import { expiryOf, getexOptions, setOptions } from './string-options.ts'
import { toText } from './string-value.ts'

function set(db: Keyspace, argv: Argv): Reply {
  if (argv.length === 3) {
    db.set(argv[1], argv[2])
    return 'OK'
  }
  const { condition, returnsOld, keepsExpiry, lifetime } = setOptions(argv)
  const expiresAt = lifetime && expiryOf(db, 'set', lifetime)
  const [, key, value] = argv
  const old = returnsOld ? (db.text(key) ?? null) : null
  if (condition !== undefined && (condition === 'NX') === (db.find(key) !== undefined)) return old
  if (keepsExpiry) db.replace(key, value)
  else db.set(key, value, expiresAt)
  return returnsOld ? old : 'OK'
}

function setex(db: Keyspace, argv: Argv): Reply {
  const unit = argv[0] === 'PSETEX' ? 'PX' : 'EX'
  db.set(argv[1], argv[3], positiveInstant(db, argv[0], unit, argv[2]))
  return 'OK'
}

function setnx(db: Keyspace, argv: Argv): Reply {
  if (db.find(argv[1])) return 0
  db.set(argv[1], argv[2])
  return 1
}

function mget(db: Keyspace, argv: Argv): Reply {
  const values: (string | null)[] = []
  for (let index = 1; index < argv.length; index++) {
    const value = db.look(at(argv, index))?.value
    if (typeof value === 'string') values.push(value)
    else values.push(value instanceof Uint8Array ? toText(value) : null)
  }
  return values
}

function mset(db: Keyspace, argv: Argv): Reply {
  if (argv.length % 2 === 0) throw wrongArity(argv[0])
  for (let index = 1; index < argv.length; index += 2) db.set(at(argv, index), at(argv, index + 1))
  return 'OK'
}

function msetnx(db: Keyspace, argv: Argv): Reply {
  if (argv.length % 2 === 0) throw wrongArity(argv[0])
  for (let index = 1; index < argv.length; index += 2) if (db.find(at(argv, index))) return 0
  mset(db, argv)
  return 1
}

function getset(db: Keyspace, argv: Argv): Reply {
  const old = db.text(argv[1]) ?? null
  db.set(argv[1], argv[2])
  return old
}

function getdel(db: Keyspace, argv: Argv): Reply {
  const old = db.text(argv[1]) ?? null
  db.delete(argv[1])
  return old
}

function getex(db: Keyspace, argv: Argv): Reply {
  const { lifetime, persists } = getexOptions(argv)
  const value = db.text(argv[1])
  const entry = db.peek(argv[1])
  if (value === undefined || entry === undefined) return null
  if (persists) db.setExpiry(entry, Infinity)
  else if (lifetime) db.setExpiry(entry, expiryOf(db, 'getex', lifetime))
  return value
}

export const stringCommands: CommandTable = {
  GET: reads(2, (db, argv) => db.text(argv[1]) ?? null),
  SET: grows(-3, set),
  SETEX: grows(4, setex),
  PSETEX: grows(4, setex),
  SETNX: grows(3, setnx),
  MGET: reads(-2, mget),
  MSET: grows(-3, mset),
  MSETNX: grows(-3, msetnx),
  GETSET: grows(3, getset),
  GETDEL: writes(2, getdel),
  GETEX: writes(-2, getex),
}
