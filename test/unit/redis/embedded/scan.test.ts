import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'

const KEEPERS = Array.from({ length: 50 }, (_, index) => `keeper:${index}`)

/** How to call each scan, and how to add and remove a member. */
const SCANS = {
  SCAN: { prefix: [], add: (m: string) => ['SET', m, '1'], remove: (m: string) => ['DEL', m] },
  HSCAN: {
    prefix: ['key'],
    add: (m: string) => ['HSET', 'key', m, '1'],
    remove: (m: string) => ['HDEL', 'key', m],
  },
  SSCAN: {
    prefix: ['key'],
    add: (m: string) => ['SADD', 'key', m],
    remove: (m: string) => ['SREM', 'key', m],
  },
  ZSCAN: {
    prefix: ['key'],
    add: (m: string) => ['ZADD', 'key', '1', m],
    remove: (m: string) => ['ZREM', 'key', m],
  },
} as const

describe.each(Object.entries(SCANS))('%s', (name, { prefix, add, remove }) => {
  const run = (redis: EmbeddedRedis, [first = '', ...rest]: readonly string[]): unknown =>
    redis.execute([first, ...rest]).result

  test('returns every member that exists throughout, while others are added and removed', () => {
    const change = fc.record({ isRemoval: fc.boolean(), which: fc.nat(80) })
    const changes = fc.array(fc.array(change, { maxLength: 12 }), { minLength: 5, maxLength: 40 })
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 7 }), (rounds, count) => {
        const redis = new EmbeddedRedis()
        for (let index = 0; index < 30; index++) run(redis, add(`passing:${index}`))
        for (const keeper of KEEPERS) run(redis, add(keeper))
        for (let index = 30; index < 60; index++) run(redis, add(`passing:${index}`))

        const seen = new Set<string>()
        let cursor = '0'
        let round = 0
        do {
          const step = [name, ...prefix, cursor, 'COUNT', String(count)]
          const [next, found] = run(redis, step) as [string, string[]]
          for (const member of found) seen.add(member)
          cursor = next
          for (const { isRemoval, which } of rounds[round++ % rounds.length] ?? []) {
            run(redis, isRemoval ? remove(`passing:${which}`) : add(`passing:${which}`))
          }
        } while (cursor !== '0')

        expect(KEEPERS.filter((keeper) => !seen.has(keeper))).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  test('returns only matching members, and ends with cursor 0', () => {
    const redis = new EmbeddedRedis()
    for (const keeper of KEEPERS) run(redis, add(keeper))

    const step = [name, ...prefix, '0', 'match', '*:1?', 'count', '100']
    const [cursor, found] = run(redis, step) as [string, string[]]

    expect(cursor).toBe('0')
    expect(found.filter((member) => member.startsWith('keeper')).sort()).toEqual(
      KEEPERS.slice(10, 20),
    )
  })
})

describe('SCAN', () => {
  test('returns only keys of the requested type', () => {
    const redis = new EmbeddedRedis()
    redis.execute(['SET', 'text', '1'])
    redis.execute(['HSET', 'hash', 'a', '1'])

    expect(redis.execute(['SCAN', '0', 'TYPE', 'hash']).result).toEqual(['0', ['hash']])
  })
})
