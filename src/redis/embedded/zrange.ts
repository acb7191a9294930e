/**
 * ZRANGE and the commands it replaced, and those that count or remove what is in a range.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import type { Handler } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, formatDouble, parseInteger } from './parse.ts'
import type { Scored } from './score-order.ts'
import { parseRange, type RangeKind, type ToRanks } from './score-range.ts'
import { SortedSetValue } from './sorted-set-value.ts'

interface Query {
  kind: RangeKind | undefined
  isReversed: boolean | undefined
  withScores: boolean
  limit: readonly [offset: number, count: number] | undefined
}

/** Members, each followed by its score if wanted, as one flat list. */
export function toReply(found: readonly Scored[], withScores: boolean): Reply {
  if (!withScores) return found.map(({ member }) => member)
  return found.flatMap(({ member, score }) => [member, formatDouble(score)])
}

/** Takes one option in, and returns how many words it had. What is settled cannot be again. */
function takeOption(query: Query, argv: Argv, index: number): number {
  const word = at(argv, index).toUpperCase()
  if (word === 'LIMIT') {
    const [offset, count] = [at(argv, index + 1), at(argv, index + 2)]
    query.limit = [parseInteger(offset), parseInteger(count)]
    return 3
  }
  if (word === 'WITHSCORES') query.withScores = true
  else if (word === 'REV' && query.isReversed === undefined) query.isReversed = true
  else if (word === 'BYSCORE' && query.kind === undefined) query.kind = 'SCORE'
  else if (word === 'BYLEX' && query.kind === undefined) query.kind = 'LEX'
  else throw syntaxError()
  return 1
}

function limitOfRanks(): CommandError {
  return new CommandError(
    'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
  )
}

/** What the name of a command settles. */
function fixedBy(kind?: RangeKind, isReversed?: boolean): Query {
  return { kind, isReversed, withScores: false, limit: undefined }
}

/** Reads the words behind the two ends, beginning with what the command's name settles. */
function parseQuery(fixed: Readonly<Query>, argv: Argv, start: number): Query {
  const query = { ...fixed }
  for (let index = start; index < argv.length; ) index += takeOption(query, argv, index)
  query.kind ??= 'RANK'
  if (query.limit && query.kind === 'RANK') {
    // Redis takes a count of -1 for no limit given.
    if (query.limit[1] !== -1) throw limitOfRanks()
    query.limit = undefined
  }
  if (query.withScores && query.kind === 'LEX') {
    throw new CommandError('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
  }
  return query
}

/** Cuts a range of ranks to LIMIT; a negative count means no limit, a negative offset nothing. */
function applyLimit(found: Scored[], limit: Query['limit']): Scored[] {
  if (limit === undefined) return found
  const [offset, count] = limit
  if (offset < 0) return []
  return found.slice(offset, count < 0 ? undefined : offset + count)
}

/** The members in a range of a set, in the order asked for. */
function select(set: SortedSetValue, toRanks: ToRanks, query: Query): Scored[] {
  const [start, end] = toRanks(set)
  if (!query.isReversed) return applyLimit(set.slice(start, end), query.limit)
  // Ranks count from the other end; scores and texts name the same members either way.
  const reversed =
    query.kind === 'RANK' ? set.slice(set.size - end, set.size - start) : set.slice(start, end)
  return applyLimit(reversed.reverse(), query.limit)
}

function parseEnds(query: Query, first: string, second: string): ToRanks {
  const kind = query.kind ?? 'RANK'
  // Reversed ranges of scores and texts name their higher end first.
  return query.isReversed && kind !== 'RANK'
    ? parseRange(kind, second, first)
    : parseRange(kind, first, second)
}

/** ZRANGE, or a command whose name settles the kind of the range or its direction. */
export function ranges(kind?: RangeKind, isReversed?: boolean): Handler {
  const fixed = fixedBy(kind, isReversed)
  return (db, argv) => {
    const query = parseQuery(fixed, argv, 4)
    const toRanks = parseEnds(query, argv[2], argv[3])
    const set = db.read(argv[1], SortedSetValue)
    return set ? toReply(select(set, toRanks, query), query.withScores) : []
  }
}

export function zrangestore(db: Keyspace, argv: Argv): Reply {
  const query = parseQuery(fixedBy(), argv, 5)
  if (query.withScores) throw syntaxError()
  const toRanks = parseEnds(query, argv[3], at(argv, 4))
  const source = db.read(argv[2], SortedSetValue)
  const target = new SortedSetValue()
  for (const { member, score } of source ? select(source, toRanks, query) : []) {
    target.set(member, score)
  }
  db.delete(argv[1])
  db.save(argv[1], target)
  return target.size
}

export function counts(kind: RangeKind): Handler {
  return (db, argv) => {
    const toRanks = parseRange(kind, argv[2], argv[3])
    const set = db.read(argv[1], SortedSetValue)
    if (set === undefined) return 0
    const [start, end] = toRanks(set)
    return Math.max(0, end - start)
  }
}

export function removes(kind: RangeKind): Handler {
  return (db, argv) => {
    const toRanks = parseRange(kind, argv[2], argv[3])
    const set = db.read(argv[1], SortedSetValue)
    if (set === undefined) return 0
    const found = set.slice(...toRanks(set))
    for (const { member } of found) set.delete(member)
    db.save(argv[1], set)
    return found.length
  }
}
