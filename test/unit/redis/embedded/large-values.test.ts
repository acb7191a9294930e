import { describe, expect, test } from 'vitest'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'
import { cpuTimeOf } from '../../../support/cpu-time.ts'

describe('EmbeddedRedis with large values', () => {
  test.each([
    ['ZRANGEBYSCORE', '-inf', '+inf'],
    ['ZREVRANGEBYSCORE', '+inf', '-inf'],
  ])('%s with LIMIT takes no longer for a larger set', (name, first, last) => {
    const redis = new EmbeddedRedis()
    const members = Array.from({ length: 100_000 }, (_, i) => [i, `m${i}`]).flat()
    redis.execute(['ZADD', 'set', ...members])

    const ms = cpuTimeOf(() => {
      for (let i = 0; i < 1_000; i++) {
        redis.execute([name, 'set', first, last, 'LIMIT', 5, 10])
      }
    })

    expect(redis.execute([name, 'set', first, last, 'LIMIT', 5, 10]).result).toHaveLength(10)
    expect(ms).toBeLessThan(500)
  })

  test('APPEND takes time in proportion to its own text, not to the string', () => {
    const redis = new EmbeddedRedis()
    const line = 'x'.repeat(50)

    const ms = cpuTimeOf(() => {
      for (let i = 0; i < 10_000; i++) redis.execute(['APPEND', 'log', line])
    })

    expect(redis.execute(['APPEND', 'log', 'é']).result).toBe(500_002)
    expect(redis.execute(['STRLEN', 'log']).result).toBe(500_002)
    expect(ms).toBeLessThan(2_000)
  })

  test.each<[string, (redis: EmbeddedRedis) => void]>([
    ['SET', (redis) => redis.execute(['SET', 'text', 'éé'])],
    ['SETRANGE', (redis) => redis.execute(['SETRANGE', 'text', 9, 'é'])],
    ['SETBIT', (redis) => redis.execute(['SETBIT', 'text', 99, 1])],
    [
      'RENAME',
      (redis) =>
        redis.transaction([
          ['SET', 'other', 'é'],
          ['RENAME', 'other', 'text'],
        ]),
    ],
    ['DEL', (redis) => redis.execute(['DEL', 'text'])],
  ])('APPEND returns the length also after %s', (_name, change) => {
    const redis = new EmbeddedRedis()
    redis.execute(['APPEND', 'text', 'ab'])
    redis.execute(['APPEND', 'text', 'c'])
    change(redis)

    const { result } = redis.execute(['APPEND', 'text', 'z'])

    expect(result).toBe(redis.execute(['STRLEN', 'text']).result)
  })

  test('APPEND counts the two halves of a character as the four bytes they are together', () => {
    const redis = new EmbeddedRedis()

    expect(redis.execute(['APPEND', 'text', 'a\ud83d']).result).toBe(4)
    expect(redis.execute(['APPEND', 'text', '\udd8a']).result).toBe(5)
  })
})
