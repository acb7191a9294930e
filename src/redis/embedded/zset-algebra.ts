/**
 * ZUNION, ZINTER and ZDIFF, and their forms that store or count. A set counts as a sorted set in which all
 * scores are 1.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, type Handler, reads } from './command.ts'
import { CommandError, syntaxError, wrongType } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, parseDouble, parseInteger, parseNatural } from './parse.ts'
import { SortedSetValue } from './sorted-set-value.ts'
import { SetValue } from './values.ts'
import { toReply } from './zrange.ts'

type Aggregate = (left: number, right: number) => number

/** Redis replaces the sum of opposite infinities by 0. */
const orZero = (score: number): number => (Number.isNaN(score) ? 0 : score)

const sum: Aggregate = (left, right) => orZero(left + right)

const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  SUM: sum,
  // Comparisons, so that a score of NaN changes nothing.
  MIN: (left, right) => (right < left ? right : left),
  MAX: (left, right) => (right > left ? right : left),
}

/** Groups of options that some of the commands accept. */
type Form = 'weighs' | 'scores' | 'limits'

interface Query {
  readonly sources: readonly (SortedSetValue | SetValue | undefined)[]
  weights: readonly number[]
  aggregate: Aggregate
  withScores: boolean
  /** The maximum number of members to count. */
  limit: number
}

/** Scores by member. */
type Scores = Map<string, number>

/** Combines the sources of a query; may stop at `limit` members. */
type Combination = (query: Query) => Scores

function openSource(db: Keyspace, key: string): SortedSetValue | SetValue | undefined {
  const value = db.look(key)?.value
  if (value === undefined || value instanceof SortedSetValue || value instanceof SetValue) {
    return value
  }
  throw wrongType()
}

function parseCount(argv: Argv, first: number): number {
  const count = parseInteger(at(argv, first))
  if (count < 1) {
    const name = argv[0].toLowerCase()
    throw new CommandError(`ERR at least 1 input key is needed for '${name}' command`)
  }
  if (count > argv.length - first - 1) throw syntaxError()
  return count
}

function parseWeights(words: readonly string[]): number[] {
  return words.map((word) =>
    parseDouble(word, () => new CommandError('ERR weight value is not a float')),
  )
}

/** Parses one option into the query, and returns its number of words. */
function takeOption(query: Query, forms: readonly Form[], argv: Argv, index: number): number {
  const word = at(argv, index).toUpperCase()
  const { length } = query.sources
  if (word === 'WEIGHTS' && forms.includes('weighs') && argv.length - index > length) {
    query.weights = parseWeights(argv.slice(index + 1, index + 1 + length))
    return 1 + length
  }
  if (word === 'AGGREGATE' && forms.includes('weighs')) {
    const aggregate = AGGREGATES[at(argv, index + 1).toUpperCase()]
    if (aggregate === undefined) throw syntaxError()
    query.aggregate = aggregate
    return 2
  }
  if (word === 'LIMIT' && forms.includes('limits')) {
    query.limit = parseNatural(at(argv, index + 1), 'LIMIT') || Infinity
    return 2
  }
  if (word !== 'WITHSCORES' || !forms.includes('scores')) throw syntaxError()
  query.withScores = true
  return 1
}

/** Parses the number of keys at `first`, opens the keys, and parses the options after them. */
function parseQuery(db: Keyspace, argv: Argv, first: number, forms: readonly Form[]): Query {
  const count = parseCount(argv, first)
  const behind = first + 1 + count
  const sources = argv.slice(first + 1, behind).map((key) => openSource(db, key))
  const query: Query = {
    sources,
    weights: sources.map(() => 1),
    aggregate: sum,
    withScores: false,
    limit: Infinity,
  }
  for (let index = behind; index < argv.length; ) index += takeOption(query, forms, argv, index)
  return query
}

function* scoresOf(source: SortedSetValue | SetValue): IterableIterator<[string, number]> {
  if (source instanceof SortedSetValue) yield* source.scores.entries()
  else for (const member of source.members.keys()) yield [member, 1]
}

function scoreIn(source: SortedSetValue | SetValue, member: string): number | undefined {
  if (source instanceof SortedSetValue) return source.score(member)
  return source.has(member) ? 1 : undefined
}

interface Weighed {
  readonly source: SortedSetValue | SetValue
  readonly weight: number
}

/** The existing sources, smallest first. The order matters, because sums of fractions depend on it. */
function bySize({ sources, weights }: Query): Weighed[] {
  return sources
    .flatMap((source, index) => (source ? [{ source, weight: weights[index] ?? 1 }] : []))
    .sort((left, right) => left.source.size - right.source.size)
}

const union: Combination = (query) => {
  const result: Scores = new Map()
  for (const { source, weight } of bySize(query)) {
    for (const [member, score] of scoresOf(source)) {
      const weighed = orZero(score * weight)
      const old = result.get(member)
      result.set(member, old === undefined ? weighed : query.aggregate(old, weighed))
    }
  }
  return result
}

/** The aggregate over all sources, or undefined if one of them lacks the member. */
function inAll(
  sources: readonly Weighed[],
  member: string,
  start: number,
  query: Query,
): number | undefined {
  let total = start
  for (const { source, weight } of sources) {
    const score = scoreIn(source, member)
    if (score === undefined) return undefined
    // Redis replaces a product of NaN by 0 only in the first source.
    total = query.aggregate(total, score * weight)
  }
  return total
}

const intersection: Combination = (query) => {
  const result: Scores = new Map()
  const [smallest, ...others] = bySize(query)
  if (smallest === undefined || others.length + 1 < query.sources.length) return result
  for (const [member, score] of scoresOf(smallest.source)) {
    const total = inAll(others, member, orZero(score * smallest.weight), query)
    if (total !== undefined) result.set(member, total)
    if (result.size === query.limit) break
  }
  return result
}

const difference: Combination = ({ sources: [first, ...others] }) => {
  const result: Scores = new Map()
  for (const [member, score] of first ? scoresOf(first) : []) {
    const isElsewhere = others.some((source) => source && scoreIn(source, member) !== undefined)
    if (!isElsewhere) result.set(member, score)
  }
  return result
}

function toSortedSet(scores: Scores): SortedSetValue {
  const set = new SortedSetValue()
  for (const [member, score] of scores) set.set(member, score)
  return set
}

function combines(combine: Combination, ...forms: Form[]): Handler {
  return (db, argv) => {
    const query = parseQuery(db, argv, 1, [...forms, 'scores'])
    const set = toSortedSet(combine(query))
    return toReply(set.slice(0, set.size), query.withScores)
  }
}

function stores(combine: Combination, ...forms: Form[]): Handler {
  return (db, argv) => {
    const set = toSortedSet(combine(parseQuery(db, argv, 2, forms)))
    db.delete(argv[1])
    db.save(argv[1], set)
    return set.size
  }
}

function zintercard(db: Keyspace, argv: Argv): Reply {
  return intersection(parseQuery(db, argv, 1, ['limits'])).size
}

export const zsetAlgebraCommands: CommandTable = {
  ZUNION: reads(-3, combines(union, 'weighs')),
  ZUNIONSTORE: grows(-4, stores(union, 'weighs')),
  ZINTER: reads(-3, combines(intersection, 'weighs')),
  ZINTERSTORE: grows(-4, stores(intersection, 'weighs')),
  ZINTERCARD: reads(-3, zintercard),
  ZDIFF: reads(-3, combines(difference)),
  ZDIFFSTORE: grows(-4, stores(difference)),
}
