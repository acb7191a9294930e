/**
 * Which hash slot of a Redis Cluster a command belongs to.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'
import type { Outgoing } from './commands.ts'

/** Commands whose first argument is a key. */
const KEY_FIRST = wordsIn(
  `APPEND BITCOUNT BITFIELD BITFIELD_RO BITPOS COPY DECR DECRBY DEL DUMP EXISTS EXPIRE EXPIREAT
  EXPIRETIME GEOADD GEODIST GEOHASH GEOPOS GEOSEARCH GET GETBIT GETDEL GETEX GETRANGE GETSET HDEL HEXISTS
  HGET HGETALL HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HPEXPIRE HRANDFIELD HSCAN HSET HSETNX HSTRLEN
  HVALS INCR INCRBY INCRBYFLOAT LINDEX LINSERT LLEN LMOVE LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM
  MGET MSET MSETNX PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PFADD PFCOUNT PFMERGE PSETEX PTTL RENAME RENAMENX
  RESTORE RPOP RPOPLPUSH RPUSH RPUSHX SADD SCARD SDIFF SET SETBIT SETEX SETNX SETRANGE SINTER SISMEMBER
  SMEMBERS SMISMEMBER SMOVE SORT SORT_RO SPOP SRANDMEMBER SREM SSCAN STRLEN SUNION TOUCH TTL TYPE UNLINK
  XACK XADD XDEL XLEN XPENDING XRANGE XREVRANGE XTRIM ZADD ZCARD ZCOUNT ZINCRBY ZLEXCOUNT ZMSCORE ZPOPMAX
  ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK
  ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE`,
)

/** Commands that say how many keys they have, and then name them. */
const COUNTED = wordsIn('EVAL EVALSHA EVALSHA_RO EVAL_RO FCALL FCALL_RO')

/**
 * The slot of a command's first key, from 0 to 16383.
 *
 * @param encoding How keys become bytes.
 * @param prefix What the client puts before each key.
 * @returns `undefined` for a command without a key, and for one that is not known to have one.
 */
export function slotOf(
  { name, args }: Outgoing,
  encoding: 'utf8' | 'latin1',
  prefix = '',
): number | undefined {
  const first = COUNTED.has(name) && Number(args[1]) > 0 ? args[2] : undefined
  const key = KEY_FIRST.has(name) ? args[0] : first
  return key === undefined ? undefined : slotOfKey(`${prefix}${key}`, encoding)
}

/** What stands between the first brace and the next closing one is hashed, if anything does; else all. */
function slotOfKey(key: string, encoding: 'utf8' | 'latin1'): number {
  const [, tag] = /^[^{]*\{([^}]+)\}/.exec(key) ?? []
  let crc = 0
  for (const byte of Buffer.from(tag ?? key, encoding)) {
    crc ^= byte << 8
    // CRC-16/XMODEM, as the specification of Redis Cluster has it.
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % 16_384
}
