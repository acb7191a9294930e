/**
 * ZRANGE and the commands it replaced, and the commands that count or remove members in a range.
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

/** Members as one flat list, each followed by its score if wanted. */
export function toReply(found: readonly Scored[], withScores: boolean): Reply {
  if (!withScores) return found.map(({ member }) => member)
  return found.flatMap(({ member, score }) => [member, formatDouble(score)])
}

/** Parses one option into the query, and returns its number of words. An option that is already set is an error. */
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

/** The options that a command's name implies. */
function fixedBy(kind?: RangeKind, isReversed?: boolean): Query {
  return { kind, isReversed, withScores: false, limit: undefined }
}

/** Parses the words after the two ends, starting from the options that the command's name implies. */
function parseQuery(fixed: Readonly<Query>, argv: Argv, start: number): Query {
  const query = { ...fixed }
  for (let index = start; index < argv.length; ) index += takeOption(query, argv, index)
  query.kind ??= 'RANK'
  if (query.limit && query.kind === 'RANK') {
    // Redis ignores LIMIT if its count is -1.
    if (query.limit[1] !== -1) throw limitOfRanks()
    query.limit = undefined
  }
  if (query.withScores && query.kind === 'LEX') {
    throw new CommandError('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
  }
  return query
}

/** The ranks that LIMIT leaves. A negative count means no limit; a negative offset gives no members. */
function limited(start: number, end: number, { limit, isReversed }: Query): [number, number] {
  if (limit === undefined) return [start, end]
  const [offset, count] = limit
  if (offset < 0) return [0, 0]
  const most = count < 0 ? Infinity : count
  return isReversed
    ? [Math.max(start, end - offset - most), end - offset]
    : [start + offset, Math.min(end, start + offset + most)]
}

/** The members of a set in a range, in the requested order. */
function select(set: SortedSetValue, toRanks: ToRanks, query: Query): Scored[] {
  const [start, end] = toRanks(set)
  if (!query.isReversed) return set.slice(...limited(start, end, query))
  // Reversed ranks count from the other end. Scores and texts select the same members in both directions.
  return query.kind === 'RANK'
    ? set.slice(set.size - end, set.size - start).reverse()
    : set.slice(...limited(start, end, query)).reverse()
}

function parseEnds(query: Query, first: string, second: string): ToRanks {
  const kind = query.kind ?? 'RANK'
  // A reversed range of scores or texts gives its higher end first.
  return query.isReversed && kind !== 'RANK'
    ? parseRange(kind, second, first)
    : parseRange(kind, first, second)
}

/** The handler of ZRANGE, or of a command whose name implies the kind of range or its direction. */
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
