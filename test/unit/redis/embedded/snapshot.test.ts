import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { SnapshotError } from '../../../../src/errors.ts'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'
import type { Command } from '../../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('', '\n', '+'))
const texts = fc.array(text, { minLength: 1, maxLength: 8 })
const score = fc.constantFrom('0', '-1.5', 'inf', '-inf', '1e300', '0.1')

/** Commands that leave a value of each kind under a key. */
const filling: fc.Arbitrary<Command[]> = fc.oneof(
  fc.tuple(text, text).map(([key, value]): Command[] => [['SET', key, value]]),
  fc
    .tuple(text, text, fc.integer({ min: 1, max: 10_000 }))
    .map(([key, value, ms]): Command[] => [['SET', key, value, 'PX', ms]]),
  fc.tuple(text, fc.nat(90)).map(([key, bit]): Command[] => [
    ['DEL', key],
    ['SETBIT', key, bit, 1],
    ['PEXPIRE', key, 2_000],
  ]),
  fc.tuple(text, texts).map(([key, all]): Command[] => [
    ['DEL', key],
    ['RPUSH', key, ...all],
  ]),
  fc.tuple(text, texts).map(([key, all]): Command[] => [
    ['DEL', key],
    ['SADD', key, ...all],
  ]),
  fc.tuple(text, texts, text).map(([key, all, value]): Command[] => [
    ['DEL', key],
    ['HSET', key, ...all.flatMap((field) => [field, value])],
  ]),
  fc.tuple(text, texts, score).map(([key, all, points]): Command[] => [
    ['DEL', key],
    ['ZADD', key, ...all.flatMap((member) => [points, member])],
  ]),
)

const DUMPS: Readonly<Record<string, (key: string) => Command>> = {
  string: (key) => ['BITFIELD_RO', key, ...[0, 1, 2, 5, 11].flatMap((i) => ['GET', 'i64', i * 8])],
  hash: (key) => ['HGETALL', key],
  set: (key) => ['SMEMBERS', key],
  zset: (key) => ['ZRANGE', key, 0, -1, 'WITHSCORES'],
  list: (key) => ['LRANGE', key, 0, -1],
}

function contents(redis: EmbeddedRedis): unknown[] {
  const keys = redis.execute(['KEYS', '*']).result as string[]
  return keys.map((key) => {
    const type = String(redis.execute(['TYPE', key]).result)
    const commands: Command[] = [['PTTL', key], DUMPS[type]?.(key) ?? ['GET', key]]
    return [key, type, ...commands.map((command) => redis.execute(command).result)]
  })
}

function joined(chunks: Iterable<Uint8Array>): Buffer {
  return Buffer.concat([...chunks])
}

