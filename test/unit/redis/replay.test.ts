import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isReadOnly, isReplaySafe } from '../../../src/redis/replay.ts'
import type { Argument, Command } from '../../../src/redis/requester.ts'

const OURS = "return redis.call('GET', KEYS[1]) -- ü"
const sha1 = createHash('sha1').update(OURS).digest('hex')
const ours = new Map([[sha1, OURS]])

describe('isReplaySafe', () => {
  test.each<Command>([
    ['GET', 'k'],
    ['get', 'k'],
    ['MGET', 'a', 'b'],
    ['EXISTS', 'k'],
    ['ZRANGE', 'z', 0, -1],
    ['SCAN', 0],
    ['DEL', 'a', 'b'],
    ['UNLINK', 'a'],
    ['EXPIRE', 'k', 10],
    ['PEXPIREAT', 'k', 1_767_225_600_000],
    ['SET', 'k', 'v'],
    ['SET', 'k', 'v', 'PX', 50],
    ['set', 'k', 'v', 'ex', 50, 'xx'],
    ['SET', 'k', 'v', 'KEEPTTL'],
    ['SETEX', 'k', 10, 'v'],
    ['HSET', 'h', 'f', 'v'],
    ['ZADD', 'z', 1.5, 'm'],
    ['ZADD', 'z', '-inf', 'm', 2, 'n'],
    ['EVALSHA', sha1, 1, 'k'],
    ['evalsha', sha1.toUpperCase(), 1, 'k'],
    ['EVAL', OURS, 1, 'k'],
    ['SCRIPT', 'LOAD', 'return 1'],
    ['SCRIPT', 'EXISTS', sha1],
  ])('is true of %s %s …', (...command) => {
    expect(isReplaySafe(command as [string, ...Argument[]], ours)).toBe(true)
  })

  test.each<Command>([
    ['INCR', 'k'],
    ['HINCRBY', 'h', 'f', 1],
    ['APPEND', 'k', 'v'],
    ['LPUSH', 'l', 'v'],
    ['SETNX', 'k', 'v'],
    ['HSETNX', 'h', 'f', 'v'],
    ['GETDEL', 'k'],
    ['GETSET', 'k', 'v'],
    ['SADD', 's', 'm'],
    ['SPOP', 's'],
    ['PUBLISH', 'c', 'm'],
    ['SET', 'k', 'v', 'NX'],
    ['SET', 'k', 'v', 'PX', 50, 'nx'],
    ['SET', 'k', 'v', 'GET'],
    ['SET', 'k', 'v', 'IFEQ', 'w'],
    ['SET', 'k'],
    ['ZADD', 'z', 'INCR', 1, 'm'],
    ['ZADD', 'z', 'NX', 1, 'm'],
    ['EVALSHA', 'f'.repeat(40), 1, 'k'],
    ['EVAL', `${OURS} `, 1, 'k'],
    ['EVAL', sha1, 1, 'k'],
    ['SCRIPT', 'FLUSH'],
    ['FLUSHALL'],
    ['NOSUCHCOMMAND'],
    ['constructor'],
  ])('is false of %s %s …', (...command) => {
    expect(isReplaySafe(command as [string, ...Argument[]], ours)).toBe(false)
  })

  test('does not mistake a value for an option', () => {
    expect(isReplaySafe(['SET', 'NX', 'GET', 'EX', 5], ours)).toBe(true)
    expect(isReplaySafe(['SET', 'k', 'v', 'EX', 'NX'], ours)).toBe(true)
  })
})

describe('isReadOnly', () => {
  test('distinguishes reads from writes, in upper and lower case', () => {
    expect(isReadOnly(['mget', 'a'])).toBe(true)
    expect(isReadOnly(['SCRIPT', 'EXISTS', sha1])).toBe(true)
    expect(isReadOnly(['DEL', 'a'])).toBe(false)
    expect(isReadOnly(['GETEX', 'a', 'PX', 1])).toBe(false)
    expect(isReadOnly(['EVALSHA', sha1, 0])).toBe(false)
  })
})
