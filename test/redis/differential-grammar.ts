/**
 * Random commands for the differential test: mostly valid, on few keys, so that types and options
 * conflict, and with enough invalid ones that errors are compared too.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import fc from 'fast-check'

/** An instant relative to the current time of each side. */
export interface Instant {
  readonly offsetMs: number
  readonly unit: 'seconds' | 'milliseconds'
}

export type Word = string | Instant

/** One step of a sequence: a command, or time that passes. */
export type Step =
  | { readonly kind: 'command'; readonly words: readonly [string, ...Word[]] }
  | { readonly kind: 'advance'; readonly ms: number }

/** Commands of one run, and moments at which time passes. */
export const STEPS_A_RUN = 60

type Part = fc.Arbitrary<readonly Word[]>

const one = (...words: Word[]): Part => fc.constantFrom(...words).map((word) => [word])
const maybe = (part: Part): Part => fc.oneof(fc.constant([]), part)
const many = (part: Part, minLength: number, maxLength: number): Part =>
  fc.array(part, { minLength, maxLength }).map((parts) => parts.flat())
const all = (...parts: Part[]): Part => fc.tuple(...parts).map((words) => words.flat())

/** Options are matched in any case. */
const option = (...names: string[]): Part =>
  one(...names.flatMap((name) => [name, name.toLowerCase(), capitalize(name)]))

function capitalize(name: string): string {
  return name.charAt(0) + name.slice(1).toLowerCase()
}

/** One key a type, so that most commands meet their type, and some another. */
const KEYS = ['s', 's2', 'b', 'b2', 'h', 'h2', 'set', 'set2', 'z', 'z2', 'l', 'l2']
const keyOf = (...own: string[]): Part =>
  fc.oneof({ weight: 12, arbitrary: one(...own) }, { weight: 1, arbitrary: one(...KEYS) })
const anyKey = one(...KEYS)
const s = keyOf('s', 's2')
/** Strings whose bits are changed. */
const b = keyOf('b', 'b2', 's')
const h = keyOf('h', 'h2')
const set = keyOf('set', 'set2')
const z = keyOf('z', 'z2')
const l = keyOf('l', 'l2')
/**
 * Sorted sets whose members all have one score: only these have ranges by text. No other sorted set is
 * renamed to these keys.
 */
const lex = fc.oneof(
  { weight: 8, arbitrary: one('zl', 'zl2') },
  { weight: 1, arbitrary: one('n', 'f') },
)

const lua = "redis.call('RPUSH', 'n', '3') return redis.call('LRANGE', 'n', 0, -1)"
/** A script that both sides run: appends to a list and returns its contents. */
export const SCRIPT = { lua, sha1: createHash('sha1').update(lua).digest('hex') }

const BIG = '9223372036854775807'
const SMALL = '-9223372036854775808'
const value = one('', 'a', 'hello world', '0', '10', '-5', '1.5', '3.0e3', BIG, SMALL, ' 1', '01')
const member = one('', 'a', 'b', 'c', 'd', '1', '2', '-7', 'é', '日本', '😀', '\uE000', 'A', '\n')
const integer = fc.oneof(
  { weight: 8, arbitrary: one('0', '1', '2', '3', '-1', '-2', '-3', '10', '100', '-100') },
  { weight: 1, arbitrary: one(BIG, SMALL, 'abc', '', '1.0', '+1', '-0', '99999999999999999999') },
)
const small = fc.oneof(
  { weight: 8, arbitrary: one('0', '1', '2', '3', '-1', '-2', '-5', '40') },
  { weight: 1, arbitrary: one('abc', '', '1.0', '+1', '-0', '99999999999999999999') },
)
const float = fc.oneof(
  { weight: 8, arbitrary: one('0', '1', '-1', '0.5', '2.25', '-3.75', '1e2', '+4', '.5', '10.') },
  { weight: 1, arbitrary: one('abc', '', 'nan', '1e', '1 ', '--1') },
)
const score = fc.oneof(
  { weight: 8, arbitrary: one('0', '1', '-1', '0.5', '2.25', '1e2', '3', '4', 'inf', '-inf') },
  { weight: 1, arbitrary: one('+inf', 'Infinity', 'abc', '', 'nan', '1e', '--1') },
)
const scoreBound = fc.oneof(
  { weight: 8, arbitrary: one('-inf', '+inf', '0', '(1', '1', '2.25', '(3', '(-inf', '100', '') },
  { weight: 1, arbitrary: one('(', 'abc', '[1', '((1', 'nan') },
)
const lexBound = fc.oneof(
  { weight: 8, arbitrary: one('-', '+', '[a', '(a', '[c', '(d', '[', '(é', '[😀', '(\uE000') },
  { weight: 1, arbitrary: one('a', '', '(+', '--') },
)
const seconds = fc.oneof(
  { weight: 8, arbitrary: one('137', '1371', '5711') },
  { weight: 1, arbitrary: one('0', '-1', 'abc', BIG, '9223372036854775', SMALL) },
)
const millis = fc.oneof(
  { weight: 8, arbitrary: one('171000', '1713000', '7177000') },
  { weight: 1, arbitrary: one('0', '-1', 'abc', BIG, SMALL) },
)
const instantIn = (unit: Instant['unit'], ...offsetsMs: number[]): Part =>
  fc.oneof(
    { weight: 8, arbitrary: one(...offsetsMs.map((offsetMs) => ({ offsetMs, unit }))) },
    { weight: 1, arbitrary: one('0', '-1', '1', 'abc', BIG) },
  )
