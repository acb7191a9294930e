/**
 * A command's words, as they come in and as its handler wants them.
 *
 * @module
 */

import type { CommandSpec } from './command.ts'
import { CommandError } from './command-error.ts'
import type { Argv } from './parse.ts'

/** A command and its name, in upper case. */
export interface NamedSpec extends CommandSpec {
  readonly name: string
}

/** Whether the command takes so many words. */
export function hasArity({ arity }: CommandSpec, argv: Argv): boolean {
  return arity > 0 ? argv.length === arity : argv.length >= -arity
}

/** Handlers know their command by its name in upper case. */
export function canonical(argv: Argv, { name }: NamedSpec): Argv {
  if (argv[0] === name) return argv
  const [, ...rest] = argv
  return [name, ...rest] as unknown as Argv
}

/**
 * The words of a command as text. What came as JSON may hold anything.
 *
 * @throws {CommandError} When there is no name, or a word is null, a list or an object.
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
