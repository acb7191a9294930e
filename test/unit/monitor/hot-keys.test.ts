import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError, RemoteError } from '../../../src/errors.ts'
import { Frequent } from '../../../src/monitor/frequent.ts'
import { HotKeys, type HotKeysOptions } from '../../../src/monitor/hot-keys.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { draw } from '../../../src/testing/draw.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'
import { turns } from '../../support/turns.ts'

describe('Frequent', () => {
  test('counts no item too high, and none too low by more than the bound', () => {
    const arrivals = fc.tuple(fc.constantFrom(...'abcdefgh'), fc.constantFrom(1, 2, 64))
    const items = fc.array(arrivals, { maxLength: 300 })
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 8 }), (stream, capacity) => {
        const frequent = new Frequent(capacity)
        const sum = (of: typeof stream) => of.reduce((total, [, weight]) => total + weight, 0)
        for (const [item, weight] of stream) frequent.add(item, weight)
        const counts = new Map(frequent.take(capacity))
        for (const item of new Set(stream.map(([name]) => name))) {
          const truth = sum(stream.filter(([name]) => name === item))
          const counted = counts.get(item) ?? 0
          expect(counted).toBeLessThanOrEqual(truth)
          expect(counted).toBeGreaterThanOrEqual(truth - sum(stream) / (capacity + 1))
        }
      }),
    )
  })
})

describe('HotKeys', () => {
  let platform: ManualPlatform
  let redis: FaultyRequester

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = faultyRequester(embeddedTransport({ platform }))
  })

  function isolate(options: Partial<HotKeysOptions> = {}, secret?: string) {
    const cache = new RedisCacheManager({
      redis,
      platform,
      retries: 0,
      ...(secret && { hashKeys: { secret } }),
    })
    return { cache, hotKeys: new HotKeys({ cache, ...options }) }
  }

  test('add up hits and misses of all isolates, the most frequent first', async () => {
    const [one, two] = [isolate(), isolate()]
    const mail = one.cache.namespace('mail')
    await mail.set('a|b', 1)
    for (let i = 0; i < 3; i++) await mail.get('a|b')
    for (let i = 0; i < 4; i++) await two.cache.namespace('mail').get('a|b')
    await one.cache.get('gone')
    await two.cache.getOrSet('loaded', () => 1)
    await two.cache.get('gone')
    await Promise.all([one.hotKeys.flush(), two.hotKeys.flush()])

    expect(await one.hotKeys.read()).toEqual({
      hits: [{ namespace: 'default/mail', key: 'a|b', count: 7 }],
      misses: [
        { namespace: 'default', key: 'gone', count: 2 },
        { namespace: 'default', key: 'loaded', count: 1 },
      ],
    })
  })

  test('are written just as soon if the clock was set back by more than the interval', async () => {
    const { cache } = isolate({ interval: '30s' })
    platform.jump(-3_600_000)

    await cache.get('a')
    await platform.settle()

    expect(redis.requests.some(({ body }) => JSON.stringify(body).includes('{hot-keys}'))).toBe(
      true,
    )
  })

  test('are written once per interval, in the background, with one command', async () => {
    const { cache, hotKeys } = isolate({ interval: '30s' })
    await cache.get('a')
    await turns()
    expect(await hotKeys.read()).toEqual({ hits: [], misses: [] })
    await platform.advance(30_000)
    const before = redis.requests.length

    await cache.get('a')
    await turns()

    const sent = redis.requests.slice(before).map(({ body }) => body as readonly unknown[])
    expect(sent.filter(([name]) => name === 'EVALSHA' || name === 'EVAL')).toHaveLength(1)
    expect((await hotKeys.read()).misses).toEqual([{ namespace: 'default', key: 'a', count: 2 }])
  })

  test('of a load behind a stale answer count as hits, not misses', async () => {
    const { cache, hotKeys } = isolate()
    await cache.set('a', 1, { ttl: '1s', staleWhileRevalidate: '1h' })
    await platform.advance(2_000)
    expect(await cache.getOrSet('a', () => 2)).toBe(1)
    await platform.settle()
    await hotKeys.flush()

    expect(await hotKeys.read()).toEqual({
      hits: [{ namespace: 'default', key: 'a', count: 1 }],
      misses: [],
    })
  })

  test('expire after twenty minutes', async () => {
    const { cache, hotKeys } = isolate()
    await cache.get('a')
    await hotKeys.flush()
    await platform.advance(600_000)
    expect((await hotKeys.read()).misses).toHaveLength(1)
    await platform.advance(600_000)

    expect((await hotKeys.read()).misses).toEqual([])
  })

  test('contain no plain key, in Redis or in results, if keys are hashed', async () => {
    const { cache, hotKeys } = isolate({}, 'ab'.repeat(32))
    await cache.get('ada@shop.example')
    await hotKeys.flush()

    const { misses } = await hotKeys.read()

    expect(misses).toEqual([{ namespace: 'default', key: expect.stringMatching(/^#/), count: 1 }])
    expect(JSON.stringify(redis.requests)).not.toContain('ada')
  })

  test('write no more keys than the option allows', async () => {
    const { cache, hotKeys } = isolate({ most: 2 })
    for (let i = 0; i < 9; i++) for (let times = 0; times <= i; times++) await cache.get(`k${i}`)
    await hotKeys.flush()

    expect((await hotKeys.read()).misses.map(({ key }) => key)).toEqual(['k8', 'k7'])
  })

  test('are found by sampling among far more keys than the capacity', async () => {
    let drawn = 0
    platform = new ManualPlatform({ random: () => draw(1, 'sample', drawn++) })
    const { cache, hotKeys } = isolate({ capacity: 100, most: 2 })
    const reads = 10_000
    for (let i = 0; i < reads; i++) {
      await cache.get(i % 20 === 0 ? 'twentieth' : i % 10 === 1 ? 'tenth' : `k${i}`)
    }
    await hotKeys.flush()

    const { misses } = await hotKeys.read()

    expect(misses.map(({ key }) => key)).toEqual(['tenth', 'twentieth'])
    expect(misses[0]?.count).toBeGreaterThan(reads / 10 / 2)
    expect(misses[0]?.count).toBeLessThan((reads / 10) * 1.5)
  })

  test('neither delay a read nor reject while Redis is down', async () => {
    const { cache, hotKeys } = isolate()
    await cache.get('a')
    const error = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    redis.fate = () => ({ kind: 'fail', error })

    await expect(hotKeys.flush()).resolves.toBeUndefined()
    await expect(hotKeys.read()).rejects.toThrow(RemoteError)
  })

  test('stop counting when they are stopped, and write what is left', async () => {
    const { cache, hotKeys } = isolate()
    await cache.get('a')

    await hotKeys.stop()
    await cache.get('a')
    await hotKeys.flush()

    expect((await hotKeys.read()).misses).toEqual([{ namespace: 'default', key: 'a', count: 1 }])
  })

  test.each([{ most: 0 }, { most: 101 }, { capacity: 5 }, { interval: '0s' }] as const)(
    'refuse %o',
    (options) => {
      expect(() => isolate(options)).toThrow(InvalidOptionError)
    },
  )
})
