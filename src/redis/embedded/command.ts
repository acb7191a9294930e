/**
 * Declares a command: its arity, its effect on memory, and its handler.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import type { Keyspace } from './keyspace.ts'
import type { Argv } from './parse.ts'

/** Executes a command. For an error reply it throws a `CommandError` before it changes anything. */
export type Handler = (db: Keyspace, argv: Argv) => Reply

/**
 * `read`: changes nothing. `write`: changes keys, but never needs more memory. `grow`: may need more memory, so
 * it is refused if there is none. `script`: runs scripts, so scripts may not call it.
 */
export type Effect = 'read' | 'write' | 'grow' | 'script'

/** One command. */
export interface CommandSpec {
  /** The number of words, including the name; a negative number is a minimum. */
  readonly arity: number
  readonly effect: Effect
  readonly run: Handler
}

/** Commands by name, in upper case. */
export type CommandTable = Readonly<Record<string, CommandSpec>>

export function reads(arity: number, run: Handler): CommandSpec {
  return { arity, effect: 'read', run }
}

export function writes(arity: number, run: Handler): CommandSpec {
  return { arity, effect: 'write', run }
}

export function grows(arity: number, run: Handler): CommandSpec {
  return { arity, effect: 'grow', run }
}
