/**
 * Recognizes the commands that must not be sent on a connection that several callers share.
 *
 * @module
 */

import { wordsIn } from '../entry/words.ts'

const UNSHARED =
  wordsIn(`ASKING AUTH BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN DISCARD EXEC HELLO
  MONITOR MULTI PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF RESET SELECT SSUBSCRIBE
  SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH`)

/**
 * Whether a command blocks its connection, or changes the connection's state for the commands after it.
 *
 * @param name The command's name in upper case.
 * @param command The whole command, which begins with its name.
 */
export function isUnshared(name: string, command: readonly unknown[]): boolean {
  if (name === 'CLIENT') return wordAt(command, 1) === 'REPLY'
  return UNSHARED.has(name) || ((name === 'XREAD' || name === 'XREADGROUP') && blocks(command))
}

/** How many operands an option has. They are skipped, as a group may be called STREAMS, for example. */
const OPERANDS: ReadonlyMap<string, number> = new Map([
  ['COUNT', 1],
  ['GROUP', 2],
])

/** Whether a read of streams blocks. Keys follow STREAMS, and a key may be called BLOCK. */
function blocks(command: readonly unknown[]): boolean {
  for (let at = 1; at < command.length; at++) {
    const word = wordAt(command, at)
    if (word === 'BLOCK' || word === 'STREAMS') return word === 'BLOCK'
    at += OPERANDS.get(word) ?? 0
  }
  return false
}

function wordAt(command: readonly unknown[], at: number): string {
  return String(command[at]).toUpperCase()
}
