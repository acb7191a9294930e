import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { EVICTION_POLICIES } from '../../src/redis/embedded/eviction.ts'
import { CommandError, EmbeddedRedis } from '../../src/redis/embedded/index.ts'
import type { Command } from '../../src/redis/requester.ts'
import { ManualPlatform } from '../../src/testing/manual-platform.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

/** A linear congruential generator, so that both sides and every run see the same numbers. */
function numbersFrom(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * bound)
  }
}

describeWithRedis('EmbeddedRedis on chosen commands', () => {
  let server: RedisServer
  let client: Redis
  let engine: EmbeddedRedis

  beforeAll(async () => {
    server = await startRedisServer()
    client = new Redis(server.port, { protocol: 2 })
  })

  beforeEach(async () => {
    await client.flushall()
    engine = new EmbeddedRedis({ platform: new ManualPlatform() })
  })

  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  /** Sends commands to both sides and compares every answer. */
  async function compare(commands: readonly Command[]): Promise<void> {
    const pipeline = client.pipeline()
    for (const [name, ...args] of commands) pipeline.call(name, ...args)
    const answers = (await pipeline.exec()) ?? []
    for (const [index, command] of commands.entries()) {
      const [error, result] = answers[index] ?? []
      const expected = error ? { error: error.message } : { result }
      expect({ command, ...engine.execute(command) }).toEqual({ command, ...expected })
    }
  }

  test.each<[Command]>([
    [['nosuch']],
    [['nosuch', 'a', "it's", 'b\nc']],
    [['nosuch', 'x'.repeat(200), 'y']],
    [['no\r\nsuch', 'a']],
    [['GET']],
    [['get', 'a', 'b']],
    [['MSET', 'a', '1', 'b']],
    [['MSETNX', 'a', '1', 'b']],
    [['HSET', 'hash', 'a', '1', 'b']],
    [['HMSET', 'hash', 'a', '1', 'b']],
    [['INCRBYFLOAT', 'list', '1']],
    [['INCRBYFLOAT', 'list', 'abc']],
    [['INCRBYFLOAT', 'text', 'abc']],
    [['INCRBYFLOAT', 'text', 'inf']],
    [['INCRBYFLOAT', 'number', 'inf']],
    [['HINCRBYFLOAT', 'hash', 'a', '1']],
    [['HINCRBYFLOAT', 'list', 'a', 'abc']],
    [['HINCRBYFLOAT', 'list', 'a', '1']],
    [['HINCRBY', 'hash', 'a', '1']],
    [['DECRBY', 'text', '-9223372036854775808']],
    [['INCRBY', 'list', 'abc']],
    [['SUBSTR', 'text', '1', '2']],
    [['EXPIRE', 'text', '100', 'GT', 'LT']],
    [['EXPIRE', 'text', '100', 'nx', 'gt']],
    [['EXPIRE', 'text', '100', 'GT']],
    [['EXPIRE', 'text', '100', 'LT']],
    [['PEXPIRE', 'text', '100', 'bogus']],
    [['COPY', 'text', 'text']],
    [['COPY', 'text', 'other', 'DB', 'abc']],
    [['COPY', 'text', 'other', 'DB', '0']],
    [['RANDOMKEY', 'extra']],
    [['SET', 'text', 'a', 'EX']],
    [['SET', 'text', 'a', 'EX', '10', 'PX', '10']],
    [['SET', 'text', 'a', 'KEEPTTL', 'EX', '10']],
    [['SET', 'text', 'a', 'EX', '10', 'EX', '20']],
    [['SET', 'text', 'a', 'NX', 'XX']],
    [['SET', 'list', 'a', 'GET']],
    [['SETRANGE', 'text', '536870912', 'a']],
    [['SETRANGE', 'text', '9223372036854775807', 'a']],
    [['LPOS', 'list', 'a', 'RANK', '0']],
    [['LPOP', 'list', '1', '2']],
    [['LPOP', 'nothing', '1']],
    [['LPOP', 'nothing', '0']],
    [['SINTERCARD', '3', 'a', 'b']],
    [['ZADD', 'zset', 'INCR', 'CH', '-inf', 'a']],
    [['ZINCRBY', 'zset', '-inf', 'top']],
    [['ZRANGE', 'zset', '0', '-1', 'LIMIT', '1', '-1']],
    [['ZRANGE', 'zset', '0', '-1', 'LIMIT', '0', '1']],
    [['FLUSHALL', 'sync', 'async']],
    [['FLUSHDB', 'later']],
    [['PING', 'a', 'b']],
    [['ECHO']],
    [['SELECT', 'abc']],
    [['SELECT', '0']],
    [['PUBLISH', 'channel', 'message']],
    [['PUBSUB', 'CHANNELS']],
    [['PUBSUB', 'NUMSUB', 'a', 'b']],
    [['PUBSUB', 'NUMPAT']],
    [['PUBSUB', 'NOSUCH']],
    [['SCRIPT', 'NOSUCH']],
    [['SCRIPT', 'LOAD']],
    [['SCRIPT', 'EXISTS']],
    [['SCRIPT', 'EXISTS', 'abc', 'def']],
    [['SCRIPT', 'FLUSH', 'sync']],
    [['SCRIPT', 'FLUSH', 'later']],
    [['EVAL', 'return 1']],
    [['EVAL', 'return 1', 'abc']],
    [['EVAL', 'return 1', '-1']],
    [['EVAL', 'return 1', '2', 'a']],
    [['EVALSHA', 'abc', '0']],
    [['EVALSHA', 'a'.repeat(40), '1']],
    [['MEMORY', 'USAGE', 'nothing']],
    [['MEMORY', 'NOSUCH']],
  ])('answers %j like Redis', async (command) => {
    await compare([
      ['SET', 'text', 'hello'],
      ['SET', 'number', '10'],
      ['HSET', 'hash', 'a', 'text'],
      ['RPUSH', 'list', 'a', 'b', 'a'],
      ['ZADD', 'zset', 'inf', 'top'],
      command,
      ['TTL', 'text'],
      ['GET', 'text'],
    ])
  })

  test.each([
    ['0.1', '0.2'],
    ['3.0e3', '200'],
    ['5.0', '1.25'],
    ['-0.5', '0.5'],
    ['1e-5', '1e-10'],
    ['99.99', '0.01'],
    ['12.3', '-45.6'],
  ])('prints the sum of %s and %s like Redis', async (left, right) => {
    await compare([
      ['SET', 'float', left],
      ['INCRBYFLOAT', 'float', right],
      ['GET', 'float'],
      ['HSET', 'hash', 'field', left],
      ['HINCRBYFLOAT', 'hash', 'field', right],
    ])
  })

  test('has the eviction policies of Redis, by name', async () => {
    const refusal = await client.config('SET', 'maxmemory-policy', 'nosuch').catch(String)

    const theirs = /following: ([\w, -]+)/.exec(String(refusal))?.[1]?.split(', ') ?? []
    expect([...EVICTION_POLICIES].sort()).toEqual(theirs.sort())
  })

  test('empties the database', async () => {
    await compare([
      ['SET', 'key', 'a'],
      ['FLUSHALL'],
      ['DBSIZE'],
      ['SET', 'key', 'b', 'PX', 100_000],
      ['FLUSHDB', 'async'],
      ['GET', 'key'],
    ])
  })

  test('distinguishes commands that count as use from those that do not', async () => {
    const platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform, evictionPolicy: 'allkeys-lfu' })
    await client.config('SET', 'maxmemory-policy', 'allkeys-lfu')
    await compare([
      ['SET', 'key', 'a'],
      ['OBJECT', 'FREQ', 'key'],
      ['OBJECT', 'IDLETIME', 'key'],
      ['OBJECT', 'FREQ', 'missing'],
    ])
    await client.config('SET', 'maxmemory-policy', 'noeviction')

    engine = new EmbeddedRedis({ platform })
    engine.execute(['SET', 'key', 'a'])
    await platform.advance(65_000)
    expect(engine.execute(['OBJECT', 'IDLETIME', 'key'])).toEqual({ result: 65 })
    engine.execute(['GET', 'key'])
    expect(engine.execute(['OBJECT', 'IDLETIME', 'key'])).toEqual({ result: 0 })
  })

  test('cuts and patches text by bytes of UTF-8', async () => {
    await compare([
      ['SET', 'text', 'aé日😀z'],
      ['STRLEN', 'text'],
      ['GETRANGE', 'text', 1, 2],
      ['GETRANGE', 'text', 3, -6],
      ['GETRANGE', 'text', -5, -2],
      ['GETRANGE', 'text', -100, 100],
      ['SETRANGE', 'text', 3, 'xyz'],
      ['GET', 'text'],
      ['SETRANGE', 'text', 13, 'ü'],
      ['GET', 'text'],
      ['APPEND', 'text', '日'],
      ['HSET', 'hash', 'é', '日本'],
      ['HSTRLEN', 'hash', 'é'],
    ])
  })

  test('saturates bit fields like Redis, which saturates the lowest integer upwards', async () => {
    const lowest = -(2n ** 63n)
    const numbers = [lowest, lowest + 1n, lowest + 15n, lowest + 16n, -17n, 16n]

    await compare(
      ['i5', 'u5', 'i63', 'i64'].flatMap((type) =>
        numbers.flatMap((number): Command[] => [
          [
            'BITFIELD',
            'b',
            'SET',
            type,
            '7',
            '-3',
            'OVERFLOW',
            'SAT',
            'SET',
            type,
            '7',
            `${number}`,
          ],
          ['BITFIELD', 'b', 'GET', type, '7', 'SET', type, '7', '-3'],
          ['BITFIELD', 'b', 'OVERFLOW', 'SAT', 'INCRBY', type, '7', `${number}`],
          ['GET', 'b'],
          ['DEL', 'b'],
        ]),
      ),
    )
  })

  test('keeps thousands of sorted-set members in the order of Redis', async () => {
    const draw = numbersFrom(7)
    const commands: Command[] = []
    for (let index = 0; index < 8_000; index++) {
      // First more members are added than removed, then the reverse, so that chunks are split, then joined.
      const isArrival = draw(10) < (index < 4_000 ? 8 : 2)
      const member = `m${draw(3_000)}`
      commands.push(isArrival ? ['ZADD', 'z', draw(500), member] : ['ZREM', 'z', member])
      if (index % 20 === 0) {
        const low = draw(500)
        commands.push(
          ['ZRANK', 'z', member],
          ['ZREVRANK', 'z', member],
          ['ZCOUNT', 'z', low, low + draw(200)],
          ['ZRANGE', 'z', draw(2_000), draw(2_000)],
          ['ZRANGE', 'z', low + 50, `(${low}`, 'BYSCORE', 'REV', 'LIMIT', draw(5), 20],
        )
      }
    }
    commands.push(['ZPOPMIN', 'z', 50], ['ZPOPMAX', 'z', 50], ['ZRANGE', 'z', 0, -1, 'WITHSCORES'])
    commands.push(['ZREMRANGEBYRANK', 'z', 100, -100], ['ZRANGE', 'z', 0, -1])

    await compare(commands)
  })

  test('keeps a list of thousands of items like Redis', async () => {
    const draw = numbersFrom(11)
    const makers: ((text: string) => Command)[] = [
      (text) => ['LPUSH', 'l', text],
      (text) => ['RPUSH', 'l', text, text],
      () => ['LPOP', 'l'],
      () => ['RPOP', 'l', 2],
      (text) => ['LINSERT', 'l', 'AFTER', `v${draw(200)}`, text],
      (text) => ['LREM', 'l', draw(3) - 1, text],
      (text) => ['LSET', 'l', draw(400) - 200, text],
      () => ['LMOVE', 'l', 'l', 'RIGHT', 'LEFT'],
      (text) => ['LPOS', 'l', text, 'RANK', -1],
      () => ['LINDEX', 'l', draw(400) - 200],
      () => ['LRANGE', 'l', draw(100), draw(300)],
    ]
    const commands: Command[] = [['RPUSH', 'l', ...Array.from({ length: 500 }, (_, i) => `v${i}`)]]
    for (let index = 0; index < 3_000; index++) {
      const maker = makers[draw(makers.length)]
      if (maker) commands.push(maker(`v${draw(200)}`))
    }
    commands.push(['LTRIM', 'l', 10, -10], ['LRANGE', 'l', 0, -1])

    await compare(commands)
  })

  test('a twin gives the same answers as its Lua source', async () => {
    const source = `
      if ARGV[1] == 'fail' then return redis.error_reply('CUSTOM no') end
      redis.call('HSET', KEYS[1], 'count', ARGV[1])
      local kept = redis.call('HMGET', KEYS[1], 'count', 'missing')
      redis.call('INCR', KEYS[2])
      return { kept[1], kept[2], redis.call('HINCRBY', KEYS[1], 'count', 5), redis.call('TTL', KEYS[1]) }`
    const sha1 = String(await client.call('SCRIPT', 'LOAD', source))
    engine = new EmbeddedRedis({
      platform: new ManualPlatform(),
      twins: [
        {
          sha1,
          run(call, [hash = '', counter = ''], [count = '']) {
            if (count === 'fail') throw new CommandError('CUSTOM no')
            call('HSET', hash, 'count', count)
            const kept = call('HMGET', hash, 'count', 'missing') as (string | null)[]
            call('INCR', counter)
            return [...kept, call('HINCRBY', hash, 'count', 5), call('TTL', hash)]
          },
        },
      ],
    })

    await compare([
      ['EVAL', source, 2, 'hash', 'counter', 10],
      ['EVALSHA', sha1, 2, 'hash', 'counter', 20],
      ['EVALSHA', sha1.toUpperCase(), 2, 'hash', 'counter', 30],
      ['EVALSHA', sha1, 2, 'hash', 'counter', 'fail'],
      ['SCRIPT', 'EXISTS', sha1, 'abc'],
      ['SCRIPT', 'LOAD', source],
      ['SET', 'counter', 'text'],
    ])
    const [error] = (await client
      .pipeline()
      .call('EVALSHA', sha1, 2, 'hash', 'counter', 1)
      .exec()
      .then((answers) => answers?.[0])) ?? [undefined]
    const ours = engine.execute(['EVALSHA', sha1, 2, 'hash', 'counter', 1]).error
    expect(ours).toBe(`ERR value is not an integer or out of range script: ${sha1}`)
    expect(error?.message).toContain(ours)
    await compare([['HGETALL', 'hash']])
  })
})
