/**
 * SCAN and its kin: a walk in steps that other commands may come between.
 *
 * @module
 */

import { CommandError, syntaxError } from './command-error.ts'
import { compileGlob } from './glob.ts'
import { type Argv, at, parseInteger } from './parse.ts'

const DEFAULT_COUNT = 10

/** What one step asks for. */
export interface ScanStep {
  /** Positions still to be visited; 0 at the start means all. */
  readonly cursor: number
  /** Positions to visit. */
  readonly count: number
  readonly matches: (text: string) => boolean
  /** Only keys of this type; for SCAN alone. */
  readonly type: string | undefined
}

/**
 * Reads a cursor; an empty one is the start.
 *
 * @throws {CommandError} When it is not a number that fits 64 bits without a sign.
 */
export function parseCursor(text: string): number {
  if (text === '') return 0
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n) {
    throw new CommandError('ERR invalid cursor')
  }
  return Number(text)
}

/** Reads the options from `start` on. */
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
 * Visits the next positions and returns the cursor to go on from, `'0'` at the end.
 *
 * Goes from the last position to the first. Removal moves only the last entry, and only to a
 * smaller position, so what is there from the first step to the last is visited, whatever else
 * comes and goes; it may be visited twice. The cursor needs no memory on the server.
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
