/**
 * Reads the arguments of `npm start --`.
 *
 * @module
 */

import { parseArgs } from 'node:util'

/** What the user asked for. */
export interface DemoArguments {
  /** A mailbox file to import instead of the sample. */
  readonly mbox: string | undefined
  readonly help: boolean
}

/** The help text. */
export const USAGE = `npm start                    a sample mailbox of 20,000 messages
npm start -- --mbox FILE     your own, from an mbox file`

/** A mistake of the user. Printed as one line, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws {UsageError} For an unknown argument. */
export function readArguments(words: readonly string[]): DemoArguments {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: { mbox: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    })
    return { mbox: values.mbox, help: values.help }
  } catch (error) {
    // ERR_PARSE_ARGS_UNKNOWN_OPTION and similar; the first sentence is enough.
    throw new UsageError(`${error instanceof Error ? error.message.split('. ')[0] : error}`)
  }
}
