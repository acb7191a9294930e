import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { seeker } from '../../../src/cache/seek.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const OPTIONS = { ttl: '1m', tags: ['t'] } as const

describe('a read that expects a miss', () => {
  let platform: ManualPlatform
  let engine: Transport
  let redis: CountingTransport
  let cache: RedisCacheManager
  const load = vi.fn(async () => 'loaded')

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = embeddedTransport({ platform })
    redis = countingTransport(engine)
    cache = new RedisCacheManager({ redis, platform, retries: 0 })
    load.mockClear()
  })

  function read(from: RedisCacheManager = cache, key = 'k'): Promise<unknown> {
    return seeker(from).getOrSet(key, load, OPTIONS)
  }

  /** Another isolate on the same Redis. */
  function another(transport: Transport = engine): RedisCacheManager {
    return new RedisCacheManager({ redis: transport, platform, retries: 0 })
  }

  async function costOf(call: () => Promise<unknown>): Promise<readonly number[]> {
    redis.reset()
    await call()
    return [redis.counts.requests, redis.counts.commands]
  }

  test('takes two requests of one command to load and store, and one for a hit', async () => {
    await read(cache, 'other')

    expect(await costOf(read)).toEqual([2, 2])
    expect(await costOf(read)).toEqual([1, 1])
    expect(await another().get('k', OPTIONS)).toBe('loaded')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('finds what other reads have stored, and they find what it has stored', async () => {
    await cache.set('k', 'set', OPTIONS)

    expect(await read()).toBe('set')
    await read(cache, 'l')
    expect(await cache.getOrSet('l', load, OPTIONS)).toBe('loaded')
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('an entry that may not be served is loaded under a lease that is asked for afterwards', async () => {
    await read()
    await cache.invalidateTags(['t'])

    expect(await costOf(read)).toEqual([3, 3])
    expect(load).toHaveBeenCalledTimes(2)
    expect(await costOf(read)).toEqual([1, 1])
  })

  test('a thousand at once in one isolate call the loader once', async () => {
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => read()))

    expect(new Set(answers)).toEqual(new Set(['loaded']))
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('of two isolates one loads, and the other waits for the entry', async () => {
    const gate = Promise.withResolvers<string>()
    const slow = seeker(cache).getOrSet('k', () => gate.promise, OPTIONS)
    await platform.advance(0)
    const waiting = read(another())
    await platform.advance(0)
    gate.resolve('by the first')

    expect(await slow).toBe('by the first')
    await platform.advance(1_000)
    expect(await waiting).toBe('by the first')
    expect(load).not.toHaveBeenCalled()
  })

  test('a load that began before a delete does not store', async () => {
    const gate = Promise.withResolvers<string>()
    const slow = seeker(cache).getOrSet('k', () => gate.promise, OPTIONS)
    await platform.advance(0)
    await another().delete('k')
    gate.resolve('old')

    expect(await slow).toBe('old')
    expect(await cache.get('k', OPTIONS)).toBeUndefined()
  })

  test('a load that began before an invalidation stores an entry that is not served', async () => {
    const gate = Promise.withResolvers<string>()
    const slow = seeker(cache).getOrSet('k', () => gate.promise, OPTIONS)
    await platform.advance(0)
    await another().invalidateTags(['t'])
    gate.resolve('old')

    expect(await slow).toBe('old')
    expect(await read()).toBe('loaded')
  })

  test('while Redis is down it loads, and stores nothing', async () => {
    let isCut = true
    const away = another({
      kind: engine.kind,
      close: () => engine.close(),
      request: <Result>(request: RedisRequest) =>
        isCut
          ? Promise.reject(new RemoteError({ operation: 'EVALSHA', reason: 'cut', applied: 'no' }))
          : engine.request<Result>(request),
    })

    expect(await read(away)).toBe('loaded')
    isCut = false
    expect(await away.get('k', OPTIONS)).toBeUndefined()
  })

  test('an error of the loader reaches the caller, and the next read loads again', async () => {
    const wrong = new Error('no such thing')

    const failed = seeker(cache).getOrSet('k', () => Promise.reject(wrong), OPTIONS)

    await expect(failed).rejects.toBe(wrong)
    expect(await read()).toBe('loaded')
  })
})
