/**
 * SORT: the members of a list, set or sorted set, sorted by themselves or by the values of other keys.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, reads } from './command.ts'
import { CommandError, syntaxError, wrongType } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { ListValue } from './list-value.ts'
import { type Argv, at, parseDouble, parseInteger } from './parse.ts'
import { SortedSetValue } from './sorted-set-value.ts'
import { toText } from './string-value.ts'
import { compareBytes } from './text.ts'
import { HashValue, isString, SetValue } from './values.ts'

interface Query {
  /** The pattern of the keys to sort by, with `*` for the member; without `*` nothing is sorted. */
  by: string | undefined
  /** The patterns of the values to return for each member, instead of the member. */
  readonly gets: string[]
  limit: readonly [offset: number, count: number]
  isReversed: boolean
  isText: boolean
  target: string | undefined
}

function parse(argv: Argv): Query {
  const query: Query = {
    by: undefined,
    gets: [],
    limit: [0, -1],
    isReversed: false,
    isText: false,
    target: undefined,
  }
  for (let index = 2; index < argv.length; ) index += takeOption(query, argv, index)
  return query
}

/** Parses one option into the query, and returns its number of words. */
function takeOption(query: Query, argv: Argv, index: number): number {
  switch (at(argv, index).toUpperCase()) {
    case 'ASC':
      query.isReversed = false
      return 1
    case 'DESC':
      query.isReversed = true
      return 1
    case 'ALPHA':
      query.isText = true
      return 1
    case 'LIMIT': {
      const [offset, count] = [at(argv, index + 1), at(argv, index + 2)]
      query.limit = [parseInteger(offset), parseInteger(count)]
      return 3
    }
    case 'BY':
      query.by = at(argv, index + 1)
      return 2
    case 'GET':
      query.gets.push(at(argv, index + 1))
      return 2
    case 'STORE':
      if (argv[0] === 'SORT_RO') throw syntaxError()
      query.target = at(argv, index + 1)
      return 2
    default:
      throw syntaxError()
  }
}

/** The members of a collection; those of a sorted set in its order. */
function membersOf(db: Keyspace, key: string): string[] {
  const value = db.look(key)?.value
  if (value === undefined) return []
  if (value instanceof ListValue) return value.slice()
  if (value instanceof SetValue) return [...value.members.keys()]
  if (value instanceof SortedSetValue) {
    return value.slice(0, value.size).map(({ member }) => member)
  }
  throw wrongType()
}

/** The string, or with `->` the hash field, at the key that the pattern and a member make. */
function lookUp(db: Keyspace, pattern: string, member: string): string | null {
  if (pattern === '#') return member
  const star = pattern.indexOf('*')
  if (star < 0) return null
  const arrow = pattern.indexOf('->', star + 1)
  const hasField = arrow >= 0 && arrow + 2 < pattern.length
  const name = hasField ? pattern.slice(0, arrow) : pattern
  const value = db.look(name.slice(0, star) + member + name.slice(star + 1))?.value
  if (value === undefined) return null
  if (hasField) {
    return value instanceof HashValue ? (value.get(pattern.slice(arrow + 2)) ?? null) : null
  }
  return isString(value) ? toText(value) : null
}

/** Parses a weight as C does: skips leading white space, stops at a zero byte, and reads an empty text as 0. */
function parseWeight(text: string): number {
  const [digits = ''] = text.split('\0', 1)
  if (digits === '') return 0
  return parseDouble(
    digits.trimStart(),
    () => new CommandError("ERR One or more scores can't be converted into double"),
  )
}

function sortByNumber(db: Keyspace, members: readonly string[], by: string | undefined): string[] {
  const weighed = members.map((member) => {
    const weight = by === undefined ? member : lookUp(db, by, member)
    return { member, weight: weight === null ? 0 : parseWeight(weight) }
  })
  // Compares instead of subtracting, because the difference of equal infinities is NaN.
  weighed.sort(
    (a, b) =>
      Number(a.weight > b.weight) - Number(a.weight < b.weight) || compareBytes(a.member, b.member),
  )
  return weighed.map(({ member }) => member)
}

function sortByText(db: Keyspace, members: readonly string[], by: string | undefined): string[] {
  const keyed = members.map((member) => ({
    member,
    text: by === undefined ? member : lookUp(db, by, member),
  }))
  keyed.sort((a, b) => {
    if (a.text === null || b.text === null) return Number(b.text === null) - Number(a.text === null)
    return compareBytes(a.text, b.text)
  })
  return keyed.map(({ member }) => member)
}

function isUnsorted({ by }: Query): boolean {
  return by !== undefined && !by.includes('*')
}

function ordered(db: Keyspace, members: string[], query: Query): string[] {
  const sortBy = query.isText ? sortByText : sortByNumber
  const sorted = isUnsorted(query) ? members : sortBy(db, members, query.by)
  return query.isReversed ? sorted.reverse() : sorted
}

function cut(members: readonly string[], [offset, count]: Query['limit']): readonly string[] {
  const start = Math.max(0, offset)
  return members.slice(start, count < 0 ? undefined : start + count)
}

function store(db: Keyspace, target: string, texts: readonly (string | null)[]): Reply {
  const list = new ListValue()
  list.reset(texts.map((text) => text ?? ''))
  db.delete(target)
  db.save(target, list)
  return list.size
}

function sort(db: Keyspace, argv: Argv): Reply {
  const query = parse(argv)
  const members = membersOf(db, argv[1])
  const { gets, target } = query
  if (target !== undefined && isUnsorted(query) && db.peek(argv[1])?.value instanceof SetValue) {
    // A stored list needs a fixed order, and a set has none.
    query.by = undefined
    query.isText = true
  }
  const chosen = cut(ordered(db, members, query), query.limit)
  const texts =
    gets.length === 0
      ? chosen
      : chosen.flatMap((member) => gets.map((pattern) => lookUp(db, pattern, member)))
  return target === undefined ? texts : store(db, target, texts)
}

export const sortCommands: CommandTable = {
  SORT: grows(-2, sort),
  SORT_RO: reads(-2, sort),
}
