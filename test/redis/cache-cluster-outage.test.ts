import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { RemoteError } from '../../src/errors.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { everythingIn } from '../support/leaks.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

/** Keys on the nodes 0, 1 and 2: their slots are 3300, 7365 and 15495. */
const KEYS = ['b', 'c', 'a']
const DEADLINE_MS = 2_000
/** Allowance for a slow machine. A client without the protection under test waits for ten seconds. */
const STALL_MS = 1_000
const STARTUP_MS = 60_000
/** Timeout of tests that wait for the nodes to agree. */
const SLOW = { timeout: 3 * STARTUP_MS }

function connect(cluster: RedisCluster): RedisCacheManager {
  return new RedisCacheManager({
    redis: tcpTransport({ cluster: { nodes: cluster.nodes } }),
    deadline: DEADLINE_MS,
    breaker: { threshold: 1_000_000 },
  })
}

/** The error with which a call rejects. */
function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.unreachable('the call must fail'),
    (error: unknown) => error,
  )
}

describeWithRedis('A cache on a Redis Cluster', () => {
  describe('while a slot moves,', () => {
    const [from, to] = [1, 2] as const
    let cluster: RedisCluster
    let cache: RedisCacheManager
    /** Keys of node 1 with their slots, one for each move of a slot. */
    const unmoved: (readonly [key: string, slot: number])[] = []
    let key: string
    let slot: number

    beforeAll(async () => {
      cluster = await startRedisCluster(findRedisServer() ?? '')
      for (let i = 0; i < 1_000; i++) {
        const its = Number(await cluster.send(from, 'CLUSTER', 'KEYSLOT', `key${i}`))
        if (its > 5_461 && its < 10_923) unmoved.push([`key${i}`, its])
      }
    }, STARTUP_MS)
    afterAll(() => cluster.stop())
    beforeEach(async () => {
      ;[key = '', slot = 0] = unmoved.pop() ?? []
      cache = connect(cluster)
      await cache.set(key, 'old', { tags: ['t'] })
    })
    afterEach(() => cache.close())

    test('serves the entry before, during and after the move', async () => {
      await cluster.beginMove(slot, from, to)
      expect(await cache.get(key)).toBe('old')
      await cluster.moveKeys(slot, from, to)
      expect(await cache.get(key)).toBe('old')
      expect(await cache.getOrSet(key, () => 'new')).toBe('old')
      await cluster.endMove(slot, from, to)
      expect(await cache.get(key)).toBe('old')
    })

    test.each([
      ['invalidateTags', () => cache.invalidateTags(['t'])],
      ['clear', () => cache.clear()],
      ['invalidatePattern', () => cache.invalidatePattern(`${key}*`)],
    ])('after %s no old value is served, in this and in another cache', async (_n, call) => {
      const other = connect(cluster)
      await cluster.beginMove(slot, from, to)
      await cluster.moveKeys(slot, from, to)

      await call()

      expect(await cache.get(key)).toBeUndefined()
      expect(await other.getOrSet(key, () => 'new')).toBe('new')
      await cluster.moveKeys(slot, from, to)
      await cluster.endMove(slot, from, to)
      expect(await cache.getOrSet(key, () => 'new')).toBe('new')
      await other.close()
    })

    test('rejects a delete during the move, and deletes the entry after it', async () => {
      await cluster.beginMove(slot, from, to)
      await cluster.moveKeys(slot, from, to)

      // The lease does not exist on the node of the entry: see the next test.
      const error = await failureOf(cache.delete(key))
      await cluster.endMove(slot, from, to)
      await cache.delete(key)

      expect(error).toMatchObject({ reason: 'TRYAGAIN', applied: 'no', retryable: true })
      expect(await cache.get(key)).toBeUndefined()
    })

    test('answers a miss from its loader, and stores values again after the move', async () => {
      await cache.delete(key)
      await cluster.beginMove(slot, from, to)

      // Lease and entry are two keys. A key that does not exist counts as moved: no node serves both.
      expect(await cache.getOrSet(key, () => 'not stored')).toBe('not stored')
      expect(await cache.get(key)).toBeUndefined()
      const error = await failureOf(cache.set(key, 'not stored'))
      await cluster.moveKeys(slot, from, to)
      await cluster.endMove(slot, from, to)
      await cache.delete(key)
      await cache.getOrSet(key, () => 'stored')

      expect(error).toBeInstanceOf(RemoteError)
      expect(error).toMatchObject({ reason: 'TRYAGAIN', applied: 'no', retryable: true })
      expect(everythingIn(error)).not.toContain('127.0.0.1')
      expect(await cache.get(key)).toBe('stored')
    })

    test(
      'never serves a value older than a call that has returned, while slot after slot moves',
      async ({ task }) => {
        const caches = [cache, connect(cluster), connect(cluster)]
        const until = performance.now() + amount(3_000, 30_000)
        const isOver = (): boolean => performance.now() > until
        const rows = new Map([[key, { version: 0, floor: 0 }]])
        const stale: unknown[] = []
        let [current, reads, hits, writes, moves] = [key, 0, 0, 0, 0]
        for (const one of caches)
          one.subscribe(({ outcome }) => {
            if (outcome.kind === 'hit') hits++
          })

        async function read(one: RedisCacheManager): Promise<void> {
          while (!isOver()) {
            const row = rows.get(current) ?? { version: 0, floor: 0 }
            const { floor } = row
            const load = async (): Promise<number> => {
              const { version } = row
              await delay(Math.random() * 10)
              return version
            }
            const served = await one.getOrSet(current, load, { tags: ['t'] })
            reads++
            if (Number(served) < floor) stale.push({ served, floor })
            await delay(Math.random() * 4)
          }
        }
        async function write(one: RedisCacheManager): Promise<void> {
          while (!isOver()) {
            const row = rows.get(current) ?? { version: 0, floor: 0 }
            const version = ++row.version
            const call = ++writes % 2 === 0 ? one.delete(current) : one.invalidateTags(['t'])
            await call.then(
              () => {
                row.floor = version
              },
              (error) => expect(error).toBeInstanceOf(RemoteError),
            )
            await delay(Math.random() * 30)
          }
        }
        async function move(): Promise<void> {
          for (; !isOver(); moves++) {
            const [next = '', its = 0] = unmoved.pop() ?? []
            rows.set(next, { version: 0, floor: 0 })
            current = next
            await delay(Math.random() * 60)
            await cluster.beginMove(its, from, to)
            await delay(Math.random() * 60)
            await cluster.moveKeys(its, from, to)
            await delay(Math.random() * 60)
            await cluster.moveKeys(its, from, to)
            await cluster.endMove(its, from, to)
            await delay(Math.random() * 60)
          }
        }
        await cache.delete(key)
        await Promise.all([
          move(),
          ...caches.flatMap((one) => [read(one), read(one)]),
          write(cache),
        ])

        found(task, 'slots that move', { moves, reads, hits, writes, 'stale reads': stale.length })
        expect(stale).toEqual([])
        expect(moves).toBeGreaterThan(3)
        expect(hits).toBeGreaterThan(0)
        for (const one of caches.slice(1)) await one.close()
      },
      amount(20_000, 60_000),
    )
  })

  describe('with one dead node,', () => {
    let cluster: RedisCluster
    let cache: RedisCacheManager
    /** A key on the lost node and one on another node. */
    const [lost, left] = ['b', 'c'] as const

    beforeAll(async () => {
      cluster = await startRedisCluster(findRedisServer() ?? '', { nodeTimeoutMs: 1_000 })
      cache = connect(cluster)
      // The marker of the namespace must be on one of the remaining nodes.
      const marker = 'nc:default:t:*'
      expect(Number(await cluster.send(1, 'CLUSTER', 'KEYSLOT', marker))).toBeGreaterThan(5_461)
      for (const key of KEYS) await cache.set(key, 'stored')
      await cluster.kill(0)
    }, STARTUP_MS)
    afterAll(async () => {
      await cache.close()
      await cluster.stop()
    })

    test('reads of its keys are answered by their loaders, within the deadline', async () => {
      const startedAt = performance.now()

      expect(await cache.getOrSet(lost, () => 'loaded')).toBe('loaded')
      expect(await cache.get(lost)).toBeUndefined()
      expect((await cache.lookup(lost)).outcome).toMatchObject({ reason: 'unavailable' })
      expect(performance.now() - startedAt).toBeLessThan(3 * (DEADLINE_MS + STALL_MS))
    })

    test.each([
      ['set', () => cache.set(lost, 'v')],
      ['delete', () => cache.delete(lost)],
      ['invalidatePattern', () => cache.invalidatePattern('x*')],
    ])('%s rejects with an error without addresses', async (_name, call) => {
      const error = await failureOf(call())

      expect(error).toMatchObject({ code: 'ERR_REMOTE', retryable: true })
      expect(everythingIn(error)).not.toContain('127.0.0.1')
    })

    test('keys on other nodes are served, written and deleted as before', SLOW, async () => {
      await vi.waitFor(async () => expect(await cache.get(left)).toBe('stored'), STARTUP_MS)
      expect(await cache.set(left, 'again')).toBe('stored')
      await cache.delete(left)
      expect(await cache.getOrSet(left, () => 'loaded')).toBe('loaded')
      expect(await cache.get(left)).toBe('loaded')
      expect(await cache.getStats()).toMatchObject({ totalKeys: undefined })
    })

    test('every call rejects with the outage when too few nodes remain', SLOW, async () => {
      await cluster.kill(2)
      // The remaining node reports CLUSTERDOWN once it has noticed the loss.
      await vi.waitFor(
        async () =>
          expect(await failureOf(cache.set(left, 'v'))).toMatchObject({ reason: 'CLUSTERDOWN' }),
        { timeout: STARTUP_MS, interval: 100 },
      )

      expect(await cache.getOrSet(left, () => 'loaded meanwhile')).toBe('loaded meanwhile')
      expect(await failureOf(cache.delete(left))).toMatchObject({
        code: 'ERR_REMOTE',
        reason: 'CLUSTERDOWN',
        retryable: true,
      })
    })
  })

  describe('with replicas,', () => {
    let cluster: RedisCluster
    let cache: RedisCacheManager

    beforeAll(async () => {
      cluster = await startRedisCluster(findRedisServer() ?? '', {
        replicas: true,
        nodeTimeoutMs: 1_000,
      })
      cache = connect(cluster)
    }, STARTUP_MS)
    afterAll(async () => {
      await cache.close()
      await cluster.stop()
    })

    test('works again after a replica has replaced its primary', SLOW, async ({ task }) => {
      for (const key of KEYS) await cache.set(key, 'before')
      await cluster.kill(0)
      const killedAt = performance.now()

      await vi.waitFor(async () => expect(await cache.set('b', 'after')).toBe('stored'), {
        timeout: STARTUP_MS,
        interval: 50,
      })
      found(task, 'a cluster whose primary dies', {
        'ms until its keys are written again': Math.round(performance.now() - killedAt),
      })

      expect(await cache.get('b')).toBe('after')
      expect(await cache.getOrSet('b', () => 'loaded')).toBe('after')
      // A scan includes the new primary.
      await vi.waitFor(() => cache.invalidatePattern('*'), { timeout: STARTUP_MS, interval: 100 })
      for (const key of KEYS) expect(await cache.get(key)).toBeUndefined()
    })
  })
})
