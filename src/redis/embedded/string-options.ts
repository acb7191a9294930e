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

/** What the options ask for; at most one of `lifetime`, `keepsExpiry` and `persists`. */
export interface StringOptions {
  readonly condition: string | undefined
  readonly returnsOld: boolean
  readonly keepsExpiry: boolean
  readonly persists: boolean
  /** When the key expires, not yet read: GETEX looks at the key first. */
  readonly lifetime: Lifetime | undefined
}

interface Lifetime {
  readonly unit: TimeUnit
  readonly text: string
}

/**
 * The instant of a lifetime, in epoch milliseconds; it may have passed.
 *
 * @throws {CommandError} When it is no integer, not positive, or out of range.
 */
export function expiryOf(db: Keyspace, command: string, { unit, text }: Lifetime): number {
  return positiveInstant(db, command, unit, text)
}

/** The options behind the value of SET. */
export function setOptions(argv: Argv): StringOptions {
  return parse(argv, 3, SET_WORDS)
}

/** The options behind the key of GETEX. */
export function getexOptions(argv: Argv): StringOptions {
  return parse(argv, 2, GETEX_WORDS)
}

/** A word of its own, or together with one given before: equal ones repeat, others contradict. */
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
    // Of an option that is given twice, the last counts.
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
