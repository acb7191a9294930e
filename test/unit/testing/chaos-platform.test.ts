import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import {
  type ChaosPlatform,
  type ChaosPlatformOptions,
  chaosPlatform,
} from '../../../src/testing/chaos-platform.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const START = 1_000_000

describe('chaosPlatform', () => {
  let manual: ManualPlatform

  beforeEach(() => {
    manual = new ManualPlatform({ startAt: START })
  })

  const make = (options: ChaosPlatformOptions): ChaosPlatform => chaosPlatform(manual, options)

  test('is off by one amount, drawn from its range by the seed', () => {
    const offsets = Array.from({ length: 50 }, (_, seed) => {
      const platform = make({ seed, faults: { offset: 1 }, offsetMs: [-300, 300] })
      const offset = platform.now() - START
      manual.jump(10)
      expect(platform.now() - manual.now()).toBe(offset)
      manual.jump(-10)
      return offset
    })

    expect(Math.min(...offsets)).toBeGreaterThanOrEqual(-300)
    expect(Math.max(...offsets)).toBeLessThanOrEqual(300)
    expect(Math.min(...offsets)).toBeLessThan(-200)
    expect(Math.max(...offsets)).toBeGreaterThan(200)
  })

  test('steps back, and stays back', () => {
    const platform = make({ faults: { stepBack: 1 }, stepBackMs: [5, 5] })

    expect([platform.now(), platform.now()]).toEqual([START - 5, START - 10])
    platform.chaos.enabled = false
    expect(platform.now()).toBe(START)
  })

  test('stands still until I/O ends: a delay, a reply, or a call of ioEnded', async () => {
    const platform = make({ faults: { freeze: 1 } })
    const redis = chaosTransport(embeddedTransport(), { platform })
    await manual.advance(100)
    expect(platform.now()).toBe(START)

    const delay = platform.delay(50)
    await manual.advance(50)
    await delay
    expect(platform.now()).toBe(START + 150)

    await manual.advance(7)
    await redis.request({ body: ['PING'] })
    expect(platform.now()).toBe(START + 157)

    await manual.advance(3)
    platform.ioEnded()
    expect(platform.now()).toBe(START + 160)
  })

  test('fires its timers late, and gives up with the signal', async () => {
    const platform = make({ faults: { lateTimer: 1 }, latencyMs: [20, 20] })
    const firedAt = platform.delay(10).then(() => manual.now())
    await manual.advance(100)

    expect(await firedAt).toBe(START + 30)
    await expect(platform.delay(10, AbortSignal.abort('enough'))).rejects.toBe('enough')
  })

  test('draws its random numbers from the seed', () => {
    const draws = (seed: number): number[] => {
      const platform = make({ seed })
      return [platform.random(), platform.random(), platform.random()]
    }

    expect(draws(1)).toEqual(draws(1))
    expect(draws(2)).not.toEqual(draws(1))
    expect(new Set(draws(1)).size).toBe(3)
    expect(make({ enabled: false }).random()).toBe(0.5)
  })

  test('injects clock faults into readings of the clock, and timer faults into delays', async () => {
    const platform = make({ faults: { freeze: 1, lateTimer: 1 }, latencyMs: [0, 0] })
    platform.now()
    const delay = platform.delay(1)
    await manual.advance(1)
    await delay

    expect(platform.chaos.injected.map(({ call, kind }) => [call, kind])).toEqual([
      [1, 'freeze'],
      [2, 'lateTimer'],
    ])
  })

  test('passes deferred work on', async () => {
    let done = false
    make({}).defer(
      Promise.resolve().then(() => {
        done = true
      }),
    )
    await manual.settle()

    expect(done).toBe(true)
  })

  // I1: clocks decide freshness, never validity.
  test('cannot make a cache serve an invalidated value', async () => {
    const engine = new EmbeddedRedis()
    const caches = [1, 2].map((seed) => {
      const faults = { offset: 1, stepBack: 0.2, freeze: 0.3 }
      const platform = chaosPlatform(manual, { seed, faults, offsetMs: [-60_000, 60_000] })
      return new RedisCacheManager({ redis: embeddedTransport({ engine }), platform })
    }) as [RedisCacheManager, RedisCacheManager]
    let hits = 0
    for (let i = 0; i < 200; i++) {
      const [writer, reader] = i % 2 === 0 ? caches : [...caches].reverse()
      await writer?.set('k', i, { tags: ['t'], ttl: '10m' })
      if ((await reader?.get('k')) === i) hits++
      await writer?.invalidateTags(['t'])
      expect(await reader?.get('k')).toBeUndefined()
      manual.jump(5)
    }

    expect(hits).toBeGreaterThan(50)
  })

  test.each([
    ['offsetMs', { offsetMs: [2, 1] }],
    ['offsetMs', { offsetMs: [Number.NEGATIVE_INFINITY, 1] }],
    ['stepBackMs', { stepBackMs: [-1, 1] }],
  ])('refuses a bad %s', (option, options) => {
    expect(() => make(options as never)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })
})
