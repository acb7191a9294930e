/**
 * The commands on sets.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, type Handler, reads, writes } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, parseNatural, parsePopCount, parsePositive } from './parse.ts'
import { drawPositions, parseDrawCount } from './random-members.ts'
import { parseCursor, parseScan, scanPositions } from './scan.ts'
import { SetValue } from './values.ts'

function sadd(db: Keyspace, argv: Argv): Reply {
  const set = db.open(argv[1], SetValue)
  let added = 0
  for (let index = 2; index < argv.length; index++) if (set.add(at(argv, index))) added++
  db.save(argv[1], set)
  return added
}

function srem(db: Keyspace, argv: Argv): Reply {
  const set = db.read(argv[1], SetValue)
  if (set === undefined) return 0
  let removed = 0
  for (let index = 2; index < argv.length; index++) if (set.delete(at(argv, index))) removed++
  db.save(argv[1], set)
  return removed
}

function smismember(db: Keyspace, argv: Argv): Reply {
  const set = db.read(argv[1], SetValue)
  return argv.slice(2).map((member) => (set?.has(member) ? 1 : 0))
}

function smembers(db: Keyspace, argv: Argv): Reply {
  return [...(db.read(argv[1], SetValue)?.members.keys() ?? [])]
}

function smove(db: Keyspace, argv: Argv): Reply {
  const [, sourceKey, targetKey, member] = argv
  const source = db.read(sourceKey, SetValue)
  if (source === undefined) return 0
  const target = db.open(targetKey, SetValue)
  if (!source.has(member)) return 0
  if (source === target) return 1
  source.delete(member)
  target.add(member)
  db.save(sourceKey, source)
  db.save(targetKey, target)
  return 1
}

function spop(db: Keyspace, argv: Argv): Reply {
  const count = parsePopCount(argv, syntaxError)
  const set = db.read(argv[1], SetValue)
  if (set === undefined) return count === undefined ? null : []
  const popped = drawPositions(db, set.size, count ?? 1).map((position) =>
    set.members.keyAt(position),
  )
  for (const member of popped) set.delete(member)
  db.save(argv[1], set)
  return count === undefined ? (popped[0] ?? null) : popped
}

function srandmember(db: Keyspace, argv: Argv): Reply {
  if (argv.length > 3) throw syntaxError()
  const count = argv.length === 3 ? parseDrawCount(argv[2]) : undefined
  const set = db.read(argv[1], SetValue)
  if (count === undefined) return set ? set.members.keyAt(db.draw(set.size)) : null
  if (set === undefined) return []
  return drawPositions(db, set.size, count).map((position) => set.members.keyAt(position))
}

/** Computes the members of a result. A set is undefined if its key does not exist. */
type Combination = (sets: readonly (SetValue | undefined)[], limit?: number) => string[]

function union(sets: readonly (SetValue | undefined)[]): string[] {
  const members = new Set<string>()
  for (const set of sets) for (const member of set?.members.keys() ?? []) members.add(member)
  return [...members]
}

/** Stops at `limit` members. */
function intersection(sets: readonly (SetValue | undefined)[], limit: number = Infinity): string[] {
  const present = sets.filter((set) => set !== undefined)
  const [smallest, ...others] = present.sort((a, b) => a.size - b.size)
  const members: string[] = []
  if (smallest === undefined || present.length < sets.length) return members
  for (const member of smallest.members.keys()) {
    if (members.length >= limit) break
    if (others.every((set) => set.has(member))) members.push(member)
  }
  return members
}

function difference([first, ...others]: readonly (SetValue | undefined)[]): string[] {
  const members: string[] = []
  for (const member of first?.members.keys() ?? []) {
    if (!others.some((set) => set?.has(member))) members.push(member)
  }
  return members
}

function openAll(db: Keyspace, keys: readonly string[]): (SetValue | undefined)[] {
  return keys.map((key) => db.read(key, SetValue))
}

function combines(combine: Combination): Handler {
  return (db, argv) => combine(openAll(db, argv.slice(1)))
}

function stores(combine: Combination): Handler {
  return (db, argv) => {
    const result = new SetValue()
    for (const member of combine(openAll(db, argv.slice(2)))) result.add(member)
    db.delete(argv[1])
    db.save(argv[1], result)
    return result.size
  }
}

function sintercard(db: Keyspace, argv: Argv): Reply {
  const numkeys = parsePositive(argv[1], 'numkeys')
  if (numkeys > argv.length - 2) {
    throw new CommandError("ERR Number of keys can't be greater than number of args")
  }
  let limit = 0
  for (let index = 2 + numkeys; index < argv.length; index += 2) {
    if (at(argv, index).toUpperCase() !== 'LIMIT') throw syntaxError()
    limit = parseNatural(at(argv, index + 1), 'LIMIT')
  }
  const sets = openAll(db, argv.slice(2, 2 + numkeys))
  return intersection(sets, limit === 0 ? undefined : limit).length
}

function sscan(db: Keyspace, argv: Argv): Reply {
  const cursor = parseCursor(argv[2])
  const set = db.read(argv[1], SetValue)
  if (set === undefined) return ['0', []]
  const step = parseScan(argv, cursor, 3)
  const found: string[] = []
  const next = scanPositions(step, set.size, (position) => {
    const member = set.members.keyAt(position)
    if (step.matches(member)) found.push(member)
  })
  return [next, found]
}

export const setCommands: CommandTable = {
  SADD: grows(-3, sadd),
  SREM: writes(-3, srem),
  SMEMBERS: reads(2, smembers),
  SISMEMBER: reads(3, (db, argv) => (db.read(argv[1], SetValue)?.has(argv[2]) ? 1 : 0)),
  SMISMEMBER: reads(-3, smismember),
  SCARD: reads(2, (db, argv) => db.read(argv[1], SetValue)?.size ?? 0),
  SMOVE: writes(4, smove),
  SPOP: writes(-2, spop),
  SRANDMEMBER: reads(-2, srandmember),
  SINTER: reads(-2, combines(intersection)),
  SINTERSTORE: grows(-3, stores(intersection)),
  SINTERCARD: reads(-3, sintercard),
  SUNION: reads(-2, combines(union)),
  SUNIONSTORE: grows(-3, stores(union)),
  SDIFF: reads(-2, combines(difference)),
  SDIFFSTORE: grows(-3, stores(difference)),
  SSCAN: reads(-3, sscan),
}
