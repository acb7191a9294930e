/**
 * The scripts that an engine can run: JavaScript twins of Lua scripts, found by SHA-1.
 *
 * @module
 */

import type { Command, Reply } from '../requester.ts'
import { sha1Hex } from '../scripts/digest.ts'
import { CommandError } from './command-error.ts'

/**
 * Runs one command for a script, as `redis.call` does. Throws a `CommandError` for an error reply.
 * Nil is null, not false.
 */
export type Call = (...command: Command) => Reply

/**
 * Does the same as a Lua script, and returns the reply that Redis would make of the script's result.
 *
 * @throws {CommandError} To return an error, as `redis.error_reply` does.
 */
export type TwinBody = (call: Call, keys: readonly string[], args: readonly string[]) => Reply

/** The JavaScript version of a Lua script. */
export interface ScriptTwin {
  /** SHA-1 of the Lua source in lower-case hexadecimal. */
  readonly sha1: string
  readonly run: TwinBody
}

/** The number of sources whose hash is cached, so that EVAL of a long script hashes it once. */
const REMEMBERED_SOURCES = 64

/** The twins of one engine. All of them always count as loaded. */
export class ScriptLibrary {
  readonly #twins = new Map<string, ScriptTwin>()
  readonly #bySource = new Map<string, ScriptTwin>()

  constructor(twins: readonly ScriptTwin[]) {
    for (const twin of twins) this.#twins.set(twin.sha1, twin)
  }

  /** The twin with this SHA-1, in upper or lower case. */
  bySha1(sha1: string): ScriptTwin | undefined {
    return this.#twins.get(sha1) ?? this.#twins.get(sha1.toLowerCase())
  }

  /** The twin of a Lua source. @throws {CommandError} When there is none. */
  bySource(source: string): ScriptTwin {
    const known = this.#bySource.get(source)
    if (known) return known
    const twin = this.#twins.get(sha1Hex(source))
    if (twin === undefined) {
      throw new CommandError(
        'ERR the embedded engine runs no Lua, only the scripts it has a JavaScript twin of; ' +
          "use the 'rest' or 'tcp' transport for other scripts",
      )
    }
    if (this.#bySource.size < REMEMBERED_SOURCES) this.#bySource.set(source, twin)
    return twin
  }
}

/**
 * Splits the words after a script into keys and arguments.
 *
 * @param words `numkeys key… arg…`
 */
export function splitKeys(numkeys: number, words: readonly string[]): [string[], string[]] {
  if (numkeys > words.length) {
    throw new CommandError("ERR Number of keys can't be greater than number of args")
  }
  if (numkeys < 0) throw new CommandError("ERR Number of keys can't be negative")
  return [words.slice(0, numkeys), words.slice(numkeys)]
}
