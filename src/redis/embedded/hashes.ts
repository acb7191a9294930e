/**
 * The commands on hashes.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, reads, writes } from './command.ts'
import { CommandError, syntaxError, wrongArity } from './command-error.ts'
import { addDecimals, checkDecimal } from './decimal.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, addIntegers, at, parseInteger } from './parse.ts'
import { drawPositions, parseDrawCount } from './random-members.ts'
import { parseCursor, parseScan, scanPositions } from './scan.ts'
import { byteLength } from './text.ts'
import { HashValue } from './values.ts'

/** Sets the pairs after the key, and returns the number of new fields. */
function setPairs(db: Keyspace, argv: Argv): number {
  if (argv.length % 2 === 1) throw wrongArity(argv[0])
  const hash = db.open(argv[1], HashValue)
  let added = 0
  for (let index = 2; index < argv.length; index += 2) {
    if (hash.set(at(argv, index), at(argv, index + 1))) added++
  }
  db.save(argv[1], hash)
  return added
}

function hmset(db: Keyspace, argv: Argv): Reply {
  setPairs(db, argv)
  return 'OK'
}

function hsetnx(db: Keyspace, argv: Argv): Reply {
  const hash = db.open(argv[1], HashValue)
  if (hash.get(argv[2]) !== undefined) return 0
  hash.set(argv[2], argv[3])
  db.save(argv[1], hash)
  return 1
}

function hmget(db: Keyspace, argv: Argv): Reply {
  const hash = db.read(argv[1], HashValue)
  return argv.slice(2).map((field) => hash?.get(field) ?? null)
}

function hgetall(db: Keyspace, argv: Argv): Reply {
  const hash = db.read(argv[1], HashValue)
  if (hash === undefined) return []
  const reply: string[] = []
  for (const [field, value] of hash.fields.entries()) reply.push(field, value)
  return reply
}

function hkeys(db: Keyspace, argv: Argv): Reply {
  return [...(db.read(argv[1], HashValue)?.fields.keys() ?? [])]
}

function hvals(db: Keyspace, argv: Argv): Reply {
  const hash = db.read(argv[1], HashValue)
  return hash ? Array.from(hash.fields.entries(), ([, value]) => value) : []
}

function hdel(db: Keyspace, argv: Argv): Reply {
  const hash = db.read(argv[1], HashValue)
  if (hash === undefined) return 0
  let deleted = 0
  for (let index = 2; index < argv.length; index++) if (hash.delete(at(argv, index))) deleted++
  db.save(argv[1], hash)
  return deleted
}

function hincrby(db: Keyspace, argv: Argv): Reply {
  const [, key, field, increment] = argv
  parseInteger(increment)
  const hash = db.open(key, HashValue)
  const notInteger = (): CommandError => new CommandError('ERR hash value is not an integer')
  const sum = addIntegers(hash.get(field) ?? '0', increment, notInteger)
  hash.set(field, sum)
  db.save(key, hash)
  return Number(sum)
}

function hincrbyfloat(db: Keyspace, argv: Argv): Reply {
  const [, key, field, increment] = argv
  checkDecimal(increment)
  const hash = db.open(key, HashValue)
  const notFloat = (): CommandError => new CommandError('ERR hash value is not a float')
  const sum = addDecimals(hash.get(field) ?? '0', increment, notFloat)
  hash.set(field, sum)
  db.save(key, hash)
  return sum
}

function hscan(db: Keyspace, argv: Argv): Reply {
  const cursor = parseCursor(argv[2])
  const hash = db.read(argv[1], HashValue)
  if (hash === undefined) return ['0', []]
  const step = parseScan(argv, cursor, 3)
  const found: string[] = []
  const next = scanPositions(step, hash.size, (position) => {
    const field = hash.fields.keyAt(position)
    if (step.matches(field)) found.push(field, hash.fields.valueAt(position))
  })
  return [next, found]
}

function hrandfield(db: Keyspace, argv: Argv): Reply {
  const { length } = argv
  const count = length > 2 ? parseDrawCount(argv[2]) : undefined
  const hasValues = length === 4 && argv[3].toUpperCase() === 'WITHVALUES'
  if (length > 3 && !hasValues) throw syntaxError()
  const hash = db.read(argv[1], HashValue)
  if (count === undefined) return hash ? hash.fields.keyAt(db.draw(hash.size)) : null
  if (hash === undefined) return []
  const { fields } = hash
  return drawPositions(db, hash.size, count).flatMap((position) =>
    hasValues ? [fields.keyAt(position), fields.valueAt(position)] : [fields.keyAt(position)],
  )
}

export const hashCommands: CommandTable = {
  HSET: grows(-4, setPairs),
  HMSET: grows(-4, hmset),
  HSETNX: grows(4, hsetnx),
  HGET: reads(3, (db, argv) => db.read(argv[1], HashValue)?.get(argv[2]) ?? null),
  HMGET: reads(-3, hmget),
  HGETALL: reads(2, hgetall),
  HKEYS: reads(2, hkeys),
  HVALS: reads(2, hvals),
  HDEL: writes(-3, hdel),
  HEXISTS: reads(3, (db, argv) => (db.read(argv[1], HashValue)?.fields.has(argv[2]) ? 1 : 0)),
  HLEN: reads(2, (db, argv) => db.read(argv[1], HashValue)?.size ?? 0),
  HSTRLEN: reads(3, (db, argv) => byteLength(db.read(argv[1], HashValue)?.get(argv[2]) ?? '')),
  HINCRBY: grows(4, hincrby),
  HINCRBYFLOAT: grows(4, hincrbyfloat),
  HSCAN: reads(-3, hscan),
  HRANDFIELD: reads(-2, hrandfield),
}
