/**
 * Parses ranges of sorted sets: by score, by the text of members, or by rank.
 *
 * @module
 */

import { CommandError } from './command-error.ts'
import { rangeOf } from './index-range.ts'
import { parseDouble, parseInteger } from './parse.ts'
import type { Scored } from './score-order.ts'
import type { SortedSetValue } from './sorted-set-value.ts'
import { compareBytes } from './text.ts'

/** The kind of the two ends of a range. */
export type RangeKind = 'RANK' | 'SCORE' | 'LEX'

/** Returns the ranks of a set's members in a range: [start, end), empty when `start >= end`. */
export type ToRanks = (set: SortedSetValue) => [start: number, end: number]

/** Compares a member with an end of a range: negative if the member is below. */
type Position = (scored: Scored) => number

interface Bound {
  readonly position: Position
  readonly isExclusive: boolean
}

function parseScoreBound(text: string): Bound {
  const isExclusive = text.startsWith('(')
  const digits = isExclusive ? text.slice(1) : text
  // Only here, Redis accepts a bound without digits, as 0.
  const score =
    digits === '' ? 0 : parseDouble(digits, () => new CommandError('ERR min or max is not a float'))
  // Compares instead of subtracting, because the difference of equal infinities is NaN.
  return {
    position: (scored) => Number(scored.score > score) - Number(scored.score < score),
    isExclusive,
  }
}

function parseLexBound(text: string): Bound {
  if (text === '-') return { position: () => 1, isExclusive: false }
  if (text === '+') return { position: () => -1, isExclusive: false }
  const isExclusive = text.startsWith('(')
  if (!isExclusive && !text.startsWith('[')) {
    throw new CommandError('ERR min or max not valid string range item')
  }
  const limit = text.slice(1)
  return { position: ({ member }) => compareBytes(member, limit), isExclusive }
}

function parseRankRange(first: string, last: string): ToRanks {
  const from = parseInteger(first)
  const to = parseInteger(last)
  return ({ size }) => rangeOf(size, from, to)
}

/**
 * Parses the two ends of a range.
 *
 * @throws {CommandError} When an end is not valid for `kind`.
 */
export function parseRange(kind: RangeKind, min: string, max: string): ToRanks {
  if (kind === 'RANK') return parseRankRange(min, max)
  const parse = kind === 'SCORE' ? parseScoreBound : parseLexBound
  const low = parse(min)
  const high = parse(max)
  return ({ order }) => [
    order.countWhile((scored) => low.position(scored) < (low.isExclusive ? 1 : 0)),
    order.countWhile((scored) => high.position(scored) < (high.isExclusive ? 0 : 1)),
  ]
}
