/**
 * The commands on sorted sets.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, grows, type Handler, reads, writes } from './command.ts'
import { syntaxError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, formatDouble, parsePopCount } from './parse.ts'
import { drawPositions, parseDrawCount } from './random-members.ts'
import { parseCursor, parseScan, scanPositions } from './scan.ts'
import type { Scored } from './score-order.ts'
import { SortedSetValue } from './sorted-set-value.ts'
import { zadd, zincrby } from './zadd.ts'
import { counts, ranges, removes, toReply, zrangestore } from './zrange.ts'

function scoreText(score: number | undefined): string | null {
  return score === undefined ? null : formatDouble(score)
}

function zscore(db: Keyspace, argv: Argv): Reply {
  return scoreText(db.read(argv[1], SortedSetValue)?.score(argv[2]))
}

function zmscore(db: Keyspace, argv: Argv): Reply {
  const set = db.read(argv[1], SortedSetValue)
  return argv.slice(2).map((member) => scoreText(set?.score(member)))
}

function zrem(db: Keyspace, argv: Argv): Reply {
  const set = db.read(argv[1], SortedSetValue)
  if (set === undefined) return 0
  let removed = 0
  for (let index = 2; index < argv.length; index++) if (set.delete(at(argv, index))) removed++
  db.save(argv[1], set)
  return removed
}

function tellsRank(isReversed: boolean): Handler {
  return (db, argv) => {
    const set = db.read(argv[1], SortedSetValue)
    const score = set?.score(argv[2])
    if (set === undefined || score === undefined) return null
    const rank = set.order.rank({ member: argv[2], score })
    return isReversed ? set.size - 1 - rank : rank
  }
}

/** Pops up to `count` members from an end, the outermost first. */
export function popScored(set: SortedSetValue, end: 'MIN' | 'MAX', count: number): Scored[] {
  const popped =
    end === 'MIN'
      ? set.slice(0, Math.min(count, set.size))
      : set.slice(Math.max(0, set.size - count), set.size).reverse()
  for (const { member } of popped) set.delete(member)
  return popped
}

function popsEnd(end: 'MIN' | 'MAX'): Handler {
  return (db, argv) => {
    const count = parsePopCount(argv, syntaxError) ?? 1
    const set = db.read(argv[1], SortedSetValue)
    if (set === undefined) return []
    const popped = popScored(set, end, count)
    db.save(argv[1], set)
    return toReply(popped, true)
  }
}

function zrandmember(db: Keyspace, argv: Argv): Reply {
  const { length } = argv
  const count = length > 2 ? parseDrawCount(argv[2]) : undefined
  const withScores = length === 4 && argv[3].toUpperCase() === 'WITHSCORES'
  if (length > 3 && !withScores) throw syntaxError()
  const set = db.read(argv[1], SortedSetValue)
  if (count === undefined) return set ? set.scores.keyAt(db.draw(set.size)) : null
  if (set === undefined) return []
  const { scores } = set
  const drawn = drawPositions(db, set.size, count).map((position) => ({
    member: scores.keyAt(position),
    score: scores.valueAt(position),
  }))
  return toReply(drawn, withScores)
}

function zscan(db: Keyspace, argv: Argv): Reply {
  const cursor = parseCursor(argv[2])
  const set = db.read(argv[1], SortedSetValue)
  if (set === undefined) return ['0', []]
  const step = parseScan(argv, cursor, 3)
  const found: string[] = []
  const next = scanPositions(step, set.size, (position) => {
    const member = set.scores.keyAt(position)
    if (step.matches(member)) found.push(member, formatDouble(set.scores.valueAt(position)))
  })
  return [next, found]
}

export const sortedSetCommands: CommandTable = {
  ZADD: grows(-4, zadd),
  ZINCRBY: grows(4, zincrby),
  ZSCORE: reads(3, zscore),
  ZMSCORE: reads(-3, zmscore),
  ZCARD: reads(2, (db, argv) => db.read(argv[1], SortedSetValue)?.size ?? 0),
  ZREM: writes(-3, zrem),
  ZRANK: reads(3, tellsRank(false)),
  ZREVRANK: reads(3, tellsRank(true)),
  ZRANGE: reads(-4, ranges()),
  ZREVRANGE: reads(-4, ranges('RANK', true)),
  ZRANGEBYSCORE: reads(-4, ranges('SCORE', false)),
  ZREVRANGEBYSCORE: reads(-4, ranges('SCORE', true)),
  ZRANGEBYLEX: reads(-4, ranges('LEX', false)),
  ZREVRANGEBYLEX: reads(-4, ranges('LEX', true)),
  ZRANGESTORE: grows(-5, zrangestore),
  ZCOUNT: reads(4, counts('SCORE')),
  ZLEXCOUNT: reads(4, counts('LEX')),
  ZREMRANGEBYRANK: writes(4, removes('RANK')),
  ZREMRANGEBYSCORE: writes(4, removes('SCORE')),
  ZREMRANGEBYLEX: writes(4, removes('LEX')),
  ZPOPMIN: writes(-2, popsEnd('MIN')),
  ZPOPMAX: writes(-2, popsEnd('MAX')),
  ZRANDMEMBER: reads(-2, zrandmember),
  ZSCAN: reads(-3, zscan),
}
