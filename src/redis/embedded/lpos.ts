/**
 * LPOS: the positions of a text in a list.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { CommandError, notAnInteger, syntaxError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { ListValue } from './list-value.ts'
import { type Argv, at, parseInteger, parseNatural } from './parse.ts'

interface Options {
  /** Which match comes first, from 1; negative to search from the tail. */
  rank: number
  /** The number of matches, 0 for all; undefined for only the first, not returned as a list. */
  count?: number
  /** The maximum number of comparisons, 0 for no limit. */
  maxlen: number
}

function parseRank(text: string): number {
  const rank = parseInteger(text)
  if (rank < -Number.MAX_SAFE_INTEGER) throw notAnInteger()
  if (rank !== 0) return rank
  throw new CommandError(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
      'or use negative to start from the end of the list',
  )
}

function parse(argv: Argv): Options {
  const options: Options = { rank: 1, maxlen: 0 }
  for (let index = 3; index < argv.length; index += 2) {
    const word = at(argv, index).toUpperCase()
    const value = at(argv, index + 1)
    if (word === 'RANK') options.rank = parseRank(value)
    else if (word === 'COUNT') options.count = parseNatural(value, 'COUNT')
    else if (word === 'MAXLEN') options.maxlen = parseNatural(value, 'MAXLEN')
    else throw syntaxError()
  }
  return options
}

/** The matching indexes, at most as many as wanted, in the order of the search. */
function search(list: ListValue, text: string, { rank, count = 1, maxlen }: Options): number[] {
  const { size } = list
  const found: number[] = []
  const wanted = count || size
  const steps = Math.min(size, maxlen || size)
  let skips = Math.abs(rank) - 1
  for (let step = 0; step < steps && found.length < wanted; step++) {
    const index = rank > 0 ? step : size - 1 - step
    if (list.at(index) === text && skips-- <= 0) found.push(index)
  }
  return found
}

export function lpos(db: Keyspace, argv: Argv): Reply {
  const options = parse(argv)
  const list = db.read(argv[1], ListValue)
  const found = list ? search(list, argv[2], options) : []
  return options.count === undefined ? (found[0] ?? null) : found
}
