import { Redis } from '@upstash/redis'
import { beforeEach, describe, expect, test } from 'vitest'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

describe('@upstash/redis on the embedded engine', () => {
  let platform: ManualPlatform
  let redis: Redis

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = new Redis(embeddedTransport({ platform }))
  })

  test('supports strings and the options of SET', async () => {
    await expect(redis.set('key', { a: 1 }, { px: 50 })).resolves.toBe('OK')
    await expect(redis.get('key')).resolves.toEqual({ a: 1 })
    await expect(redis.set('key', 'other', { nx: true })).resolves.toBeNull()
    await expect(redis.set('key', 'new', { get: true, keepTtl: true })).resolves.toEqual({ a: 1 })
    await expect(redis.pttl('key')).resolves.toBe(50)

    await platform.advance(50)

    await expect(redis.mget('key', 'missing')).resolves.toEqual([null, null])
    await expect(redis.incrby('counter', 5)).resolves.toBe(5)
  })

  test('supports hashes', async () => {
    await expect(redis.hset('hash', { a: 1, b: 'two' })).resolves.toBe(2)
    await expect(redis.hgetall('hash')).resolves.toEqual({ a: 1, b: 'two' })
    await expect(redis.hgetall('missing')).resolves.toBeNull()
    await expect(redis.hmget('hash', 'a', 'c')).resolves.toEqual({ a: 1, c: null })
    await expect(redis.hincrby('hash', 'a', 2)).resolves.toBe(3)
    await expect(redis.hscan('hash', 0, { match: 'b*' })).resolves.toEqual(['0', ['b', 'two']])
  })

  test('supports sorted sets', async () => {
    await redis.zadd('board', { score: 2, member: 'b' }, { score: 1, member: 'a' })
    await expect(
      redis.zadd('board', { gt: true, ch: true }, { score: 1, member: 'b' }),
    ).resolves.toBe(0)
    await expect(redis.zrange('board', 0, -1, { rev: true, withScores: true })).resolves.toEqual([
      'b',
      2,
      'a',
      1,
    ])
    await expect(
      redis.zrange('board', '(1', '+inf', { byScore: true, offset: 0, count: 5 }),
    ).resolves.toEqual(['b'])
    await expect(redis.zpopmin('board')).resolves.toEqual(['a', 1])
  })

  test('supports sets and lists', async () => {
    await expect(redis.sadd('set', 'a', 'b', 'a')).resolves.toBe(2)
    await expect(redis.smismember('set', ['a', 'c'])).resolves.toEqual([1, 0])
    await expect(redis.rpush('list', 1, 2, 3)).resolves.toBe(3)
    await expect(redis.lmove('list', 'list', 'left', 'right')).resolves.toBe(1)
    await expect(redis.lrange('list', 0, -1)).resolves.toEqual([2, 3, 1])
    await expect(redis.linsert('list', 'before', 3, 9)).resolves.toBe(4)
  })

  test('runs pipelines and transactions', async () => {
    const pipeline = redis.pipeline().set('key', 1).incr('key').get('key')
    await expect(pipeline.exec()).resolves.toEqual(['OK', 2, 2])

    const multi = redis.multi().set('key', 'text').incr('key').get('key')
    await expect(multi.exec({ keepErrors: true })).resolves.toEqual([
      { result: 'OK', error: undefined },
      { result: undefined, error: 'ERR value is not an integer or out of range' },
      { result: 'text', error: undefined },
    ])
  })

  test('runs a script that has a twin, and refuses others with a reason', async () => {
    const sha1 = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db'
    const engine = new EmbeddedRedis({
      twins: [{ sha1, run: (call, keys) => call('INCR', keys[0] ?? '') }],
    })
    const scripted = new Redis(embeddedTransport({ engine }))

    await expect(scripted.createScript('return 1').exec(['counter'], [])).resolves.toBe(1)
    await expect(scripted.evalsha(sha1, ['counter'], [])).resolves.toBe(2)
    await expect(scripted.eval('return 2', [], [])).rejects.toThrow(/'rest' or 'tcp'/)
  })

  test('scans keys to the end', async () => {
    const keys = Array.from({ length: 35 }, (_, index) => `user:${index}`)
    for (const key of keys) await redis.set(key, 1)
    await redis.set('other', 1)

    const seen: string[] = []
    let cursor = '0'
    do {
      const [next, found] = await redis.scan(cursor, { match: 'user:*', count: 10 })
      seen.push(...found)
      cursor = next
    } while (cursor !== '0')

    expect(seen.sort()).toEqual(keys.sort())
  })

  test('delivers published messages to a subscriber', async () => {
    const received: unknown[] = []
    const subscriber = redis.subscribe<{ n: number }>('news')
    subscriber.on('message', ({ channel, message }) => received.push([channel, message]))
    await platform.settle()

    await expect(redis.publish('news', { n: 1 })).resolves.toBe(1)
    await platform.settle()
    await subscriber.unsubscribe()

    expect(received).toEqual([['news', { n: 1 }]])
    await expect(redis.publish('news', { n: 2 })).resolves.toBe(0)
  })

  test('reports error replies as errors', async () => {
    await redis.set('key', 'text')
    await expect(redis.lpush('key', 1)).rejects.toThrow('WRONGTYPE')
  })
})