// No instant can be produced in two ways: the clocks of the two sides differ by milliseconds, so GT
// and LT would find equal instants different on one side only.
const secondsAt = instantIn('seconds', -5_000_000, 111_000, 1_151_000, 5_555_000)
const millisAt = instantIn('milliseconds', -5_000_000, 123_000, 1_283_000, 6_427_000)
const lifetime = fc.oneof(
  all(option('EX'), seconds),
  all(option('PX'), millis),
  all(option('EXAT'), secondsAt),
  all(option('PXAT'), millisAt),
)
const limit = all(option('LIMIT'), small, small)
const pattern = one('*', 'a*', '?', '[a-c]', '[^a]', '[a', '\\a', '*é*', '[\\]a]', 's?t', '', '**1')
const scanOptions = all(
  all(option('COUNT'), one('1000', '1000', '1000', 'abc', '0', '-1')),
  maybe(all(option('MATCH'), pattern)),
  maybe(one('NOVALUE', 'COUNT')),
)
const end = option('LEFT', 'RIGHT')
const bit = fc.oneof(
  { weight: 8, arbitrary: one('0', '1') },
  { weight: 1, arbitrary: one('2', '-1', 'abc', '') },
)
const bitOffset = fc.oneof(
  { weight: 12, arbitrary: one('0', '1', '5', '7', '8', '13', '23', '64', '100') },
  { weight: 1, arbitrary: one('-1', 'abc', '4294967296', BIG, '#1') },
)
const byteRange = all(integer, integer, maybe(option('BIT', 'BYTE', 'FOO')))
const width = fc.oneof(
  { weight: 12, arbitrary: one('u8', 'i8', 'u1', 'i5', 'u63', 'i64', 'u32', 'i16') },
  { weight: 1, arbitrary: one('u64', 'i65', 'i0', 'U8', 'u', '8', 'u08', '') },
)
const fieldOffset = fc.oneof(bitOffset, one('#0', '#1', '#3', '#-1', '#', '#abc'))
const operand = fc.oneof(integer, one('127', '-129', '255', '256', '4611686018427387904'))
const bitfieldGet = all(option('GET'), width, fieldOffset)
const bitfieldStep = fc.oneof(
  bitfieldGet,
  all(option('SET', 'INCRBY'), width, fieldOffset, operand),
  all(option('SET', 'INCRBY'), width, fieldOffset, operand),
  all(option('OVERFLOW'), option('WRAP', 'SAT', 'FAIL', 'FOO')),
)
/** A count and as many keys, except that the count is sometimes wrong. */
const counted = (key: Part): Part =>
  fc.oneof(
    { weight: 5, arbitrary: all(one('1'), key) },
    { weight: 5, arbitrary: all(one('2'), key, key) },
    { weight: 3, arbitrary: all(one('3'), key, key, key) },
    { weight: 1, arbitrary: all(one('0', '-1', 'abc', '3', BIG), key, key) },
  )
