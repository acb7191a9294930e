/**
 * The commands on lists.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, type Handler, reads, writes } from './command.ts'
import { CommandError, noSuchKey, syntaxError, wrongArity } from './command-error.ts'
import { rangeOf } from './index-range.ts'
import type { Keyspace } from './keyspace.ts'
import { type End, ListValue } from './list-value.ts'
import { lpos } from './lpos.ts'
import { type Argv, at, parseInteger, parsePopCount } from './parse.ts'

function pushes(end: End, mustExist: boolean): Handler {
  return (db, argv) => {
    const list = db.open(argv[1], ListValue)
    if (mustExist && list.size === 0) return 0
    for (let index = 2; index < argv.length; index++) list.push(end, at(argv, index))
    db.save(argv[1], list)
    return list.size
  }
}

/** Pops up to `count` texts from an end, the outermost first. */
export function popTexts(list: ListValue, end: End, count: number): string[] {
  const popped: string[] = []
  for (let left = Math.min(count, list.size); left > 0; left--) {
    popped.push(list.pop(end) as string)
  }
  return popped
}

function pops(end: End): Handler {
  return (db, argv) => {
    const count = parsePopCount(argv, () => wrongArity(argv[0]))
    const list = db.read(argv[1], ListValue)
    if (list === undefined) return null
    const popped = popTexts(list, end, count ?? 1)
    db.save(argv[1], list)
    return count === undefined ? (popped[0] ?? null) : popped
  }
}

function lrange(db: Keyspace, argv: Argv): Reply {
  const first = parseInteger(argv[2])
  const last = parseInteger(argv[3])
  const list = db.read(argv[1], ListValue)
  return list ? list.slice(...rangeOf(list.size, first, last)) : []
}

function ltrim(db: Keyspace, argv: Argv): Reply {
  const first = parseInteger(argv[2])
  const last = parseInteger(argv[3])
  const list = db.read(argv[1], ListValue)
  if (list === undefined) return 'OK'
  const [start, end] = rangeOf(list.size, first, last)
  // Popping keeps it cheap to trim a few texts off a long log.
  for (let extra = list.size - end; extra > 0; extra--) list.pop('RIGHT')
  for (let extra = Math.min(start, list.size); extra > 0; extra--) list.pop('LEFT')
  db.save(argv[1], list)
  return 'OK'
}

function lindex(db: Keyspace, argv: Argv): Reply {
  const list = db.read(argv[1], ListValue)
  return list?.at(parseInteger(argv[2])) ?? null
}

function lset(db: Keyspace, argv: Argv): Reply {
  const list = db.read(argv[1], ListValue)
  if (list === undefined) throw noSuchKey()
  const index = parseInteger(argv[2])
  if (list.at(index) === undefined) throw new CommandError('ERR index out of range')
  list.set(index, argv[3])
  db.save(argv[1], list)
  return 'OK'
}

/** Removes up to `count` equal texts, from the tail when negative; 0 means all. */
function lrem(db: Keyspace, argv: Argv): Reply {
  const count = parseInteger(argv[2])
  const list = db.read(argv[1], ListValue)
  if (list === undefined) return 0
  const texts = list.slice()
  if (count < 0) texts.reverse()
  let left = count === 0 ? texts.length : Math.abs(count)
  const kept = texts.filter((text) => text !== argv[3] || left-- <= 0)
  if (count < 0) kept.reverse()
  list.reset(kept)
  db.save(argv[1], list)
  return texts.length - kept.length
}

function linsert(db: Keyspace, argv: Argv): Reply {
  const where = argv[2].toUpperCase()
  if (where !== 'BEFORE' && where !== 'AFTER') throw syntaxError()
  const list = db.read(argv[1], ListValue)
  if (list === undefined) return 0
  const texts = list.slice()
  const pivot = texts.indexOf(argv[3])
  if (pivot < 0) return -1
  texts.splice(where === 'BEFORE' ? pivot : pivot + 1, 0, at(argv, 4))
  list.reset(texts)
  db.save(argv[1], list)
  return list.size
}

function moveEnd(db: Keyspace, from: string, to: string, source: End, target: End): Reply {
  const origin = db.read(from, ListValue)
  if (origin === undefined) return null
  const goal = from === to ? origin : db.open(to, ListValue)
  const text = origin.pop(source) as string
  goal.push(target, text)
  db.save(from, origin)
  db.save(to, goal)
  return text
}

function parseEnd(word: string): End {
  const end = word.toUpperCase()
  if (end !== 'LEFT' && end !== 'RIGHT') throw syntaxError()
  return end
}

function lmove(db: Keyspace, argv: Argv): Reply {
  const source = parseEnd(argv[3])
  return moveEnd(db, argv[1], argv[2], source, parseEnd(at(argv, 4)))
}

export const listCommands: CommandTable = {
  LPUSH: grows(-3, pushes('LEFT', false)),
  RPUSH: grows(-3, pushes('RIGHT', false)),
  LPUSHX: grows(-3, pushes('LEFT', true)),
  RPUSHX: grows(-3, pushes('RIGHT', true)),
  LPOP: writes(-2, pops('LEFT')),
  RPOP: writes(-2, pops('RIGHT')),
  LLEN: reads(2, (db, argv) => db.read(argv[1], ListValue)?.size ?? 0),
  LRANGE: reads(4, lrange),
  LINDEX: reads(3, lindex),
  LSET: grows(4, lset),
  LREM: writes(4, lrem),
  LTRIM: writes(4, ltrim),
  LINSERT: grows(5, linsert),
  LMOVE: grows(5, lmove),
  RPOPLPUSH: grows(3, (db, argv) => moveEnd(db, argv[1], argv[2], 'RIGHT', 'LEFT')),
  LPOS: reads(-3, lpos),
}
