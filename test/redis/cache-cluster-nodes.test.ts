import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { RemoteError, RemoteTimeoutError } from '../../src/errors.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { everythingIn } from '../support/leaks.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

/** Keys with the slots 15495, 7365 and 3300. The first is on the last node, which is lost. */
const [LOST, ...LEFT] = ['a', 'c', 'b'] as const
const LOST_NODE = 2
const STARTUP_MS = 60_000
const POLL = { timeout: STARTUP_MS, interval: 50 }
/** Timeout of tests that poll. */
const SLOW = { timeout: 3 * STARTUP_MS }

/** A cache with the default circuit breaker. */
function connect(
  { nodes }: Pick<RedisCluster, 'nodes'>,
  replyTimeoutMs = 10_000,
): RedisCacheManager {
  const redis = tcpTransport({ cluster: { nodes }, replyTimeoutMs })
  return new RedisCacheManager({ redis, deadline: '2s' })
}

describeWithRedis('A cache on a Redis Cluster', () => {
  describe.each([
    ['hangs', (cluster: RedisCluster) => cluster.pause(LOST_NODE)],
    ['has died', (cluster: RedisCluster) => cluster.kill(LOST_NODE)],
  ])('a node of which %s,', (_what, lose) => {
    let cluster: RedisCluster
    let cache: RedisCacheManager
    /** A tag with its marker on the lost node, and one with it on another. */
    let lostTag: string
    let leftTag: string

    beforeAll(async () => {
      cluster = await startRedisCluster(findRedisServer() ?? '', { nodeTimeoutMs: 2_000 })
      cache = connect(cluster)
      const isLost = async (name: string): Promise<boolean> =>
        Number(await cluster.send(1, 'CLUSTER', 'KEYSLOT', name)) >= 10_923
      // Every key depends on the first marker, every invalidation on the second.
      expect(await isLost('nc:default:t:*')).toBe(false)
      expect(await isLost('nc:default:t:**')).toBe(false)
      const tags = Array.from({ length: 20 }, (_, i) => `t${i}`)
      const lost = await Promise.all(tags.map((tag) => isLost(`nc:default:t:${tag}`)))
      lostTag = tags[lost.indexOf(true)] ?? ''
      leftTag = tags[lost.indexOf(false)] ?? ''
      for (const key of [LOST, ...LEFT]) await cache.set(key, 'stored')
      await cache.set('c2', 'stored', { tags: [lostTag] })
      await lose(cluster)
      // Requests that are under way during the loss wait for the node once.
      await vi.waitFor(
        async () =>
          expect(await cache.lookup(LOST)).toMatchObject({
            outcome: { kind: 'miss', error: { reason: 'NOMASTERLINK' } },
          }),
        POLL,
      )
    }, 2 * STARTUP_MS)
    afterAll(async () => {
      await cache.close()
      await cluster.stop()
    })

    test('keys on other nodes are served, even if requested together with lost ones', async ({
      task,
    }) => {
      const rounds = amount(50, 1_000)
      const startedAt = performance.now()
      let hits = 0
      for (let i = 0; i < rounds; i++) {
        const [lost, ...left] = await Promise.all(
          [LOST, ...LEFT].map((key) => cache.getOrSet(key, () => 'loaded')),
        )
        expect(lost).toBe('loaded')
        hits += left.filter((value) => value === 'stored').length
        expect([...(await cache.getMany([LOST, ...LEFT])).keys()]).toEqual(LEFT)
      }

      found(task, 'a cluster without one of its nodes', {
        'reads of keys that are there': rounds * LEFT.length,
        hits,
        'ms a round': Math.round((performance.now() - startedAt) / rounds),
      })
      expect(hits).toBe(rounds * LEFT.length)
      expect(await cache.getStats()).toMatchObject({ remote: { circuit: 'closed' } })
    })

    test('keys on other nodes are written, even concurrently with calls that reject', async () => {
      const [left, lost, removed, gone] = await Promise.allSettled([
        cache.set('c3', 'new'),
        cache.set(LOST, 'new'),
        cache.delete('c3'),
        cache.delete(LOST),
      ])

      expect([left.status, removed.status]).toEqual(['fulfilled', 'fulfilled'])
      for (const one of [lost, gone]) {
        expect(one).toMatchObject({ reason: { reason: 'NOMASTERLINK', applied: 'unknown' } })
        expect(everythingIn(one)).not.toContain('127.0.0.1')
      }
    })

    test('invalidateTags rejects if one of the markers is on the lost node', async () => {
      await cache.set('c4', 'stored', { tags: [leftTag] })

      await cache.invalidateTags([leftTag])
      const failed = cache.invalidateTags([leftTag, lostTag])

      await expect(failed).rejects.toMatchObject({ reason: 'NOMASTERLINK' })
      expect(await cache.get('c4')).toBeUndefined()
    })

    test('an entry with a marker on the lost node is not served, and its loader is called', async () => {
      expect(await cache.get('c2')).toBeUndefined()
      expect(await cache.getOrSet('c2', () => 'loaded', { tags: [lostTag] })).toBe('loaded')
    })

    test(
      'caches created in the meantime find the other nodes, and can be closed',
      SLOW,
      async () => {
        // So many caches that some ask the lost node first, and a deadline so long that these would hang there.
        const others = Array.from({ length: 12 }, () => connect(cluster, 10 * STARTUP_MS))

        await Promise.all(
          others.map((other) =>
            vi.waitFor(async () => expect(await other.get('b')).toBe('stored'), POLL),
          ),
        )
        await Promise.all(others.map((other) => other.close()))
      },
    )
  })

  describe('with nodes that hang for a while,', () => {
    let cluster: RedisCluster
    let caches: RedisCacheManager[]

    beforeAll(async () => {
      // The default node timeout is longer than a node hangs, so that no node is declared dead.
      cluster = await startRedisCluster(findRedisServer() ?? '')
    }, STARTUP_MS)
    beforeEach(() => {
      caches = [connect(cluster), connect(cluster)]
    })
    afterEach(() => Promise.all(caches.map((cache) => cache.close())))
    afterAll(() => cluster.stop())

    test('stores and serves keys of a node again when the node resumes', SLOW, async () => {
      const [cache = connect(cluster)] = caches
      await cache.set(LOST, 'stored')
      cluster.pause(LOST_NODE)
      await vi.waitFor(
        () => expect(cache.set(LOST, 'later')).rejects.toMatchObject({ reason: 'NOMASTERLINK' }),
        POLL,
      )

      cluster.resume(LOST_NODE)

      await vi.waitFor(async () => expect(await cache.set(LOST, 'again')).toBe('stored'), POLL)
      expect(await cache.get(LOST)).toBe('again')
    })

    test(
      'never serves a value older than a call that has returned',
      async ({ task }) => {
        const keys = Array.from({ length: 12 }, (_, i) => `k${i}`)
        const rows = new Map(keys.map((key) => [key, { version: 0, floor: 0 }]))
        const until = performance.now() + amount(5_000, 60_000)
        const isOver = (): boolean => performance.now() > until
        const draw = (): string => keys[Math.floor(Math.random() * keys.length)] ?? ''
        const stale: unknown[] = []
        const counts = { reads: 0, hits: 0, writes: 0, returned: 0, hangs: 0 }
        for (const cache of caches)
          cache.subscribe(({ outcome }) => {
            if (outcome.kind === 'hit') counts.hits++
          })

        async function read(cache: RedisCacheManager): Promise<void> {
          while (!isOver()) {
            const asked = [draw(), draw(), draw()]
            const floors = asked.map((key) => rows.get(key)?.floor ?? 0)
            const served = await Promise.all(
              asked.map((key) =>
                cache.getOrSet(key, async () => {
                  const version = rows.get(key)?.version
                  await delay(Math.random() * 10)
                  return version
                }),
              ),
            )
            counts.reads += asked.length
            served.forEach((version, i) => {
              if (Number(version) < Number(floors[i])) stale.push([asked[i], version, floors[i]])
            })
            await delay(Math.random() * 4)
          }
        }
        async function write(cache: RedisCacheManager): Promise<void> {
          while (!isOver()) {
            const key = draw()
            const row = rows.get(key)
            if (!row) return
            const version = ++row.version
            counts.writes++
            await cache.delete(key).then(
              () => {
                counts.returned++
                row.floor = Math.max(row.floor, version)
              },
              (error) => {
                if (!(error instanceof RemoteTimeoutError))
                  expect(error).toBeInstanceOf(RemoteError)
              },
            )
            await delay(Math.random() * 20)
          }
        }
        async function hang(): Promise<void> {
          for (; !isOver(); counts.hangs++) {
            const index = Math.floor(Math.random() * 3)
            await delay(Math.random() * 500)
            cluster.pause(index)
            await delay(Math.random() * 2_500)
            cluster.resume(index)
          }
        }
        await Promise.all([hang(), ...caches.flatMap((one) => [read(one), read(one), write(one)])])

        found(task, 'nodes that hang', { ...counts, 'stale reads': stale.length })
        expect(stale).toEqual([])
        expect(counts.hits).toBeGreaterThan(0)
        expect(counts.returned).toBeGreaterThan(0)
      },
      amount(30_000, 120_000),
    )
  })
})