const scoredOrSet = keyOf('z', 'z2', 'set')
const weights = fc.oneof(
  all(option('WEIGHTS'), many(one('1', '2', '-1', '0.5', 'inf', '0'), 1, 3)),
  all(option('WEIGHTS'), one('abc')),
)
const aggregate = all(option('AGGREGATE'), option('SUM', 'MIN', 'MAX', 'FOO'))
const combination = all(counted(scoredOrSet), maybe(weights), maybe(aggregate))
const withScores = maybe(option('WITHSCORES', 'FOO'))
const popCount = all(option('COUNT', 'COUNT', 'FOO'), one('1', '2', '40', '0', '-1', 'abc'))
/** A list of numbers, or another value that can be sorted. */
const sortable = keyOf('n', 'n', 'l', 'set', 'z')
const starred = one('w*', 'w*', 'v*->f', '*', 'w*->')
const plain = one('nosort', '#', 'x', 'v->f')
const direction = option('ASC', 'DESC')
const sortOption = fc.oneof(
  direction,
  limit,
  all(option('GET'), fc.oneof(starred, plain)),
  maybe(option('FOO', 'BY')),
)
/** Avoids equal texts and unsorted sets, for which Redis does not define the order. */
const sorting = fc.oneof(
  all(sortable, many(fc.oneof(option('ALPHA'), sortOption), 0, 3)),
  all(one('n', 'l', 'z'), option('BY'), starred, many(sortOption, 0, 3)),
  all(one('n', 'zl'), option('BY'), plain, many(sortOption, 0, 3)),
)
/** Keys that a SORT uses. */
const weightKey = one('w1', 'w2', 'w3', 'w10')
const number = fc.oneof(
  { weight: 12, arbitrary: one('1', '2', '3', '10', '-1.5', 'inf', '') },
  { weight: 1, arbitrary: one('a', '1 ', ' 1', 'nan') },
)
/** Lua scripts with a twin, and invalid numbers of keys. */
const keyCount = one('0', '1', '2', '-1', 'abc', BIG)

