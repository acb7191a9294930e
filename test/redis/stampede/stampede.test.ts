import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { found } from '../../support/findings.ts'
import { useRedisBehindRest } from '../../support/redis-behind-rest.ts'
import { describeWithRedis } from '../../support/with-redis.ts'
import { Partner, type RemoteRead } from '../race/partner.ts'
import type { CrowdOrder, CrowdResult, Way } from '../race/protocol.ts'
import { transportOf } from '../race/way.ts'

const CALLERS = 1_000
/** One process for each: how far its clock is ahead of the machine's. */
const CLOCK_OFFSETS_MS = [0, 20, 300, 900]
const PROCESSES = CLOCK_OFFSETS_MS.length
const EACH = CALLERS / PROCESSES
/** A lease lasts longer than its loader's hard timeout by this time. */
const LEASE_MARGIN_MS = 2_000
/** Allowance for a slow machine. A caller that waits for a lease in vain waits for twelve seconds. */
const SLACK_MS = 8_000

type Crowd = RemoteRead<CrowdResult>

const loadsOf = (crowds: readonly { readonly loads: number }[]): number =>
  crowds.reduce((sum, { loads }) => sum + loads, 0)

// I3
describeWithRedis('A stampede', () => {
  const running = useRedisBehindRest()
  beforeEach(async () => {
    await running.behind.request({ body: ['FLUSHALL'] })
  })

  describe.each(['tcp', 'rest'] as const)('over %s', (kind) => {
    const partners: Partner[] = []
    const way = (): Way => {
      const { url, token } = running.endpoint
      return kind === 'tcp' ? { kind, url: running.server.url } : { kind, url, token }
    }

    beforeAll(async () => {
      partners.push(...(await Promise.all(CLOCK_OFFSETS_MS.map((ms) => Partner.start(way(), ms)))))
    })
    afterAll(() => Promise.all(partners.map((partner) => partner.kill())))
    const crowdsOf = (order: Partial<CrowdOrder> = {}): Crowd[] =>
      partners.map((partner) =>
        partner.crowd({ key: 'k', tags: ['t'], value: 'v', held: false, callers: EACH, ...order }),
      )

    test('of a thousand callers in one process causes one loader call and the requests of one miss', async ({
      task,
    }) => {
      const cache = new RedisCacheManager({ redis: transportOf(way()), deadline: '10s' })
      // Loads the scripts into Redis, so that the requests below can be counted.
      await cache.getOrSet('another key', () => 1)
      const { requests, commands } = cache.redis.counts
      const before = { requests, commands }
      let loads = 0

      const values = await Promise.all(
        Array.from({ length: CALLERS }, () => cache.getOrSet('k', async () => ++loads)),
      )

      const sent = cache.redis.counts.requests - before.requests
      const cost = cache.redis.counts.commands - before.commands
      found(task, `stampede in one process over ${kind}`, {
        callers: CALLERS,
        'loader calls': loads,
        requests: sent,
        commands: cost,
      })
      expect(new Set(values)).toEqual(new Set([1]))
      expect({ loads, sent, cost }).toEqual({ loads: 1, sent: 3, cost: 3 })
      await cache.close()
    })

    test('of a thousand callers in four processes causes one loader call in all', async ({
      task,
    }) => {
      const crowds = crowdsOf({ held: true })
      await Promise.all(crowds.map(({ begun }) => begun))
      await Promise.race(crowds.map(({ called }) => called))
      for (const crowd of crowds) crowd.release()

      const results = await Promise.all(crowds.map(({ value }) => value))

      found(task, `stampede in four processes over ${kind}`, {
        callers: CALLERS,
        'loader calls': loadsOf(crowds),
        'ms for the last': slowest(results),
      })
      expect(results.map(({ values }) => values)).toEqual(results.map(() => [['v', EACH]]))
      expect(loadsOf(crowds)).toBe(1)
    })

    // A reader that looked before the value was stored is refused the lease afterwards, and looks again.
    test('on a loader that takes no time causes one call in all', async ({ task }) => {
      const crowds = crowdsOf()

      const results = await Promise.all(crowds.map(({ value }) => value))

      found(task, `stampede on a loader that takes no time over ${kind}`, {
        callers: CALLERS,
        'loader calls': loadsOf(crowds),
      })
      expect(results.map(({ values }) => values)).toEqual(results.map(() => [['v', EACH]]))
      expect(loadsOf(crowds)).toBe(1)
    })

    test('on a failing loader causes one call in each process, and rejects all callers with its error', async ({
      task,
    }) => {
      const crowds = crowdsOf({ fails: true, loadMs: 100 })

      const results = await Promise.all(crowds.map(({ value }) => value))

      found(task, `stampede on a failing loader over ${kind}`, {
        callers: CALLERS,
        'loader calls': loadsOf(crowds),
        'ms for the last': slowest(results),
      })
      // All callers of a process get the same error object.
      expect(results).toEqual(
        results.map(() => expect.objectContaining({ values: [], rejected: EACH, errors: 1 })),
      )
      expect(crowds.map(({ loads }) => loads)).toEqual(crowds.map(() => 1))
      // The processes load one after the other, each after a backoff of at most 250 ms.
      expect(slowest(results)).toBeLessThan(PROCESSES * (100 + 250) + SLACK_MS)
      // The last lease is released after the callers have been answered.
      const left = (): Promise<unknown> => running.behind.request({ body: ['KEYS', '*:[el]:*'] })
      await expect.poll(left, { timeout: SLACK_MS }).toEqual({ result: [] })
    })
  })

  test('whose leader is killed continues after its lease, with one more loader call', async ({
    task,
  }) => {
    const hardTimeout = 500
    const way: Way = { kind: 'tcp', url: running.server.url }
    const [holder, ...others] = await Promise.all(
      Array.from({ length: PROCESSES }, () => Partner.start(way)),
    )
    const common = { key: 'k', tags: ['t'], hardTimeout }
    const orphan = holder?.read({ ...common, value: 'never', held: true })
    orphan?.value.catch(() => undefined)
    await orphan?.called
    const crowds: Crowd[] = others.map((partner) =>
      partner.crowd({ ...common, value: 'v', held: false, loadMs: 400, callers: EACH }),
    )
    await Promise.all(crowds.map(({ begun }) => begun))

    await holder?.kill()
    const killedAt = performance.now()
    const results = await Promise.all(crowds.map(({ value }) => value))
    const waitedMs = performance.now() - killedAt

    found(task, 'stampede whose holder is killed', {
      callers: crowds.length * EACH,
      'loader calls more': loadsOf(crowds),
      'ms for the last': slowest(results),
    })
    expect(results.map(({ values }) => values)).toEqual(results.map(() => [['v', EACH]]))
    expect(loadsOf(crowds)).toBe(1)
    expect(waitedMs).toBeLessThan(hardTimeout + LEASE_MARGIN_MS + 400 + SLACK_MS)
    await Promise.all(others.map((partner) => partner.kill()))
  })
})

function slowest(results: readonly CrowdResult[]): number {
  return Math.round(Math.max(...results.map(({ slowestMs }) => slowestMs)))
}
