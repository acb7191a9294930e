/**
 * Decides which commands are refused, and with which error reply.
 *
 * @module
 */

import { wordsIn } from '../entry/words.ts'
import { isReadOnly } from '../redis/replay.ts'
import type { Command } from '../redis/requester.ts'
import { isUnshared } from '../redis/unshared.ts'

/** Commands for the operator of the server rather than for the holder of a token. */
const OPERATORS =
  wordsIn(`ACL BGREWRITEAOF BGSAVE CLIENT CLUSTER CONFIG DEBUG FAILOVER LATENCY MIGRATE MODULE PFDEBUG
  PFSELFTEST REPLICAOF RESTORE-ASKING ROLE SAVE SHUTDOWN SLAVEOF SLOWLOG SWAPDB`)

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
  if (isUnshared(name, command) || isForOperators(name, command)) {
    return `ERR ${name} is not available over REST`
  }
  if (!readOnly || isPermitted(name, command)) return undefined
  return `NOPERM this user has no permissions to run the '${shown(name)}' command`
}

function isForOperators(name: string, command: Command): boolean {
  if (name === 'SCRIPT' || name === 'FUNCTION') {
    return /^(?:debug|kill)$/i.test(String(command[1]))
  }
  return OPERATORS.has(name)
}

function isPermitted(name: string, command: Command): boolean {
  return !LISTING.has(name) && (MORE_READS.has(name) || isReadOnly(command))
}

/** Text that is not a command name may be anything, such as a value in the wrong place, so it is not shown. */
function shown(name: string): string {
  return /^[A-Z][A-Z0-9._|-]{0,31}$/.test(name) ? name.toLowerCase() : 'unknown'
}
