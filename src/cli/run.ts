/**
 * Finds the command that was typed, and turns what becomes of it into an exit code.
 *
 * @module
 */

import { ConfigurationError, isNearcacheError } from '../errors.ts'
import { bridgeCommand } from './bridge-command.ts'
import type { CliCommand, Host } from './command.ts'
import { UsageError } from './usage-error.ts'

const COMMANDS: readonly CliCommand[] = [bridgeCommand]

/** 0: done, or ended when asked to. 1: it failed. 2: it was not understood. */
export type ExitCode = 0 | 1 | 2

/** Runs what the words ask for; never rejects. */
export async function run(words: readonly string[], host: Host): Promise<ExitCode> {
  const [name, ...rest] = words
  if (name === undefined || /^(?:-h|--help|help)$/.test(name)) {
    for (const line of overview()) host.print(line)
    return name === undefined ? 2 : 0
  }
  const command = COMMANDS.find((known) => known.name === name)
  if (!command) {
    host.warn(`nearcache: there is no such command; see: nearcache --help`)
    return 2
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    host.print(command.usage)
    return 0
  }
  try {
    await command.run(rest, host)
    return 0
  } catch (error) {
    host.warn(`nearcache ${name}: ${messageOf(error)}`)
    return error instanceof UsageError ? 2 : 1
  }
}

function overview(): readonly string[] {
  return [
    'nearcache COMMAND',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
    '',
    'nearcache COMMAND --help tells more.',
  ]
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigurationError) return error.problems.join('; ')
  if (error instanceof UsageError || isNearcacheError(error)) return error.message
  // A system error says what it could not do; only that of listening has an address, our own.
  return error instanceof Error && 'code' in error ? error.message : 'failed unexpectedly'
}
