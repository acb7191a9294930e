import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { Platform } from '../../../src/platform/platform.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { WarmingJob } from '../../../src/warming/job.ts'
import { Warming } from '../../../src/warming/warming.ts'

const HOUR = 3_600_000
const AHEAD = 30 * 24 * HOUR

describe('Warming with a wrong clock', () => {
  let platform: ManualPlatform
  let redis: Transport
  let slots: number[]

  beforeEach(() => {
    platform = new ManualPlatform() // 2026-01-01T00:00Z
    redis = embeddedTransport({ platform })
    slots = []
  })

  const push: WarmingJob['handler'] = ({ slot }) => slots.push(slot)

  function isolate(aheadMs = 0, handler = push): Warming {
    const clock: Platform = {
      now: () => platform.now() + aheadMs,
      random: () => platform.random(),
      delay: (ms, signal) => platform.delay(ms, signal),
      defer: (work) => platform.defer(work),
    }
    const warming = new Warming({
      cache: new RedisCacheManager({ redis, platform: clock }),
      platform: clock,
    })
    warming.register({
      id: 'mail',
      name: 'Mailbox',
      priority: 80,
      schedule: '0 * * * *',
      handler,
    })
    return warming
  }

  test('an isolate whose clock is ahead of Redis runs no slot too early', async () => {
    await isolate(AHEAD).runDue()
    expect(slots).toEqual([])

    await isolate().runDue()

    expect(slots).toEqual([platform.now()])
  })

  test('such an isolate does not run a slot that failed before either: its retry would be too late', async () => {
    const fail = (): never => {
      throw new Error('away')
    }
    await isolate(0, fail).runDue()
    await platform.advance(HOUR / 2)
    expect(await isolate(AHEAD, fail).runDue()).toBe(0)

    await isolate().runDue()

    expect(slots).toEqual([platform.now() - HOUR / 2])
  })

  test('an isolate whose clock is behind finds nothing to do', async () => {
    await isolate().runDue()

    await isolate(-AHEAD).runDue()

    expect(slots).toHaveLength(1)
  })

  test.each(['done', 'slot'])('a future time stored as "%s" does not stop a job', async (field) => {
    const warming = isolate()
    await warming.runDue()
    const { result } = await redis.request<string[]>({
      path: [],
      body: ['KEYS', '*{warming/mail}'],
    })
    const wrong = String(platform.now() + AHEAD)
    await redis.request({ path: [], body: ['HSET', String(result?.[0]), field, wrong] })
    await platform.advance(HOUR)

    await warming.runDue()

    expect(slots).toEqual([platform.now() - HOUR, platform.now()])
  })
})
