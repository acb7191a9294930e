/**
 * ZADD and ZINCRBY.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { CommandError, syntaxError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, formatDouble, parseDouble } from './parse.ts'
import { SortedSetValue } from './sorted-set-value.ts'

const OPTIONS = ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']

type Options = ReadonlySet<string>

/** Parses the options before the first score. */
function parseOptions(argv: Argv): [options: Options, firstScore: number] {
  const options = new Set<string>()
  let index = 2
  for (; index < argv.length; index++) {
    const word = at(argv, index).toUpperCase()
    if (!OPTIONS.includes(word)) break
    options.add(word)
  }
  return [options, index]
}

function checkOptions(options: Options, words: number): void {
  if (words === 0 || words % 2 === 1) throw syntaxError()
  if (options.has('NX') && options.has('XX')) {
    throw new CommandError('ERR XX and NX options at the same time are not compatible')
  }
  const exclusive = ['GT', 'LT', 'NX'].filter((option) => options.has(option))
  if (exclusive.length > 1) {
    throw new CommandError('ERR GT, LT, and/or NX options at the same time are not compatible')
  }
  if (options.has('INCR') && words > 2) {
    throw new CommandError('ERR INCR option supports a single increment-element pair')
  }
}

/** The sum of two scores. @throws {CommandError} The error of Redis for opposite infinities. */
function addScores(left: number, right: number): number {
  const sum = left + right
  if (Number.isNaN(sum)) throw new CommandError('ERR resulting score is not a number (NaN)')
  return sum
}

/** The new score of the member, or undefined if the options forbid a change. */
function decide(options: Options, old: number | undefined, given: number): number | undefined {
  if (old === undefined) return options.has('XX') ? undefined : given
  if (options.has('NX')) return undefined
  const score = options.has('INCR') ? addScores(old, given) : given
  if (options.has('GT') && score <= old) return undefined
  if (options.has('LT') && score >= old) return undefined
  return score
}

/** Parses all scores before anything is changed. */
function parseScores(argv: Argv, first: number): number[] {
  const scores: number[] = []
  for (let index = first; index < argv.length; index += 2) scores.push(parseDouble(at(argv, index)))
  return scores
}

export function zadd(db: Keyspace, argv: Argv): Reply {
  const [options, first] = parseOptions(argv)
  checkOptions(options, argv.length - first)
  const scores = parseScores(argv, first)
  const set = db.open(argv[1], SortedSetValue)
  const sizeBefore = set.size
  let changed = 0
  let latest: number | undefined
  for (const [pair, given] of scores.entries()) {
    const member = at(argv, first + 2 * pair + 1)
    const old = set.score(member)
    latest = decide(options, old, given)
    if (latest === undefined || latest === old) continue
    set.set(member, latest)
    changed++
  }
  db.save(argv[1], set)
  if (options.has('INCR')) return latest === undefined ? null : formatDouble(latest)
  return options.has('CH') ? changed : set.size - sizeBefore
}

export function zincrby(db: Keyspace, argv: Argv): Reply {
  const [, key, increment, member] = argv
  const given = parseDouble(increment)
  const set = db.open(key, SortedSetValue)
  const old = set.score(member)
  const score = old === undefined ? given : addScores(old, given)
  set.set(member, score)
  db.save(key, set)
  return formatDouble(score)
}