/** The arguments of each command. */
const GRAMMAR: Readonly<Record<string, Part>> = {
  GET: s,
  SET: all(s, value, many(fc.oneof(lifetime, option('NX', 'XX', 'GET', 'KEEPTTL', 'FOO')), 0, 3)),
  SETEX: all(s, seconds, value),
  PSETEX: all(s, millis, value),
  SETNX: fc.oneof(all(s, value), all(one('f'), float)),
  MGET: many(anyKey, 1, 4),
  MSET: fc.oneof(many(all(anyKey, value), 1, 2), many(all(weightKey, number), 1, 3)),
  MSETNX: many(all(s, value), 1, 2),
  GETSET: all(s, value),
  GETDEL: keyOf('s', 's2', 'f'),
  GETEX: all(s, many(fc.oneof(lifetime, option('PERSIST', 'NX')), 0, 2)),
  APPEND: all(s, value),
  STRLEN: s,
  GETRANGE: all(s, integer, integer),
  SETRANGE: all(s, integer, value),
  INCR: s,
  DECR: s,
  INCRBY: all(s, integer),
  DECRBY: all(s, integer),
  // On a key and a field of their own: 80-bit floats differ from decimals on large numbers.
  INCRBYFLOAT: all(one('f'), fc.oneof(float, one('inf', '-inf'))),
  SUBSTR: all(s, integer, integer),
  LCS: all(
    keyOf('s', 's2', 'b'),
    keyOf('s', 's2', 'b'),
    many(fc.oneof(option('LEN', 'IDX', 'IDX', 'WITHMATCHLEN', 'FOO')), 0, 2),
    maybe(all(option('MINMATCHLEN'), small)),
  ),
  SETBIT: all(b, bitOffset, bit),
  GETBIT: all(b, bitOffset),
  BITCOUNT: all(b, maybe(byteRange), maybe(maybe(maybe(one('1'))))),
  BITPOS: all(b, bit, maybe(fc.oneof(integer, byteRange))),
  BITOP: all(option('AND', 'OR', 'XOR', 'NOT', 'FOO'), b, many(b, 1, 3)),
  BITFIELD: all(b, many(bitfieldStep, 0, 4), maybe(maybe(option('GET', 'SET', 'OVERFLOW')))),
  BITFIELD_RO: all(b, many(fc.oneof(bitfieldGet, bitfieldGet, bitfieldStep), 1, 2)),
  DEL: many(anyKey, 1, 2),
  UNLINK: anyKey,
  EXISTS: many(anyKey, 1, 3),
  TOUCH: many(anyKey, 1, 3),
  TYPE: anyKey,
  // GT and LT only with instants that are equal on both sides when they are on one.
  EXPIRE: all(anyKey, seconds, many(option('NX', 'XX', 'FOO'), 0, 2)),
  PEXPIRE: all(anyKey, millis, many(option('NX', 'XX'), 0, 2)),
  EXPIREAT: all(anyKey, secondsAt, many(option('NX', 'XX', 'GT', 'LT'), 0, 2)),
  PEXPIREAT: all(anyKey, millisAt, many(option('NX', 'XX', 'GT', 'LT'), 0, 2)),
  TTL: anyKey,
  PTTL: anyKey,
  EXPIRETIME: anyKey,
  PEXPIRETIME: anyKey,
  PERSIST: anyKey,
  RENAME: all(anyKey, anyKey),
  RENAMENX: all(anyKey, anyKey),
  COPY: all(anyKey, anyKey, many(option('REPLACE', 'FOO'), 0, 1)),
  RANDOMKEY: fc.constant([]),
  OBJECT: all(option('FREQ', 'IDLETIME', 'FOO'), anyKey, maybe(maybe(anyKey))),
  SORT: all(sorting, maybe(all(option('STORE'), one('l', 'l2')))),
  SORT_RO: sorting,
  KEYS: pattern,
  SCAN: all(
    one('0', '0', '0', 'abc', ''),
    scanOptions,
    maybe(all(option('TYPE'), one('string', 'hash', 'ZSET', 'nothing'))),
  ),
  HSET: all(h, many(all(member, value), 1, 3), maybe(maybe(member))),
  HMSET: all(h, many(all(member, value), 1, 2)),
  HSETNX: all(h, member, value),
  HGET: all(h, member),
  HMGET: all(h, many(member, 1, 3)),
  HGETALL: h,
  HDEL: all(h, many(member, 1, 3)),
  HEXISTS: all(h, member),
  HLEN: h,
  HKEYS: h,
  HVALS: h,
  HSTRLEN: all(h, member),
  HINCRBY: all(h, member, integer),
  HINCRBYFLOAT: all(h, one('f'), fc.oneof(float, one('inf', '-inf'))),
  HSCAN: all(h, one('0', '0', 'abc'), scanOptions),
  HRANDFIELD: all(h, one('40', '0', 'abc'), maybe(option('WITHVALUES', 'FOO'))),
  SADD: all(set, many(member, 1, 3)),
  SREM: all(set, many(member, 1, 3)),
  SMEMBERS: set,
  SISMEMBER: all(set, member),
  SMISMEMBER: all(set, many(member, 1, 3)),
  SCARD: set,
  SMOVE: all(set, set, member),
  SPOP: all(set, one('40', '0', '-1', 'abc'), maybe(maybe(member))),
  SRANDMEMBER: all(set, one('40', '0', 'abc'), maybe(maybe(member))),
  SINTER: many(set, 1, 3),
  SINTERSTORE: all(set, many(set, 1, 2)),
  SINTERCARD: all(one('1', '2', '0', '-1', 'abc'), set, set, maybe(all(option('LIMIT'), small))),
  SUNION: many(set, 1, 3),
  SUNIONSTORE: all(set, many(set, 1, 2)),
  SDIFF: many(set, 1, 3),
  SDIFFSTORE: all(set, many(set, 1, 2)),
  SSCAN: all(set, one('0', '0', 'abc'), scanOptions),
  ZADD: fc.oneof(
    {
      weight: 2,
      arbitrary: all(
        z,
        many(option('NX', 'XX', 'GT', 'LT', 'CH', 'INCR'), 0, 2),
        many(all(score, member), 1, 3),
        maybe(maybe(maybe(member))),
      ),
    },
    { weight: 1, arbitrary: all(lex, many(all(one('0'), member), 1, 4)) },
  ),
  ZINCRBY: all(z, score, member),
  ZSCORE: all(z, member),
  ZMSCORE: all(z, many(member, 1, 3)),
  ZCARD: z,
  ZREM: all(z, many(member, 1, 3)),
  ZRANK: all(z, member),
  ZREVRANK: all(z, member),
  ZRANGE: fc.oneof(
    all(z, small, small, many(option('REV', 'WITHSCORES', 'FOO'), 0, 2), maybe(maybe(limit))),
    all(
      z,
      scoreBound,
      scoreBound,
      option('BYSCORE'),
      many(option('REV', 'WITHSCORES'), 0, 2),
      maybe(limit),
    ),
    all(
      lex,
      lexBound,
      lexBound,
      option('BYLEX'),
      many(option('REV', 'WITHSCORES'), 0, 1),
      maybe(limit),
    ),
  ),
  ZREVRANGE: all(z, small, small, maybe(option('WITHSCORES', 'REV'))),
  ZRANGEBYSCORE: all(z, scoreBound, scoreBound, maybe(option('WITHSCORES', 'REV')), maybe(limit)),
  ZREVRANGEBYSCORE: all(z, scoreBound, scoreBound, maybe(option('WITHSCORES')), maybe(limit)),
  ZRANGEBYLEX: all(lex, lexBound, lexBound, maybe(limit)),
  ZREVRANGEBYLEX: all(lex, lexBound, lexBound, maybe(limit)),
  ZRANGESTORE: fc.oneof(
    all(z, z, small, small, maybe(option('REV', 'WITHSCORES'))),
    all(z, z, scoreBound, scoreBound, option('BYSCORE'), maybe(option('REV')), maybe(limit)),
  ),
  ZCOUNT: all(z, scoreBound, scoreBound),
  ZLEXCOUNT: all(lex, lexBound, lexBound),
  ZREMRANGEBYRANK: all(z, small, small),
  ZREMRANGEBYSCORE: all(z, scoreBound, scoreBound),
  ZREMRANGEBYLEX: all(lex, lexBound, lexBound),
  ZPOPMIN: all(z, maybe(small)),
  ZPOPMAX: all(z, maybe(small)),
  ZMPOP: all(counted(z), option('MIN', 'MAX', 'FOO'), many(popCount, 0, 2)),
  ZUNION: all(combination, withScores),
  ZUNIONSTORE: all(z, combination, maybe(withScores)),
  ZINTER: all(combination, withScores),
  ZINTERSTORE: all(z, combination),
  ZINTERCARD: all(counted(scoredOrSet), maybe(all(option('LIMIT'), small))),
  ZDIFF: all(counted(scoredOrSet), withScores, maybe(maybe(weights))),
  ZDIFFSTORE: all(z, counted(scoredOrSet)),
  ZRANDMEMBER: all(z, one('40', '0', 'abc'), maybe(option('WITHSCORES', 'FOO'))),
  ZSCAN: all(z, one('0', '0', 'abc'), scanOptions),
  LPUSH: all(l, many(member, 1, 3)),
  RPUSH: fc.oneof(all(l, many(member, 1, 3)), all(one('n'), many(number, 1, 3))),
  LPUSHX: all(l, many(member, 1, 2)),
  RPUSHX: all(l, many(member, 1, 2)),
  LPOP: all(l, maybe(small), maybe(maybe(maybe(small)))),
  RPOP: all(l, maybe(small)),
  LMPOP: all(counted(l), option('LEFT', 'RIGHT', 'FOO'), many(popCount, 0, 2)),
  LLEN: l,
  LRANGE: all(l, integer, integer),
  LINDEX: all(l, integer),
  LSET: all(l, small, member),
  LREM: all(l, small, member),
  LTRIM: all(l, small, small),
  LINSERT: all(l, option('BEFORE', 'AFTER', 'FOO'), member, member),
  LMOVE: all(l, l, end, fc.oneof(end, one('FOO'))),
  RPOPLPUSH: all(l, l),
  LPOS: all(
    l,
    member,
    many(all(option('RANK', 'COUNT', 'MAXLEN'), small), 0, 2),
    maybe(maybe(option('RANK', 'FOO'))),
  ),
  ECHO: value,
  PING: maybe(value),
  SELECT: one('0', '0', 'abc', '-1'),
  TIME: fc.constant([]),
  INFO: maybe(one('memory', 'KEYSPACE', 'nosuch')),
  DBSIZE: fc.constant([]),
  MEMORY: all(option('USAGE'), anyKey, maybe(all(option('SAMPLES'), one('0', '5', '-1', 'abc')))),
  // Without arguments they would leave nothing to compare.
  FLUSHALL: one('FOO', '1'),
  FLUSHDB: one('FOO', '1'),
  PUBLISH: all(value, value),
  PUBSUB: fc.oneof(
    all(option('CHANNELS'), maybe(pattern)),
    all(option('NUMSUB'), many(value, 0, 2)),
    option('NUMPAT', 'FOO'),
  ),
  EVAL: all(one(SCRIPT.lua), keyCount, many(one('n', 'l'), 0, 2)),
  EVAL_RO: all(one(SCRIPT.lua), keyCount, many(one('n', 'l'), 0, 2)),
  EVALSHA: all(one(SCRIPT.sha1, SCRIPT.sha1, 'abc'), keyCount, many(one('n', 'l'), 0, 2)),
  EVALSHA_RO: all(one(SCRIPT.sha1, 'abc'), keyCount, many(one('n', 'l'), 0, 2)),
  SCRIPT: fc.oneof(
    all(option('EXISTS'), many(one(SCRIPT.sha1, 'abc'), 0, 2)),
    all(option('LOAD'), one(SCRIPT.lua)),
    all(option('FLUSH', 'FOO'), one('FOO')),
  ),
  NOSUCH: many(value, 0, 3),
}

