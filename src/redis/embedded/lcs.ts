/**
 * LCS: the longest common subsequence of two strings.
 *
 * The table of lengths follows the textbook (Cormen and others, Introduction to Algorithms, 15.4). Among
 * equally long answers, the choice is that of Redis.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { CommandError, syntaxError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, parseInteger } from './parse.ts'
import { type StringValue, toBytes, toText } from './string-value.ts'
import { isString } from './values.ts'

/** The largest table, in cells; 256 MiB. Larger ones are refused. */
const MAX_CELLS = 2 ** 26

interface Options {
  readonly wantsLength: boolean
  readonly wantsRanges: boolean
  readonly withLengths: boolean
  /** Shorter ranges are left out. */
  readonly minLength: number
}

/** A run that both strings contain: its position in each, ends included. */
interface Match {
  readonly left: readonly [first: number, last: number]
  readonly right: readonly [first: number, last: number]
}

function parse(argv: Argv): Options {
  const words = new Set<string>()
  let minLength = 0
  for (let index = 3; index < argv.length; index++) {
    const word = at(argv, index).toUpperCase()
    if (word === 'MINMATCHLEN') minLength = Math.max(0, parseInteger(at(argv, ++index)))
    else if (word === 'LEN' || word === 'IDX' || word === 'WITHMATCHLEN') words.add(word)
    else throw syntaxError()
  }
  if (words.has('LEN') && words.has('IDX')) {
    throw new CommandError('ERR If you want both the length and indexes, please just use IDX.')
  }
  return {
    wantsLength: words.has('LEN'),
    wantsRanges: words.has('IDX'),
    withLengths: words.has('WITHMATCHLEN'),
    minLength,
  }
}

function stringAt(db: Keyspace, key: string): StringValue {
  const value = db.look(key)?.value ?? ''
  if (isString(value)) return value
  throw new CommandError('ERR The specified keys must contain string values')
}

/** Lengths of the longest common subsequence of every two prefixes, row by row. */
class Lengths {
  readonly #cells: Uint32Array
  readonly #columns: number

  constructor(left: Uint8Array, right: Uint8Array) {
    this.#columns = right.length + 1
    const count = (left.length + 1) * this.#columns
    if (count > MAX_CELLS) {
      throw new CommandError('ERR Insufficient memory, failed allocating transient memory for LCS')
    }
    const cells = new Uint32Array(count)
    for (let i = 1; i <= left.length; i++) {
      for (let j = 1; j <= right.length; j++) {
        const cell = i * this.#columns + j
        const above = cells[cell - this.#columns] ?? 0
        const before = cells[cell - 1] ?? 0
        const isSame = left[i - 1] === right[j - 1]
        cells[cell] = isSame ? (cells[cell - this.#columns - 1] ?? 0) + 1 : Math.max(above, before)
      }
    }
    this.#cells = cells
  }

  at(i: number, j: number): number {
    return this.#cells[i * this.#columns + j] ?? 0
  }
}

/** Walks back from the ends, and yields each common byte with its two positions. */
function* common(
  lengths: Lengths,
  left: Uint8Array,
  right: Uint8Array,
): IterableIterator<readonly [i: number, j: number]> {
  let [i, j] = [left.length, right.length]
  while (i > 0 && j > 0) {
    if (left[i - 1] === right[j - 1]) yield [--i, --j]
    else if (lengths.at(i - 1, j) > lengths.at(i, j - 1)) i--
    else j--
  }
}

/** Joins positions that are adjacent in both strings. The positions come from the last to the first. */
function toMatches(positions: readonly (readonly [i: number, j: number])[]): Match[] {
  const matches: Match[] = []
  for (const [i, j] of positions) {
    const open = matches.at(-1)
    if (open && open.left[0] === i + 1 && open.right[0] === j + 1) {
      matches[matches.length - 1] = { left: [i, open.left[1]], right: [j, open.right[1]] }
    } else {
      matches.push({ left: [i, i], right: [j, j] })
    }
  }
  return matches
}

export function lcs(db: Keyspace, argv: Argv): Reply {
  const left = toBytes(stringAt(db, argv[1]))
  const right = toBytes(stringAt(db, argv[2]))
  const { wantsLength, wantsRanges, withLengths, minLength } = parse(argv)
  const lengths = new Lengths(left, right)
  const length = lengths.at(left.length, right.length)
  if (wantsLength) return length
  const positions = [...common(lengths, left, right)]
  if (!wantsRanges) {
    return toText(Uint8Array.from(positions.reverse(), ([i]) => left[i] ?? 0))
  }
  const matches = toMatches(positions)
    .map(({ left: [first, last], right: other }) => ({
      size: last - first + 1,
      first,
      last,
      other,
    }))
    .filter(({ size }) => size >= minLength)
    .map(({ size, first, last, other }) =>
      withLengths ? [[first, last], other, size] : [[first, last], other],
    )
  return ['matches', matches, 'len', length]
}
