import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { webPlatform } from '../../../../src/platform/web.ts'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'

const members = ['a', 'b', 'c', 'd', 'e']

describe.each([
  ['SRANDMEMBER', ['SADD', 'key', ...members]],
  ['SPOP', ['SADD', 'key', ...members]],
  ['HRANDFIELD', ['HSET', 'key', ...members.flatMap((member) => [member, '1'])]],
  ['ZRANDMEMBER', ['ZADD', 'key', ...members.flatMap((member) => ['1', member])]],
] as [string, [string, ...string[]]][])('%s', (name, filling) => {
  test('returns as many distinct members as requested', () => {
    fc.assert(
      fc.property(
        fc.nat(7),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (count, dice) => {
          const random = (): number => dice.next().value ?? 0
          const redis = new EmbeddedRedis({ platform: { ...webPlatform(), random } })
          redis.execute(filling)

          const drawn = redis.execute([name, 'key', count]).result as string[]

          expect(drawn).toHaveLength(Math.min(count, members.length))
          expect(new Set(drawn).size).toBe(drawn.length)
          expect(members).toEqual(expect.arrayContaining(drawn))
        },
      ),
    )
  })

  test('returns every member sooner or later', () => {
    const redis = new EmbeddedRedis()
    const seen = new Set<unknown>()
    for (let draw = 0; draw < 1_000; draw++) {
      redis.execute(filling)
      seen.add(redis.execute([name, 'key']).result)
    }
    expect([...seen].sort()).toEqual(members)
  })
})

describe('SRANDMEMBER', () => {
  test('returns as many members as a negative count requests, with repetitions', () => {
    const redis = new EmbeddedRedis()
    redis.execute(['SADD', 'key', 'a', 'b'])
    expect(redis.execute(['SRANDMEMBER', 'key', -20]).result).toHaveLength(20)
  })

  test('refuses a count that would exhaust memory', () => {
    const redis = new EmbeddedRedis()
    redis.execute(['SADD', 'key', 'a'])
    expect(redis.execute(['SRANDMEMBER', 'key', -1_000_000_000]).error).toBe(
      'ERR value is out of range',
    )
  })
})

describe('RANDOMKEY', () => {
  test('returns a key, or nil if there is none', () => {
    const redis = new EmbeddedRedis()
    expect(redis.execute(['RANDOMKEY']).result).toBeNull()
    redis.execute(['SET', 'key', 'value'])
    expect(redis.execute(['RANDOMKEY']).result).toBe('key')
  })

  test('skips keys that have expired, however many', () => {
    let now = 1_000
    const redis = new EmbeddedRedis({ platform: { ...webPlatform(), now: () => now } })
    for (let index = 0; index < 500; index++) redis.execute(['SET', `old:${index}`, '1', 'PX', 10])
    redis.execute(['SET', 'live', 'value'])
    now += 10
    for (let draw = 0; draw < 20; draw++) {
      expect(redis.execute(['RANDOMKEY']).result).toBe('live')
    }
  })
})
