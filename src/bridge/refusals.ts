/**
 * Decides which commands are refused, and with which error reply.
 *
 * @module
 */

import { wordsIn } from '../entry/words.ts'
import { isReadOnly } from '../redis/replay.ts'
import type { Command } from '../redis/requester.ts'

/**
 * Commands that block a shared connection or change its state, and commands for the operator of the server
 * rather than for the holder of a token.
 */
const UNAVAILABLE =
  wordsIn(`ACL ASKING AUTH BGREWRITEAOF BGSAVE BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN
  CLIENT CLUSTER CONFIG DEBUG DISCARD EXEC FAILOVER HELLO LATENCY MIGRATE MODULE MONITOR MULTI
  PFDEBUG PFSELFTEST PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF REPLICAOF RESET
  RESTORE-ASKING ROLE SAVE SELECT SHUTDOWN SLAVEOF SLOWLOG SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SWAPDB
  SYNC UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH`)

/** Reads that return key names, or run code that may. */
const LISTING = wordsIn('EVALSHA_RO EVAL_RO FCALL_RO KEYS RANDOMKEY SCAN')

/** Reads that the cache never sends, so that `replay.ts` does not list them. */
const MORE_READS =
  wordsIn(`COMMAND JSON.ARRINDEX JSON.ARRLEN JSON.GET JSON.MGET JSON.OBJKEYS JSON.OBJLEN JSON.STRLEN
  JSON.TYPE LASTSAVE LOLWUT MEMORY OBJECT PFCOUNT PUBSUB XINFO XPENDING XREAD`)

/**
 * The error reply for a command that may not be sent; undefined if the command is allowed.
 *
 * @param readOnly Whether the token allows only reads.
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

/** How many operands an option has. They are skipped, as a group may be called STREAMS, for example. */
const OPERANDS: ReadonlyMap<string, number> = new Map([
  ['COUNT', 1],
  ['GROUP', 2],
])

/** Whether a read of streams blocks. Keys follow STREAMS, and a key may be called BLOCK. */
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

/** Text that is not a command name may be anything, such as a value in the wrong place, so it is not shown. */
function shown(name: string): string {
  return /^[A-Z][A-Z0-9._|-]{0,31}$/.test(name) ? name.toLowerCase() : 'unknown'
}
