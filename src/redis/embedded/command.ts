/**
 * How a command is declared: its arity, what it may do to memory, and its handler.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import type { Keyspace } from './keyspace.ts'
import type { Argv } from './parse.ts'

/** Carries a command out. Throws a `CommandError` for an error reply, having changed nothing. */
export type Handler = (db: Keyspace, argv: Argv) => Reply

/**
 * `read`: changes nothing. `write`: changes keys, never to more memory. `grow`: may need memory, so
 * it is refused when there is none. `script`: runs scripts, so scripts may not call it.
 */
export type Effect = 'read' | 'write' | 'grow' | 'script'

/** One command. */
export interface CommandSpec {
  /** Words it takes, its name included; when negative, at least that many. */
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
