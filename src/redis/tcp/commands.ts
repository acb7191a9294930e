/**
 * Reads the commands of a request: from the JSON of the seam to what ioredis sends.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'

/** A command as it is sent. */
export interface Outgoing {
  /** In upper case: ioredis reshapes the replies of lower-case names. */
  readonly name: string
  readonly args: (string | number)[]
}

/** A command that is answered here, and the answer. */
export interface Refusal {
  readonly error: string
}

/** Commands that change what a connection is, or hold it up, for everybody who shares it. */
const UNSHARED =
  wordsIn(`ASKING AUTH BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN DISCARD EXEC HELLO
  MONITOR MULTI PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF RESET SELECT SSUBSCRIBE
  SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH`)

/**
 * Reads one command.
 *
 * ioredis would send null as an empty text and an object as `[object Object]`, so both are refused.
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
  if (UNSHARED.has(name) || holdsUp(name, args)) {
    return { error: `ERR ${name} is not available on a shared connection` }
  }
  return { name, args }
}

/** Booleans are text, as they are in the JSON that Upstash takes. */
function readArgument(arg: unknown): string | number | undefined {
  if (typeof arg === 'string' || Number.isFinite(arg)) return arg as string | number
  return typeof arg === 'boolean' ? String(arg) : undefined
}

function holdsUp(name: string, args: readonly (string | number)[]): boolean {
  if (name === 'CLIENT') return String(args[0]).toUpperCase() === 'REPLY'
  if (name !== 'XREAD' && name !== 'XREADGROUP') return false
  const words = args.map((arg) => String(arg).toUpperCase())
  // After STREAMS come keys, and a key may be called BLOCK.
  return words.slice(0, words.indexOf('STREAMS')).includes('BLOCK')
}
