/**
 * Checks and converts a command's words for its handler.
 *
 * @module
 */

import type { CommandSpec } from './command.ts'
import { CommandError } from './command-error.ts'
import type { Argv } from './parse.ts'

/** A command with its name in upper case. */
export interface NamedSpec extends CommandSpec {
  readonly name: string
}

/** Whether the number of words fits the command's arity. */
export function hasArity({ arity }: CommandSpec, argv: Argv): boolean {
  return arity > 0 ? argv.length === arity : argv.length >= -arity
}

/** Puts the name in upper case, by which handlers know their command. */
export function canonical(argv: Argv, { name }: NamedSpec): Argv {
  if (argv[0] === name) return argv
  const [, ...rest] = argv
  return [name, ...rest] as unknown as Argv
}

/**
 * Converts the words of a command to text. A request from JSON may contain any type.
 *
 * @throws {CommandError} When the command is empty, or a word is null, a list or an object.
 */
export function toArgv(command: readonly unknown[]): Argv {
  let words: unknown[] | undefined
  for (let index = 0; index < command.length; index++) {
    const word = command[index]
    if (typeof word === 'string') continue
    if (typeof word !== 'number' && typeof word !== 'boolean') {
      throw new CommandError(`ERR argument ${index} is not a string, a number or a boolean`)
    }
    words ??= [...command]
    words[index] = String(word)
  }
  if (command.length === 0) throw new CommandError('ERR empty command')
  return (words ?? command) as unknown as Argv
}
