/**
 * LMPOP and ZMPOP: pop from the first key that is not empty.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, type Handler, writes } from './command.ts'
import { syntaxError } from './command-error.ts'
import { ListValue } from './list-value.ts'
import { popTexts } from './lists.ts'
import { type Argv, at, parsePositive } from './parse.ts'
import { SortedSetValue } from './sorted-set-value.ts'
import { popScored } from './sorted-sets.ts'
import type { Collection } from './values.ts'
import { toReply } from './zrange.ts'

interface Query {
  readonly keys: readonly string[]
  /** One of the command's two ends, in upper case. */
  readonly end: string
  readonly count: number
}

function parse(argv: Argv, ends: readonly string[]): Query {
  const behind = 2 + parsePositive(argv[1], 'numkeys')
  const end = at(argv, behind).toUpperCase()
  if (!ends.includes(end)) throw syntaxError()
  let count: number | undefined
  for (let index = behind + 1; index < argv.length; index += 2) {
    if (count !== undefined || at(argv, index).toUpperCase() !== 'COUNT') throw syntaxError()
    count = parsePositive(at(argv, index + 1), 'count')
  }
  return { keys: argv.slice(2, behind), end, count: count ?? 1 }
}

function popsFirst<C extends Collection>(
  kind: new () => C,
  ends: readonly [string, string],
  pop: (collection: C, isFirstEnd: boolean, count: number) => Reply,
): Handler {
  return (db, argv) => {
    const { keys, end, count } = parse(argv, ends)
    for (const key of keys) {
      const collection = db.read(key, kind)
      if (collection === undefined) continue
      const popped = pop(collection, end === ends[0], count)
      db.save(key, collection)
      return [key, popped]
    }
    return null
  }
}

export const popFirstCommands: CommandTable = {
  LMPOP: writes(
    -4,
    popsFirst(ListValue, ['LEFT', 'RIGHT'], (list, isFirstEnd, count) =>
      popTexts(list, isFirstEnd ? 'LEFT' : 'RIGHT', count),
    ),
  ),
  ZMPOP: writes(
    -4,
    popsFirst(SortedSetValue, ['MIN', 'MAX'], (set, isFirstEnd, count) =>
      popScored(set, isFirstEnd ? 'MIN' : 'MAX', count).map((scored) => toReply([scored], true)),
    ),
  ),
}
