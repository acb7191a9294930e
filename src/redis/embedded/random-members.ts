/**
 * Draws random members of a collection, for SRANDMEMBER, HRANDFIELD and ZRANDMEMBER.
 *
 * @module
 */

import { CommandError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { parseInteger } from './parse.ts'

/** The maximum of draws with repetition, which could exhaust memory otherwise. */
const MAX_DRAWS = 2 ** 24

/** @throws {CommandError} When the count is not an integer, or asks for too many draws. */
export function parseDrawCount(text: string): number {
  const count = parseInteger(text)
  if (count < -MAX_DRAWS) throw new CommandError('ERR value is out of range')
  return count
}

/**
 * Random positions in [0, size): `count` distinct ones, or all if there are fewer. For a negative `count`,
 * exactly that many, which may repeat.
 */
export function drawPositions(db: Keyspace, size: number, count: number): number[] {
  if (count < 0) return Array.from({ length: -count }, () => db.draw(size))
  if (count >= size) return Array.from({ length: size }, (_, position) => position)
  return drawDistinct(db, size, count)
}

/** Floyd's sampling (Bentley and Floyd, CACM 30(9), 1987), which needs exactly `count` draws. */
function drawDistinct(db: Keyspace, size: number, count: number): number[] {
  const drawn = new Set<number>()
  for (let bound = size - count + 1; bound <= size; bound++) {
    const position = db.draw(bound)
    drawn.add(drawn.has(position) ? bound - 1 : position)
  }
  return [...drawn]
}
