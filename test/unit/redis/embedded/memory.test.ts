import { describe, expect, test } from 'vitest'
import { EVICTION_POLICIES } from '../../../../src/redis/embedded/eviction.ts'
import { type EmbeddedOptions, EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'
import type { Command } from '../../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'

const KILOBYTE = 'x'.repeat(1_000)

/** Random numbers that visit every position of a small sample in turn. */
function turningDice(): () => number {
  let turn = 0
  return () => ((turn++ * 7) % 101) / 101
}

function engine(options: EmbeddedOptions = {}): EmbeddedRedis {
  const platform = new ManualPlatform({ random: turningDice() })
  return new EmbeddedRedis({ platform, maxBytes: 20_000, ...options })
}

function usedMemory(redis: EmbeddedRedis): number {
  const info = String(redis.execute(['INFO', 'memory']).result)
  return Number(/used_memory:(\d+)/.exec(info)?.[1])
}

function fill(redis: EmbeddedRedis, count: number, ...options: string[]): void {
  for (let index = 0; index < count; index++) {
    redis.execute(['SET', `key:${index}`, KILOBYTE, ...options])
  }
}

describe('EmbeddedRedis and memory', () => {
  test('exceeds its cap by at most the last value', () => {
    const redis = engine()
    fill(redis, 200)
    expect(usedMemory(redis)).toBeLessThan(20_000 + 1_200)
    expect(redis.execute(['DBSIZE']).result).toBeGreaterThan(10)
  })

  test('uses zero bytes again after values of every kind are deleted', () => {
    const redis = engine()
    const commands: Command[] = [
      ['SET', 's', KILOBYTE, 'EX', 10],
      ['APPEND', 's', 'more'],
      ['SET', 's', 'less'],
      ['HSET', 'h', 'a', '1', 'b', '2'],
      ['HSET', 'h', 'a', KILOBYTE],
      ['HINCRBY', 'h', 'b', 1_000],
      ['SADD', 'set', 'a', 'b', 'a'],
      ['ZADD', 'z', 1, 'a', 2, 'b', 3, 'a'],
      ['RPUSH', 'l', 'a', 'bb', 'ccc'],
      ['LSET', 'l', 0, KILOBYTE],
      ['LINSERT', 'l', 'BEFORE', 'bb', 'x'],
      ['COPY', 'z', 'z2'],
      ['SPOP', 'set'],
      ['HDEL', 'h', 'a', 'b'],
      ['ZPOPMIN', 'z', 5],
      ['LREM', 'l', 0, 'x'],
      ['LTRIM', 'l', 1, 1],
      ['LPOP', 'l'],
      ['RENAME', 's', 'a much longer name'],
      ['DEL', 'a much longer name', 'set', 'z2'],
    ]
    for (const command of commands) expect(redis.execute(command)).not.toHaveProperty('error')
    expect(usedMemory(redis)).toBe(0)
  })

  test('under noeviction refuses commands that need memory, and still reads and deletes', () => {
    const redis = engine({ evictionPolicy: 'noeviction' })
    fill(redis, 100)

    const oom = { error: "OOM command not allowed when used memory > 'maxmemory'." }
    expect(redis.execute(['SET', 'another', 'a'])).toEqual(oom)
    expect(redis.execute(['RPUSH', 'list', 'a'])).toEqual(oom)
    expect(redis.execute(['GET', 'key:0'])).toEqual({ result: KILOBYTE })
    expect(redis.execute(['EXPIRE', 'key:0', 10])).toEqual({ result: 1 })
    for (let index = 0; index < 5; index++) redis.execute(['DEL', `key:${index}`])
    expect(redis.execute(['SET', 'another', 'a'])).toEqual({ result: 'OK' })
  })

  test('under allkeys-lru a recently used key stays', () => {
    const redis = engine()
    redis.execute(['SET', 'used', KILOBYTE])
    for (let index = 0; index < 200; index++) {
      redis.execute(['GET', 'used'])
      redis.execute(['SET', `key:${index}`, KILOBYTE])
    }
    expect(redis.execute(['GET', 'used']).result).toBe(KILOBYTE)
  })

  test('under allkeys-lfu a key that was used often survives those used once', () => {
    const redis = engine({ evictionPolicy: 'allkeys-lfu' })
    redis.execute(['SET', 'used', KILOBYTE])
    for (let index = 0; index < 100; index++) redis.execute(['GET', 'used'])
    fill(redis, 60)
    expect(redis.execute(['GET', 'used']).result).toBe(KILOBYTE)
  })

  test.each(['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'] as const)(
    'under %s only keys with an expiry are evicted',
    (evictionPolicy) => {
      const redis = engine({ evictionPolicy })
      redis.execute(['SET', 'kept', KILOBYTE])
      fill(redis, 100, 'EX', '100')
      expect(redis.execute(['GET', 'kept']).result).toBe(KILOBYTE)
      expect(usedMemory(redis)).toBeLessThan(20_000 + 1_200)
    },
  )

  test.each(EVICTION_POLICIES)(
    'under %s keeps the same keys, given the same commands, clock and random numbers',
    async (evictionPolicy) => {
      const held: unknown[] = []
      for (let run = 0; run < 2; run++) {
        const platform = new ManualPlatform({ random: turningDice() })
        const redis = new EmbeddedRedis({ platform, maxBytes: 20_000, evictionPolicy })
        for (let index = 0; index < 300; index++) {
          const life = index % 3 === 0 ? ['PX', 5_000 + index] : []
          redis.execute(['SET', `key:${(index * 7) % 60}`, KILOBYTE.slice(index), ...life])
          redis.execute(['GET', `key:${index % 5}`])
          if (index % 60 === 0) await platform.advance(1_500)
        }
        held.push(redis.execute(['KEYS', '*']).result)
        expect(usedMemory(redis)).toBeLessThan(20_000 + 1_200)
      }
      expect(held[0]).toEqual(held[1])
      expect(held[0]).not.toHaveLength(60)
    },
  )

  test('under volatile-ttl the key that expires first is evicted first', () => {
    const redis = engine({ evictionPolicy: 'volatile-ttl' })
    redis.execute(['SET', 'late', KILOBYTE, 'EX', 1_000])
    fill(redis, 100, 'EX', '10')
    expect(redis.execute(['GET', 'late']).result).toBe(KILOBYTE)
  })

  test('under a volatile policy without keys that expire, writes are refused', () => {
    const redis = engine({ evictionPolicy: 'volatile-lru' })
    fill(redis, 100)
    expect(redis.execute(['SET', 'another', 'a']).error).toMatch(/^OOM /)
  })

  test('a string longer than the cap is refused before memory is allocated', () => {
    const redis = engine()
    expect(redis.execute(['SETRANGE', 'key', 500_000_000, 'a']).error).toBe(
      'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
    )
  })

  test.each([
    ['maxBytes', { maxBytes: 0 }],
    ['maxBytes', { maxBytes: Number.NaN }],
    ['evictionPolicy', { evictionPolicy: 'newest' as 'noeviction' }],
  ])('rejects a bad %s', (option, options) => {
    expect(() => new EmbeddedRedis(options)).toThrow(expect.objectContaining({ option }))
  })
})
