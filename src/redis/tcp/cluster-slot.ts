/**
 * Computes the hash slot of a command in a Redis Cluster.
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

/** Commands that state the number of their keys before the keys. */
const COUNTED = wordsIn('EVAL EVALSHA EVALSHA_RO EVAL_RO FCALL FCALL_RO')

/**
 * The slot of a command's first key, from 0 to 16383.
 *
 * @param encoding How keys become bytes.
 * @param prefix The prefix that the client adds to each key.
 * @returns `undefined` for a command without a key, or with a name that is not in the lists above.
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

/** If there is text between the first `{` and the next `}`, only that text is hashed, otherwise the whole key. */
function slotOfKey(key: string, encoding: 'utf8' | 'latin1'): number {
  const [, tag] = /^[^{]*\{([^}]+)\}/.exec(key) ?? []
  let crc = 0
  for (const byte of Buffer.from(tag ?? key, encoding)) {
    crc ^= byte << 8
    // CRC-16/XMODEM, as in the specification of Redis Cluster.
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % 16_384
}
