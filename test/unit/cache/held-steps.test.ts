import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { type Seeker, seeker } from '../../../src/cache/seek.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { turns } from '../../support/turns.ts'

const OPTIONS = { ttl: '1m', tags: ['t'] } as const

describe('A commit that may wait (`soon`)', () => {
  let platform: ManualPlatform
  let engine: Transport
  let redis: CountingTransport
  let isAway: boolean
  let seeking: Seeker<unknown>
  /** Another isolate on the same Redis. */
  let other: RedisCacheManager

  beforeEach(async () => {
    platform = new ManualPlatform()
    engine = embeddedTransport({ platform })
    redis = countingTransport(engine)
    isAway = false
    seeking = seekerOver('tcp')
    other = new RedisCacheManager({ redis: engine, platform })
    // From here on Redis knows the scripts.
    await seeking.getOrSet('first', () => 'first', OPTIONS)
    redis.reset()
  })

  afterEach(() => {
    vi.unstubAllGlobals()
  })

  function seekerOver(kind: string): Seeker<unknown> {
    const far: Transport = {
      kind,
      close: () => redis.close(),
      request: <Result>(request: RedisRequest) =>
        isAway
          ? Promise.reject(new RemoteError({ operation: 'EVALSHA', reason: 'cut', applied: 'no' }))
          : redis.request<Result>(request),
    }
    return seeker(new RedisCacheManager({ redis: far, platform, retries: 0 }))
  }

  function read(key: string, from: Seeker<unknown> = seeking): Promise<unknown> {
    return from.getOrSet(key, () => key, OPTIONS, 'soon')
  }

  function counts(): readonly number[] {
    return [redis.counts.requests, redis.counts.commands]
  }

  test('is sent with the look of the next read', async () => {
    const first = read('a')
    await turns()
    expect(counts()).toEqual([1, 1])

    const second = read('b')
    expect(await first).toBe('a')
    expect(counts()).toEqual([2, 3])

    await platform.advance(1)
    expect(await second).toBe('b')
    expect(counts()).toEqual([3, 4])
  })

  test('waits for one millisecond at most', async () => {
    const reading = read('a')
    await turns()
    expect(await other.get('a', OPTIONS)).toBeUndefined()

    await platform.advance(1)
    expect(await reading).toBe('a')
    expect(await other.get('a', OPTIONS)).toBe('a')
  })

  test('is sent with the commands of the tick in which sendHeld is called', async () => {
    const reading = read('a')
    await turns()
    seeking.sendHeld()

    expect(await reading).toBe('a')
    expect(counts()).toEqual([2, 2])
  })

  test('stores no value that is served if the key was deleted or its tag invalidated meanwhile', async () => {
    const readings = Promise.all([read('a'), read('b')])
    await turns()
    await other.delete('a')
    await other.invalidateTags(['t'])
    await platform.advance(1)

    expect(await readings).toEqual(['a', 'b'])
    expect(await other.get('a', OPTIONS)).toBeUndefined()
    expect(await other.get('b', OPTIONS)).toBeUndefined()
  })

  test('is sent when 32 commits wait', async () => {
    const readings = Array.from({ length: 33 }, (_, n) => read(`key ${n}`))
    await turns()

    expect(counts()).toEqual([2, 33 + 32])
    await platform.advance(1)
    await Promise.all(readings)
    expect(counts()).toEqual([3, 33 + 33])
  })

  test('does not fail the read if Redis is down by then', async () => {
    const reading = read('a')
    await turns()
    isAway = true
    await platform.advance(1)

    expect(await reading).toBe('a')
    expect(await other.get('a', OPTIONS)).toBeUndefined()
  })

  test('does not wait without `soon`, on an engine in the process, and on Workers', async () => {
    const atOnce = await seeking.getOrSet('a', () => 'a', OPTIONS)
    const inProcess = await read('b', seekerOver('embedded'))
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const onWorkers = await read('c', seekerOver('rest'))

    expect([atOnce, inProcess, onWorkers]).toEqual(['a', 'b', 'c'])
    expect(counts()).toEqual([6, 6])
  })
})
