import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { WarmingJob } from '../../../src/warming/job.ts'
import { Warming } from '../../../src/warming/warming.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('Warming with jitter', () => {
  let platform: ManualPlatform
  let redis: Transport

  beforeEach(() => {
    platform = new ManualPlatform() // 2026-01-01T00:00Z
    redis = embeddedTransport({ platform })
  })

  function isolate(rest: Partial<WarmingJob>): Warming {
    const warming = new Warming({ cache: new RedisCacheManager({ redis, platform }), platform })
    warming.register({
      id: 'mail',
      name: 'Mailbox',
      priority: 80,
      schedule: '0 * * * *',
      handler: () => 0,
      ...rest,
    })
    return warming
  }

  test('delays each slot by an amount that is the same in all isolates', async () => {
    await isolate({}).runDue()
    await platform.advance(HOUR)
    const hour = platform.now()
    const begun: number[] = []
    const handler = (): number => begun.push(platform.now())
    for (let minute = 0; minute < 60; minute++) {
      await Promise.all([1, 2].map(() => isolate({ jitter: '30m', handler }).runDue()))
      await platform.advance(MINUTE)
    }

    expect(begun).toHaveLength(1)
    expect(begun[0]).toBeGreaterThan(hour)
    expect(begun[0]).toBeLessThanOrEqual(hour + 31 * MINUTE)
  })

  test.each(['run-once', 'skip', 'all'] as const)(
    'where there are only as many heartbeats as slots, each slot runs at the next one (missed: %s)',
    async (missed) => {
      const start = platform.now()
      const slots: number[] = []
      const handler: WarmingJob['handler'] = ({ slot }) => slots.push((slot - start) / MINUTE)
      const warming = isolate({ schedule: '*/5 * * * *', jitter: '4m', missed, handler })
      await platform.advance(5 * MINUTE)
      for (let beat = 0; beat < 5; beat++) {
        await warming.runDue()
        await platform.advance(5 * MINUTE)
      }

      expect(slots).toEqual([0, 5, 10, 15, 20])
    },
  )

  test('a slot that is missed is not run before its jitter, and not twice', async () => {
    const slots: number[] = []
    const handler: WarmingJob['handler'] = ({ slot }) => slots.push(slot)
    const warming = isolate({ jitter: '59m', handler })
    for (let minute = 0; minute < 600; minute++) {
      await warming.runDue()
      await platform.advance(MINUTE)
    }

    expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b))
    expect(slots.length).toBeGreaterThanOrEqual(10)
  })
})
