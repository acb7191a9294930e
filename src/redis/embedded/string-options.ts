/**
 * The options of SET and GETEX.
 *
 * @module
 */

import { syntaxError } from './command-error.ts'
import { isTimeUnit, positiveInstant, type TimeUnit } from './expire-time.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at } from './parse.ts'

const SET_WORDS = ['NX', 'XX', 'GET', 'EX', 'PX', 'EXAT', 'PXAT', 'KEEPTTL']
const GETEX_WORDS = ['EX', 'PX', 'EXAT', 'PXAT', 'PERSIST']

/** The parsed options; at most one of `lifetime`, `keepsExpiry` and `persists` is set. */
export interface StringOptions {
  readonly condition: string | undefined
  readonly returnsOld: boolean
  readonly keepsExpiry: boolean
  readonly persists: boolean
  /** The expiry, not yet parsed, because GETEX looks at the key first. */
  readonly lifetime: Lifetime | undefined
}

interface Lifetime {
  readonly unit: TimeUnit
  readonly text: string
}

/**
 * The instant at which a lifetime ends, in epoch milliseconds; it may be in the past.
 *
 * @throws {CommandError} When the lifetime is not an integer, not positive, or out of range.
 */
export function expiryOf(db: Keyspace, command: string, { unit, text }: Lifetime): number {
  return positiveInstant(db, command, unit, text)
}

/** The options after the value of SET. */
export function setOptions(argv: Argv): StringOptions {
  return parse(argv, 3, SET_WORDS)
}

/** The options after the key of GETEX. */
export function getexOptions(argv: Argv): StringOptions {
  return parse(argv, 2, GETEX_WORDS)
}

/** Accepts a word if no word or the same word was given before; two different ones contradict. */
function agree(before: string | undefined, word: string): string {
  if (before !== undefined && before !== word) throw syntaxError()
  return word
}

function parse(argv: Argv, start: number, allowed: readonly string[]): StringOptions {
  let condition: string | undefined
  let expiry: string | undefined
  let lifetime: Lifetime | undefined
  let returnsOld = false
  for (let index = start; index < argv.length; index++) {
    const word = at(argv, index).toUpperCase()
    if (!allowed.includes(word)) throw syntaxError()
    if (word === 'GET') returnsOld = true
    else if (word === 'NX' || word === 'XX') condition = agree(condition, word)
    else expiry = agree(expiry, word)
    // If an option is given twice, the last one counts.
    if (isTimeUnit(word)) lifetime = { unit: word, text: at(argv, ++index) }
  }
  return {
    condition,
    returnsOld,
    keepsExpiry: expiry === 'KEEPTTL',
    persists: expiry === 'PERSIST',
    lifetime,
  }
}
