/**
 * Which commands a request may not contain, and what is answered instead.
 *
 * @module
 */

import { wordsIn } from '../entry/words.ts'
import { isReadOnly } from '../redis/replay.ts'
import type { Command } from '../redis/requester.ts'

/**
 * Commands that hold a shared connection up or change what it is, and those that belong to whoever
 * runs the server rather than to whoever holds a token.
 */
const UNAVAILABLE =
  wordsIn(`ACL ASKING AUTH BGREWRITEAOF BGSAVE BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN
  CLIENT CLUSTER CONFIG DEBUG DISCARD EXEC FAILOVER HELLO LATENCY MIGRATE MODULE MONITOR MULTI
  PFDEBUG PFSELFTEST PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF REPLICAOF RESET
  RESTORE-ASKING ROLE SAVE SELECT SHUTDOWN SLAVEOF SLOWLOG SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SWAPDB
  SYNC UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH`)

/** Reads that tell names of keys, or run code that may. */
const LISTING = wordsIn('EVALSHA_RO EVAL_RO FCALL_RO KEYS RANDOMKEY SCAN')

/** Reads that a cache never sends, so that nobody else needs to know them. */
const MORE_READS =
  wordsIn(`COMMAND JSON.ARRINDEX JSON.ARRLEN JSON.GET JSON.MGET JSON.OBJKEYS JSON.OBJLEN JSON.STRLEN
  JSON.TYPE LASTSAVE LOLWUT MEMORY OBJECT PFCOUNT PUBSUB XINFO XPENDING XREAD`)

/**
 * Why the command is not sent, in the words of an error reply; undefined when it is.
 *
 * @param readOnly Whether the token is for reading alone.
 */
export function refusalOf(command: Command, readOnly: boolean): string | undefined {
  const name = command[0].toUpperCase()
  if (UNAVAILABLE.has(name) || isUnavailable(name, command)) {
    return `ERR ${name} is not available over REST`
  }
  if (!readOnly || isPermitted(name, command)) return undefined
  return `NOPERM this user has no permissions to run the '${shown(name)}' command`
}

function isUnavailable(name: string, command: Command): boolean {
  if (name === 'SCRIPT' || name === 'FUNCTION') {
    return /^(?:debug|kill)$/i.test(String(command[1]))
  }
  return (name === 'XREAD' || name === 'XREADGROUP') && waits(command)
}

/** Words behind an option, which may read as one: a group may be called STREAMS. */
const OPERANDS: ReadonlyMap<string, number> = new Map([
  ['COUNT', 1],
  ['GROUP', 2],
])

/** Whether a read of streams waits. After STREAMS come keys, and a key may be called BLOCK. */
function waits(command: Command): boolean {
  for (let at = 1; at < command.length; at++) {
    const word = String(command[at]).toUpperCase()
    if (word === 'BLOCK' || word === 'STREAMS') return word === 'BLOCK'
    at += OPERANDS.get(word) ?? 0
  }
  return false
}

function isPermitted(name: string, command: Command): boolean {
  return !LISTING.has(name) && (MORE_READS.has(name) || isReadOnly(command))
}

/** A name that is none may be anything, a value in the wrong place for example. */
function shown(name: string): string {
  return /^[A-Z][A-Z0-9._|-]{0,31}$/.test(name) ? name.toLowerCase() : 'unknown'
}