describe('a snapshot of an engine', () => {
  let platform: ManualPlatform
  let redis: EmbeddedRedis
  let other: EmbeddedRedis

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = new EmbeddedRedis({ platform })
    other = new EmbeddedRedis({ platform })
  })

  test('restores every value, byte and expiry, with chunks of any length', () => {
    fc.assert(
      fc.property(
        fc.array(filling, { maxLength: 12 }),
        fc.integer({ min: 1, max: 300 }),
        (all, chunkBytes) => {
          redis.execute(['FLUSHALL'])
          for (const command of all.flat()) redis.execute(command)

          other.load(redis.dump({ chunkBytes }))

          expect(contents(other)).toEqual(contents(redis))
          expect(other.execute(['INFO', 'memory'])).toEqual(redis.execute(['INFO', 'memory']))
        },
      ),
    )
  })

  test('has chunks of the requested length', () => {
    redis.execute(['RPUSH', 'list', ...Array.from({ length: 5_000 }, (_, i) => `text ${i}`)])
    redis.execute(['SET', 'text', 'x'.repeat(10_000)])

    const chunks = [...redis.dump({ chunkBytes: 4_096 })]

    expect(new Set(chunks.slice(0, -1).map(({ length }) => length))).toEqual(new Set([4_096]))
    other.load(chunks)
    expect(contents(other)).toEqual(contents(redis))
  })

  test('omits expired keys, when it is taken and when it is loaded', async () => {
    redis.execute(['SET', 'first', 'a', 'PX', 1_000])
    redis.execute(['HSET', 'second', ...Array.from({ length: 4_000 }, (_, i) => `f${i}`)])
    redis.execute(['PEXPIRE', 'second', 2_000])
    redis.execute(['SET', 'third', 'c'])
    await platform.advance(1_000)
    const chunks = [...redis.dump()]
    expect(joined(chunks).toString()).not.toContain('first')

    await platform.advance(1_000)
    other.load(chunks)

    expect(other.execute(['KEYS', '*']).result).toEqual(['third'])
  })

  test('is loaded within the memory cap', () => {
    for (let i = 0; i < 100; i++) redis.execute(['SET', `key:${i}`, 'x'.repeat(1_000)])
    const small = new EmbeddedRedis({ platform, maxBytes: 20_000 })

    small.load(redis.dump())

    expect(small.execute(['DBSIZE']).result).toBeGreaterThan(10)
    expect(small.execute(['DBSIZE']).result).toBeLessThan(20)
  })

  test('replaces what the engine held', () => {
    other.execute(['SET', 'old', 'a'])
    other.load(redis.dump())
    expect(other.execute(['DBSIZE']).result).toBe(0)
  })

  test.each([
    ['nothing', '', 'foreign'],
    ['something else', 'REDIS0010\xfa\tredis-ver\n', 'foreign'],
    ['other JSON', '{"a":1}\n', 'foreign'],
    ['a long line of something else', 'x'.repeat(100_000), 'foreign'],
    ['a later version', '["nearcache-engine",2]\n["end",0,0]\n', 'version'],
    ['a first line alone', '["nearcache-engine",1]\n', 'damaged'],
    ['a key that is no text', '["nearcache-engine",1]\n["text",1,null,"a"]\n', 'damaged'],
    ['a type there is not', '["nearcache-engine",1]\n["stream","a",null,["a"]]\n', 'damaged'],
    ['a value that is a list', '["nearcache-engine",1]\n["text","a",null,["a"]]\n', 'damaged'],
    ['an odd pair', '["nearcache-engine",1]\n["hash","a",null,["a"]]\n', 'damaged'],
    ['a score that is none', '["nearcache-engine",1]\n["zset","a",null,["a","b"]]\n', 'damaged'],
    ['an expiry that is none', '["nearcache-engine",1]\n["text","a","b","c"]\n', 'damaged'],
    ['more of no collection', '["nearcache-engine",1]\n["+",["a"]]\n', 'damaged'],
  ])('is refused when it is %s', (_name, content, reason) => {
    other.execute(['SET', 'old', 'a'])

    expect(() => other.load([Buffer.from(content)])).toThrow(
      expect.objectContaining({ name: SnapshotError.name, reason }),
    )
    expect(other.execute(['GET', 'old']).result).toBe('a')
  })

  test('is closed by its reader also if its first line is refused', () => {
    let isClosed = false
    function* file(): Generator<Uint8Array> {
      try {
        yield Buffer.from('my thesis\n')
      } finally {
        isClosed = true
      }
    }

    expect(() => other.load(file())).toThrow(SnapshotError)
    expect(isClosed).toBe(true)
  })

  test('is refused if any byte of it was changed or its end is missing', () => {
    redis.execute(['HSET', 'hash', 'a', '1', 'b', '2'])
    redis.execute(['ZADD', 'zset', '1', 'a'])
    redis.execute(['SET', 'text', 'value', 'PX', 60_000])
    const whole = joined(redis.dump())

    for (let index = 0; index < whole.length; index++) {
      const changed = Buffer.from(whole)
      changed[index] = (whole[index] ?? 0) ^ 1
      expect(() => other.load([changed]), `byte ${index}`).toThrow(SnapshotError)
      expect(() => other.load([whole.subarray(0, index)]), `cut ${index}`).toThrow(SnapshotError)
    }
    expect(() => other.load([whole, Buffer.from('\n')])).toThrow(SnapshotError)
    expect(() => other.load([whole])).not.toThrow()
  })

  test.each([0, Number.NaN, Infinity])('refuses a chunk length of %d bytes', (chunkBytes) => {
    expect(() => redis.dump({ chunkBytes })).toThrow(
      expect.objectContaining({ option: 'chunkBytes' }),
    )
  })
})

describe('a listener to changes', () => {
  let platform: ManualPlatform
  let redis: EmbeddedRedis
  let told: number

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = new EmbeddedRedis({ platform })
    redis.execute(['SET', 'key', 'a', 'PX', 1_000])
    redis.execute(['SETBIT', 'bits', 1, 1])
    told = 0
    redis.onChange(() => told++)
  })

  test.each<[Command]>([
    [['SET', 'key', 'b']],
    [['DEL', 'key']],
    [['PEXPIRE', 'key', 5]],
    [['HSET', 'hash', 'a', 'b']],
    [['SETBIT', 'bits', 2, 1]],
    [['BITFIELD', 'bits', 'SET', 'u1', 3, 1]],
    [['FLUSHALL']],
  ])('is called for %j before the reply is returned', (command) => {
    redis.execute(command)
    expect(told).toBe(1)
  })

  test('is called once for a transaction, and for a load', () => {
    redis.transaction([
      ['INCR', 'counter'],
      ['INCR', 'counter'],
    ])
    expect(told).toBe(1)

    redis.load(redis.dump())
    expect(told).toBe(2)
  })

  test('is not called for reads, refused commands or expired keys', async () => {
    redis.execute(['GET', 'key'])
    redis.execute(['LPUSH', 'key', 'a'])
    redis.execute(['DEL', 'missing'])
    await platform.advance(1_000)
    redis.execute(['GET', 'key'])
    expect(redis.execute(['DBSIZE']).result).toBe(1)
    expect(told).toBe(0)
  })

  test('that throws is called again with each command: a repeated DEL is not acknowledged', () => {
    let isDiskFull = true
    redis.onChange(() => {
      if (isDiskFull) throw new Error('the disk is full')
    })
    expect(() => redis.execute(['DEL', 'key'])).toThrow('the disk is full')

    expect(() => redis.execute(['DEL', 'key'])).toThrow('the disk is full')
    isDiskFull = false
    expect(redis.execute(['GET', 'key'])).toEqual({ result: null })

    expect(told).toBe(3)
  })
})
