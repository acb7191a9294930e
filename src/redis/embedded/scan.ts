/**
 * SCAN, HSCAN, SSCAN and ZSCAN: iterate in steps, between which other commands may run.
 *
 * @module
 */

import { CommandError, syntaxError } from './command-error.ts'
import { compileGlob } from './glob.ts'
import { type Argv, at, parseInteger } from './parse.ts'

const DEFAULT_COUNT = 10

/** The parameters of one step. */
export interface ScanStep {
  /** The number of positions still to visit; 0 at the start means all. */
  readonly cursor: number
  /** The number of positions to visit in this step. */
  readonly count: number
  readonly matches: (text: string) => boolean
  /** Only keys of this type; used by SCAN only. */
  readonly type: string | undefined
}

/**
 * Parses a cursor. An empty cursor means the start.
 *
 * @throws {CommandError} When the cursor is not an unsigned 64-bit integer.
 */
export function parseCursor(text: string): number {
  if (text === '') return 0
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n) {
    throw new CommandError('ERR invalid cursor')
  }
  return Number(text)
}

/** Parses the options from index `start`. */
export function parseScan(argv: Argv, cursor: number, start: number): ScanStep {
  let count = DEFAULT_COUNT
  let matches: (text: string) => boolean = () => true
  let type: string | undefined
  for (let index = start; index < argv.length; index += 2) {
    const word = at(argv, index).toUpperCase()
    const value = at(argv, index + 1)
    if (word === 'COUNT') count = parseInteger(value)
    else if (word === 'MATCH') matches = compileGlob(value)
    else if (word === 'TYPE' && argv[0] === 'SCAN') type = value.toLowerCase()
    else throw syntaxError()
    if (count < 1) throw syntaxError()
  }
  return { cursor, count, matches, type }
}

/**
 * Visits the next positions and returns the cursor for the next step, `'0'` at the end.
 *
 * Goes from the last position to the first. A removal moves only the last entry, and only to a
 * smaller position. An entry that exists during the whole scan is therefore visited, whatever is added or
 * removed in between; it may be visited twice. The cursor needs no memory on the server.
 */
export function scanPositions(
  step: ScanStep,
  size: number,
  visit: (position: number) => void,
): string {
  const from = step.cursor === 0 ? size : Math.min(step.cursor, size)
  const to = Math.max(0, from - step.count)
  for (let position = from - 1; position >= to; position--) visit(position)
  return String(to)
}