/** The commands that the grammar produces, to compare with those of the engine. */
export const GENERATED_COMMANDS: readonly string[] = Object.keys(GRAMMAR)

/** Valid commands that fill the keys of a family. */
const goodScore = one('0', '-0', '1', '-1', '0.5', '2.25', '3', 'inf')
const SETTERS: Readonly<Record<string, readonly [name: string, part: Part][]>> = {
  strings: [['SET', all(one('s', 's2'), value)]],
  bits: [
    ['SETRANGE', all(one('b', 'b2'), one('0', '3', '9'), member)],
    ['SETBIT', all(one('b', 'b2'), one('1', '5', '8', '13', '23', '64'), one('0', '1', '1'))],
  ],
  hashes: [['HSET', all(one('h', 'h2'), many(all(member, value), 2, 5))]],
  sets: [['SADD', all(one('set', 'set2'), many(member, 2, 6))]],
  zsets: [['ZADD', all(one('z', 'z2'), many(all(goodScore, member), 2, 6))]],
  texts: [['ZADD', all(one('zl', 'zl2'), many(all(one('0'), member), 2, 6))]],
  lists: [['RPUSH', all(one('l', 'l2'), many(member, 2, 6))]],
  sorting: [
    ['RPUSH', all(one('n'), many(one('1', '2', '3', '10', ''), 1, 3))],
    ['MSET', many(all(weightKey, one('1', '2', '-1.5', 'inf')), 1, 3)],
    ['HSET', all(one('v1', 'v2', 'v3'), one('f'), one('4', '5', 'x'))],
  ],
}

