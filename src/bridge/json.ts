/**
 * Reads commands from JSON, and writes answers as JSON, without losing digits.
 *
 * @module
 */

import { Problem } from './problem.ts'
import type { Strings } from './strings.ts'
import { decodeText } from './strings.ts'

/** A command for the backend: its name first, every word in the backend's string form. */
export type Words = readonly [name: string, ...args: string[]]

/** A reply of a backend. Integers beyond 2^53 are bigints if the backend returns them exactly. */
export type Reply = string | number | bigint | null | readonly Reply[]

/** Pipelines and transactions with more commands are refused. */
const MAX_COMMANDS = 10_000

/** @throws {Problem} 400, if the body is not JSON in UTF-8, or not a command. */
export function readCommand(body: Uint8Array, strings: Strings): Words {
  return toWords(parse(body), strings)
}

/** @throws {Problem} 400, if the body is not a list of commands; no command may be run then. */
export function readCommands(body: Uint8Array, strings: Strings): readonly Words[] {
  const commands = parse(body)
  if (!Array.isArray(commands)) throw new Problem(400, 'ERR the body is not a list of commands')
  if (commands.length > MAX_COMMANDS) {
    throw new Problem(400, `ERR more than ${MAX_COMMANDS} commands in one request`)
  }
  return commands.map((command) => toWords(command, strings))
}

function parse(body: Uint8Array): unknown {
  const text = decodeText(body)
  if (text === undefined) throw new Problem(400, 'ERR the body is not UTF-8')
  try {
    // A number this long may lose digits; its source text does not. The reviver is too slow to use always.
    return /\d{16}/.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)
  } catch {
    // The parser's message quotes the body.
    throw new Problem(400, 'ERR failed to parse the body: it is not JSON')
  }
}

/** Replaces an unsafe number by its source text (ECMAScript 2026, JSON.parse source text access). */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d+$/.test(source) ? source : value
}

function toWords(command: unknown, strings: Strings): Words {
  if (!Array.isArray(command)) throw new Problem(400, 'ERR a command is not a list')
  const [name] = command
  if (typeof name !== 'string' || name === '') throw new Problem(400, 'ERR empty command')
  return command.map((word, index) => strings.fromText(toText(word, index))) as unknown as Words
}

function toText(word: unknown, index: number): string {
  if (typeof word === 'string') return word
  if (typeof word === 'number' || typeof word === 'boolean') return String(word)
  // The SDK sends null for undefined. Stored as the text "null", the value would be wrong.
  const what = word === null ? 'null' : 'a list or an object'
  throw new Problem(400, `ERR argument ${index} is ${what}, not a string, a number or a boolean`)
}

/** Writes exact digits of a bigint, for which JSON.stringify throws (ECMAScript 2026, JSON.rawJSON). */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

/** Converts a reply for JSON.stringify; `write` converts its strings. */
export function toJson(reply: Reply, write: (value: string) => string): unknown {
  if (typeof reply === 'string') return write(reply)
  if (typeof reply === 'bigint') return rawJSON(String(reply))
  return Array.isArray(reply) ? reply.map((item: Reply) => toJson(item, write)) : reply
}
