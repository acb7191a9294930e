/**
 * Converts the commands of a request to the form that ioredis sends, and refuses unsuitable ones.
 *
 * @module
 */

import { isUnshared } from '../unshared.ts'

/** A command to be sent. */
export interface Outgoing {
  /** In upper case, because ioredis reshapes the replies of lower-case names. */
  readonly name: string
  readonly args: (string | number)[]
}

/** The answer to a command that is not sent. */
export interface Refusal {
  readonly error: string
}

/**
 * Reads one command.
 *
 * Null and objects are refused: ioredis would send an empty text and `[object Object]`.
 */
export function readCommand(body: unknown): Outgoing | Refusal {
  if (!Array.isArray(body) || body.length === 0) return { error: 'ERR empty command' }
  const first: unknown = body[0]
  if (typeof first !== 'string') return { error: 'ERR the name of a command is not a string' }
  const name = first.toUpperCase()
  const args = body.slice(1).map(readArgument)
  if (!args.every((arg) => arg !== undefined)) {
    return { error: 'ERR an argument is neither a string nor a number' }
  }
  if (isUnshared(name, body)) {
    return { error: `ERR ${name} is not available on a shared connection` }
  }
  return { name, args }
}

/** Booleans become text, as Upstash does with those in its JSON. */
function readArgument(arg: unknown): string | number | undefined {
  if (typeof arg === 'string' || Number.isFinite(arg)) return arg as string | number
  return typeof arg === 'boolean' ? String(arg) : undefined
}