/** The commands that a run mostly uses, so that they often find existing keys. */
const FAMILIES: Readonly<Record<string, RegExp>> = {
  strings: /^(?:M?[GS]ET|P?SETEX|APPEND|STRLEN|.*RANGE$|INCR|DECR|SUBSTR|LCS)/,
  bits: /BIT|^(?:SETRANGE|GETRANGE|APPEND|STRLEN|LCS)$/,
  hashes: /^H/,
  sets: /^S(?!ET|UBSTR|TRLEN|ORT|CAN|ELECT|CRIPT)|^Z.*(?:UNION|INTER|DIFF)/,
  zsets: /^Z(?!.*LEX)/,
  texts: /^Z.*(?:LEX|RANGE|ADD|COUNT)/,
  lists: /^(?:L(?!CS)|R(?:PUSH|POP))/,
  sorting: /^SORT|^(?:MSET|RPUSH|LPUSH)$/,
}

function commandsNamed(pattern: RegExp): fc.Arbitrary<Step> {
  const named = Object.entries(GRAMMAR).filter(([name]) => pattern.test(name))
  return fc.oneof(...named.map(([name, part]) => step(name, part)))
}

function step(name: string, part: Part): fc.Arbitrary<Step> {
  return part.map((words): Step => ({ kind: 'command', words: [name, ...words] }))
}

const anyCommand = commandsNamed(/^/)
const advance: fc.Arbitrary<Step> = fc
  .constantFrom(200_000, 3_000_000)
  .map((ms) => ({ kind: 'advance', ms }))

const sequences = Object.entries(FAMILIES).map(([family, pattern]) =>
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.oneof(...(SETTERS[family] ?? []).map((one) => step(...one))) },
      { weight: 20, arbitrary: commandsNamed(pattern) },
      { weight: 12, arbitrary: anyCommand },
      { weight: 1, arbitrary: advance },
    ),
    { minLength: STEPS_A_RUN, maxLength: STEPS_A_RUN, size: 'max' },
  ),
)

/** Commands, with time passing now and then. Each run mostly uses one family. */
export const steps: fc.Arbitrary<Step[]> = fc.oneof(...sequences)
