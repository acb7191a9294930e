import { beforeEach, describe, expect, test } from 'vitest'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'
import type { Argument, Reply } from '../../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'

describe('EmbeddedRedis and time', () => {
  let platform: ManualPlatform
  let redis: EmbeddedRedis

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = new EmbeddedRedis({ platform })
  })

  function run(name: string, ...args: Argument[]): Reply | undefined {
    const { result, error } = redis.execute([name, ...args])
    if (error !== undefined) throw new Error(error)
    return result
  }

  test('a key exists until exactly the millisecond at which it expires', async () => {
    run('SET', 'key', 'value', 'PX', 100)

    await platform.advance(99)
    expect(run('GET', 'key')).toBe('value')
    expect(run('PTTL', 'key')).toBe(1)

    await platform.advance(1)
    expect(run('GET', 'key')).toBeNull()
    expect(run('PTTL', 'key')).toBe(-2)
  })

  test.each([
    ['EXISTS', ['key']],
    ['DEL', ['key']],
    ['STRLEN', ['key']],
    ['DBSIZE', []],
    ['PERSIST', ['key']],
    ['EXPIRE', ['key', 10]],
  ])('%s does not see an expired key', async (name, args) => {
    run('SET', 'key', 'value', 'PX', 100)
    await platform.advance(100)

    expect(run(name, ...args)).toBe(0)
  })

  test('a value that overwrites an expired key does not inherit its expiry', async () => {
    run('SET', 'counter', 5, 'PX', 100)
    await platform.advance(100)

    expect(run('INCR', 'counter')).toBe(1)
    expect(run('TTL', 'counter')).toBe(-1)
  })

  test('a change in place keeps the expiry, and SET removes it', () => {
    run('SET', 'key', '1', 'EX', 100)
    run('INCR', 'key')
    expect(run('TTL', 'key')).toBe(100)

    run('SET', 'key', '2', 'KEEPTTL')
    expect(run('TTL', 'key')).toBe(100)

    run('SET', 'key', '3')
    expect(run('TTL', 'key')).toBe(-1)
  })

  test('an expiry in the past deletes the key at once', () => {
    run('SET', 'key', 'value')
    expect(run('PEXPIREAT', 'key', platform.now())).toBe(1)
    expect(run('EXISTS', 'key')).toBe(0)

    expect(run('SET', 'key', 'value', 'PXAT', platform.now())).toBe('OK')
    expect(run('EXISTS', 'key')).toBe(0)
  })

  test('GT and LT compare with the remaining time, and no expiry counts as infinite', () => {
    run('SET', 'key', 'value')
    expect(run('EXPIRE', 'key', 100, 'GT')).toBe(0)
    expect(run('EXPIRE', 'key', 100, 'LT')).toBe(1)
    expect(run('EXPIRE', 'key', 100, 'LT')).toBe(0)
    expect(run('EXPIRE', 'key', 101, 'GT')).toBe(1)
    expect(run('EXPIRE', 'key', 50, 'GT')).toBe(0)
    expect(run('TTL', 'key')).toBe(101)
  })

  test('TTL rounds half a second up', () => {
    run('SET', 'key', 'value', 'PX', 1_500)
    expect(run('TTL', 'key')).toBe(2)
    run('PEXPIRE', 'key', 1_499)
    expect(run('TTL', 'key')).toBe(1)
  })

  test('writes remove expired keys that are never read', async () => {
    for (let index = 0; index < 1_000; index++) run('SET', `old:${index}`, 'value', 'PX', 100)
    await platform.advance(100)

    for (let index = 0; index < 100; index++) run('SET', 'other', index)

    expect(run('INFO', 'stats')).toContain('expired_keys:1000\r\n')
  })

  test('time does not advance within a transaction', () => {
    let now = 1_000
    const moving = new EmbeddedRedis({ platform: { ...platformOf(platform), now: () => now++ } })

    const answers = moving.transaction([
      ['SET', 'key', 'value', 'PX', 1],
      ['GET', 'key'],
      ['PTTL', 'key'],
    ])

    expect(answers).toEqual([{ result: 'OK' }, { result: 'value' }, { result: 1 }])
  })

  test('TIME never returns the same instant twice', () => {
    const micros = (): number => {
      const [seconds, rest] = run('TIME') as [string, string]
      return Number(seconds) * 1_000_000 + Number(rest)
    }

    const told = [micros(), micros(), micros()]

    const first = platform.now() * 1_000
    expect(told).toEqual([first, first + 1, first + 2])
  })

  test('TIME still increases after the clock is set back', async () => {
    let now = 5_000
    const moving = new EmbeddedRedis({ platform: { ...platformOf(platform), now: () => now } })
    expect(moving.execute(['TIME']).result).toEqual(['5', '0'])

    now = 1_000

    expect(moving.execute(['TIME']).result).toEqual(['5', '1'])
  })
})

/** The methods of a platform, so that one of them can be replaced. */
function platformOf(platform: ManualPlatform) {
  return {
    random: () => platform.random(),
    delay: (ms: number) => platform.delay(ms),
    defer: (work: Promise<unknown>) => platform.defer(work),
  }
}
