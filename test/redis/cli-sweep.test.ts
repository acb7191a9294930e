import { beforeEach, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { sweep } from '../../src/cli/upkeep/sweep.ts'
import { webPlatform } from '../../src/platform/web.ts'
import { RedisLink } from '../../src/redis/link.ts'
import { UPKEEP_SCRIPTS } from '../../src/redis/scripts/upkeep.ts'
import { runCli, runJson } from '../support/cli.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { turns } from '../support/turns.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const HOURS = 7_200
const TTL = { ttl: '10m' } as const

/** Makes all markers look unused for two hours, each atomically. */
const AGE = `
for _, key in ipairs(redis.call('KEYS', 'nc:*:t:*')) do
  redis.call('RESTORE', key, redis.call('PTTL', key), redis.call('DUMP', key), 'REPLACE', 'IDLETIME', ARGV[1])
end`

describeWithRedis('nearcache sweep', () => {
  const suite = suiteRedis()
  const { send } = suite

  const env = () => ({ REDIS_HOST: '127.0.0.1', REDIS_PORT: `${suite.server.port}` })

  beforeEach(() => send('FLUSHALL'))

  /** Stores live entries, invalidated entries, and markers that no entry uses. */
  async function leaveBehind(cache: RedisCacheManager): Promise<void> {
    const inner = cache.namespace('inner')
    for (let i = 0; i < 50; i++) {
      await cache.set(`alive:${i}`, i, { ...TTL, tags: [`alive:${i % 7}`] })
      await inner.set(`alive:${i}`, i, TTL)
      await cache.set(`dead:${i}`, i, { ...TTL, tags: ['dead'] })
      await cache.set(`gone:${i}`, i, { ...TTL, tags: [`unused:${i}`] })
      await cache.delete(`gone:${i}`)
    }
    await cache.invalidateTags(['dead'])
    await cache.set('dead:0', 'anew', { ...TTL, tags: ['dead'] })
  }

  test('reports leftovers, and changes nothing without --apply', async () => {
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '10s' })
    await leaveBehind(cache)
    await send('SET', 'nc:default:l:{endless}', 'nonce-1')
    await send('EVAL', AGE, 0, HOURS)
    const before = await send('DBSIZE')

    const report = await runJson(['sweep'], { env: env() })

    expect(report).toMatchObject({
      applied: false,
      complete: true,
      entries: 150,
      deadEntries: { found: 49, dropped: 0 },
      idleMarkers: { found: 50, dropped: 0 },
      endlessLeases: { found: 1, dropped: 0 },
      unreadable: 0,
      markersSkipped: null,
    })
    expect(await send('DBSIZE')).toBe(before)
  })

  test('a user who may only read is refused, also if there are only markers', async () => {
    await send('SET', 'nc:default:t:unused', '1.2')
    await send('ACL', 'SETUSER', 'reader', 'on', '>word', '~nc:*', '+@read', '+@connection')
    const reader = { ...env(), REDIS_USERNAME: 'reader', REDIS_PASSWORD: 'word' }

    expect(await runCli(['sweep', '--apply'], { env: reader })).toEqual({
      code: 1,
      printed: '',
      warned: 'nearcache sweep: Redis failed at EVALSHA: NOPERM; see: nearcache doctor',
    })
    expect(await runJson(['sweep'], { env: reader })).toMatchObject({ markersSkipped: null })
  })

  test('with --apply drops the leftovers and nothing else', async () => {
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '10s' })
    await leaveBehind(cache)
    await send('SET', 'nc:default:l:{endless}', 'nonce-1')
    await send('SET', 'nc:default:e:{foreign}', 'not an entry')
    await send('SET', 'another:default:e:{key}', 'of another prefix')
    await send('EVAL', AGE, 0, HOURS)
    const before = Number(await send('DBSIZE'))

    const report = await runJson(['sweep', '--apply'], { env: env() })

    expect(report).toMatchObject({
      deadEntries: { found: 49, dropped: 49 },
      idleMarkers: { found: 50, dropped: 50 },
      endlessLeases: { found: 1, dropped: 1 },
      unreadable: 1,
    })
    expect(await send('DBSIZE')).toBe(before - 100)
    for (let i = 0; i < 50; i++) {
      expect(await cache.get(`alive:${i}`)).toBe(i)
      expect(await cache.namespace('inner').get(`alive:${i}`)).toBe(i)
    }
    expect(await cache.get('dead:0')).toBe('anew')
  })

  test('keeps markers in use, and says why it skips markers if Redis reports no idle time', async () => {
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '10s' })
    await leaveBehind(cache)

    expect(await runJson(['sweep', '--apply'], { env: env() })).toMatchObject({
      idleMarkers: { found: 0, dropped: 0 },
    })
    await send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')
    const { printed } = await runCli(['sweep', '--apply'], { env: env() })
    await send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')

    expect(printed).toContain('markers were skipped: Redis does not report')
  })

  test('drops no live entry during traffic', { timeout: 300_000 }, async ({ task }) => {
    const rounds = amount(150, 4_000)
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '30s' })
    await leaveBehind(cache)
    await send('EVAL', AGE, 0, HOURS)
    const link = new RedisLink(cache.redis)
    cache.redis.allowRepeat(UPKEEP_SCRIPTS)
    const calls = { reads: 0, lost: 0, stale: 0 }
    let isOver = false

    /** A client with its own keys and tags, which therefore knows which reads must be hits. */
    const traffic = async (client: number): Promise<void> => {
      const mine = new RedisCacheManager({ redis: suite.redis, deadline: '30s' })
      const version = new Map<number, number>()
      const stored = new Set<number>()
      for (let i = 0; i < rounds; i++) {
        const k = (i * 7 + client) % 23
        const tag = `t:${client}:${k % 5}`
        const options = { ...TTL, tags: [tag] }
        const before = stored.has(k)
        let loads = 0
        const expected = version.get(k) ?? 0
        const value = await mine.getOrSet(
          `c:${client}:${k}`,
          async () => {
            loads++
            await turns(i % 4)
            return expected
          },
          options,
        )
        calls.reads++
        if (before && loads > 0) calls.lost++
        if (value !== expected) calls.stale++
        stored.add(k)
        if (i % 6 !== 0) continue
        await mine.invalidateTags([tag])
        for (const other of [...stored].filter((one) => one % 5 === k % 5)) {
          stored.delete(other)
          version.set(other, i + 1)
        }
      }
    }
    const sweeping = async () => {
      let sweeps = 0
      let dropped = 0
      const { signal } = new AbortController()
      while (!isOver || sweeps < 2) {
        const report = await sweep({
          ...{ link, platform: webPlatform(), prefix: 'nc', apply: true, idleMs: 60_000, signal },
          progress: () => undefined,
        })
        sweeps++
        dropped += report.deadEntries.dropped + report.idleMarkers.dropped
      }
      return { sweeps, dropped }
    }

    const clients = Promise.all([1, 2, 3, 4].map(traffic)).finally(() => {
      isOver = true
    })
    const [swept] = await Promise.all([sweeping(), clients])

    found(task, 'sweep beside traffic', { ...swept, ...calls })
    expect(calls).toEqual({ reads: 4 * rounds, lost: 0, stale: 0 })
    // All leftovers are dropped, and at least some of those that the traffic makes.
    expect(swept.dropped).toBeGreaterThan(49 + 50)
    for (let i = 0; i < 50; i++) expect(await cache.get(`alive:${i}`)).toBe(i)
  })
})
