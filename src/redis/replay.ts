/**
 * Decides which commands may be sent again after a failure that leaves unknown whether they were applied.
 *
 * A command that is not listed counts as unsafe.
 *
 * @module
 */

import { wordsIn } from '../entry/words.ts'
import { isBatch } from './failure.ts'
import type { Command, RedisRequest } from './requester.ts'

const READS = wordsIn(
  `BITCOUNT BITFIELD_RO BITPOS DBSIZE DUMP ECHO EVALSHA_RO EVAL_RO EXISTS EXPIRETIME FCALL_RO GEODIST
  GEOHASH GEOPOS GEOSEARCH GET GETBIT GETRANGE HEXISTS HEXPIRETIME
  HGET HGETALL HKEYS HLEN HMGET HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSTRLEN HTTL HVALS INFO KEYS LCS
  LINDEX LLEN LPOS LRANGE MGET PEXPIRETIME PING PTTL RANDOMKEY SCAN SCARD SDIFF SINTER SINTERCARD
  SISMEMBER SMEMBERS SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUNION TIME TOUCH TTL TYPE
  XLEN XRANGE XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE
  ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE
  ZUNION`,
)

/**
 * Writes that have the same effect when applied twice. The second reply may differ (a count of what was
 * changed). Commands whose reply grants something to the caller are therefore left out: SETNX, HSETNX, SADD.
 *
 * A late SET or HSET may overwrite what another writer did in between. Where that matters, as for cache
 * entries, a script compares before it writes.
 */
const IDEMPOTENT_WRITES = wordsIn(
  `DEL EXPIRE EXPIREAT HDEL HMSET HSET MSET PERSIST PEXPIRE PEXPIREAT PSETEX SETEX SREM UNLINK
  ZREM`,
)

/** The options of SET that can be repeated safely, with the number of words of each. */
const SET_OPTIONS: Readonly<Record<string, number>> = {
  EX: 2,
  PX: 2,
  EXAT: 2,
  PXAT: 2,
  KEEPTTL: 1,
  XX: 1,
}

/** The commands of a request. A path that does not name a batch is itself the command. */
export function commandsOf({ path = [], body }: RedisRequest): readonly Command[] {
  if (path.length === 0) return [body as Command]
  if (!isBatch(path[0])) return [path as unknown as Command]
  return Array.isArray(body) ? body : []
}

/** Whether a command changes nothing. */
export function isReadOnly(command: Command): boolean {
  return READS.has(nameOf(command)) || isScriptExists(command)
}

/**
 * Whether applying a command twice, or late a second time, is harmless.
 *
 * @param ourScripts The scripts that are safe to run again: SHA-1, in lower-case hexadecimal, to text.
 */
export function isReplaySafe(command: Command, ourScripts: ReadonlyMap<string, string>): boolean {
  if (isReadOnly(command)) return true
  const name = nameOf(command)
  switch (name) {
    case 'SET':
      return isPlainSet(command)
    case 'ZADD':
      return isPlainZadd(command)
    case 'EVALSHA':
      return ourScripts.has(String(command[1]).toLowerCase())
    case 'EVAL':
      return [...ourScripts.values()].includes(String(command[1]))
    case 'SCRIPT':
      return String(command[1]).toUpperCase() === 'LOAD'
    default:
      return IDEMPOTENT_WRITES.has(name)
  }
}

function nameOf([name]: Command): string {
  return String(name).toUpperCase()
}

function isScriptExists(command: Command): boolean {
  return nameOf(command) === 'SCRIPT' && String(command[1]).toUpperCase() === 'EXISTS'
}

/** `SET key value`, without NX, GET or an unknown option. */
function isPlainSet(command: Command): boolean {
  for (let i = 3; i < command.length; ) {
    const words = SET_OPTIONS[String(command[i]).toUpperCase()]
    if (words === undefined) return false
    i += words
  }
  return command.length >= 3
}

/** `ZADD key score member …`, without options: the first word after the key is then a score. */
function isPlainZadd(command: Command): boolean {
  const score = String(command[2])
  return /^[+-]?(\d|\.|inf)/i.test(score) && command.length >= 4
}
