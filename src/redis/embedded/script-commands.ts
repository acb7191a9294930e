/**
 * EVAL, EVALSHA and SCRIPT.
 *
 * @module
 */

import type { Command, Reply } from '../requester.ts'
import type { CommandSpec, CommandTable } from './command.ts'
import { CommandError, unknownSubcommand, wrongArity } from './command-error.ts'
import { type Argv, parseInteger } from './parse.ts'
import { type ScriptLibrary, type ScriptTwin, splitKeys } from './scripting.ts'

const SHA1_DIGITS = 40

/** Runs one command for a script; `isReadOnly` is true for EVAL_RO and EVALSHA_RO. */
export type ScriptCall = (command: Command, isReadOnly: boolean) => Reply

/** Runs a script. `find` is called after the number of keys was checked, as in Redis. */
function run(
  find: (name: string) => ScriptTwin,
  argv: Argv,
  call: ScriptCall,
  isReadOnly: boolean,
): Reply {
  const [keys, args] = splitKeys(parseInteger(argv[2]), argv.slice(3))
  const twin = find(argv[1])
  let raised: unknown
  const guarded = (...command: Command): Reply => {
    try {
      return call(command, isReadOnly)
    } catch (error) {
      raised = error
      throw error
    }
  }
  try {
    return twin.run(guarded, keys, args)
  } catch (error) {
    // Redis adds the script to uncaught errors of commands, but not to errors that the script made.
    if (error !== raised || !(error instanceof CommandError)) throw error
    throw new CommandError(`${error.message} script: ${twin.sha1}`)
  }
}

function script(library: ScriptLibrary, argv: Argv): Reply {
  const subcommand = argv[1].toUpperCase()
  switch (subcommand) {
    case 'LOAD':
      if (argv.length !== 3) throw wrongArity('script|load')
      return library.bySource(argv[2]).sha1
    case 'EXISTS':
      if (argv.length < 3) throw wrongArity('script|exists')
      return argv.slice(2).map((sha1) => (library.bySha1(sha1) ? 1 : 0))
    case 'FLUSH':
      if (argv.length > 3 || !/^(?:a?sync)?$/i.test(argv[2] ?? '')) {
        throw new CommandError('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
      }
      return 'OK'
    default:
      throw unknownSubcommand('SCRIPT', argv[1])
  }
}

function noScript(): CommandError {
  return new CommandError('NOSCRIPT No matching script. Please use EVAL.')
}

/** The script commands for one engine, with its scripts and its function to run their commands. */
export function scriptCommands(library: ScriptLibrary, call: ScriptCall): CommandTable {
  const bySource = (source: string): ScriptTwin => library.bySource(source)
  const bySha1 = (sha1: string): ScriptTwin => {
    const twin = library.bySha1(sha1)
    if (twin) return twin
    throw noScript()
  }
  const runs = (find: (name: string) => ScriptTwin, isReadOnly: boolean): CommandSpec => ({
    arity: -3,
    effect: 'script',
    run: (_db, argv) => {
      // A name that cannot be a hash is refused before the number of keys is checked.
      if (find === bySha1 && argv[1].length !== SHA1_DIGITS) throw noScript()
      return run(find, argv, call, isReadOnly)
    },
  })
  return {
    EVAL: runs(bySource, false),
    EVAL_RO: runs(bySource, true),
    EVALSHA: runs(bySha1, false),
    EVALSHA_RO: runs(bySha1, true),
    SCRIPT: { arity: -2, effect: 'script', run: (_db, argv) => script(library, argv) },
  }
}
