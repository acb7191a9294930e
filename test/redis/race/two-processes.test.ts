import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { restTransport } from '../../../src/redis/rest.ts'
import { tcpTransport } from '../../../src/redis/tcp/index.ts'
import { useRedisBehindRest } from '../../support/redis-behind-rest.ts'
import { describeWithRedis } from '../../support/with-redis.ts'
import { Partner } from './partner.ts'

const KEY = 'user:1'
const TAGS = ['org:1']

const CALLS: readonly (readonly [string, (cache: RedisCacheManager) => Promise<unknown>])[] = [
  ['delete', (cache) => cache.delete(KEY)],
  ['invalidateTags', (cache) => cache.invalidateTags(TAGS)],
  ['clear', (cache) => cache.clear()],
  ['invalidatePattern', (cache) => cache.invalidatePattern('user:*')],
]

describeWithRedis('two processes on one Redis', () => {
  const running = useRedisBehindRest()

  describe.each(['tcp', 'rest'] as const)('over %s,', (kind) => {
    let partner: Partner
    let cache: RedisCacheManager

    beforeAll(async () => {
      const { url, token } = running.endpoint
      partner = await Partner.start(
        kind === 'tcp' ? { kind, url: running.server.url } : { kind, url, token },
      )
    })
    afterAll(() => partner.kill())

    beforeEach(async () => {
      await running.behind.request({ path: [], body: ['FLUSHALL'] })
      const { url, token } = running.endpoint
      const redis =
        kind === 'tcp' ? tcpTransport({ url: running.server.url }) : restTransport({ url, token })
      cache = new RedisCacheManager({ redis, deadline: '10s' })
    })
    afterEach(() => cache.close())

    const read = (value: string): Promise<string> =>
      cache.getOrSet(KEY, () => value, { tags: TAGS })

    test.each(CALLS)(
      '%s while the other process loads: the value of that load is never served later',
      async (_name, call) => {
        const old = partner.read({ key: KEY, tags: TAGS, value: 'old', held: true })
        await old.called

        await call(cache)
        old.release()
        await old.value

        expect(await cache.get(KEY)).toBeUndefined()
        expect(await partner.get(KEY)).toBeUndefined()
        expect(await read('new')).toBe('new')
        expect(await partner.get(KEY)).toBe('new')
      },
    )

    test.each(CALLS)(
      '%s while the other process loads: later reads in both processes get the new value',
      async (_name, call) => {
        const old = partner.read({ key: KEY, tags: TAGS, value: 'old', held: true })
        await old.called

        await call(cache)
        const there = partner.read({ key: KEY, tags: TAGS, value: 'new', held: false })
        const here = read('new')
        old.release()

        expect(await Promise.all([there.value, here])).toEqual(['new', 'new'])
        await old.value
        expect(await cache.get(KEY)).toBe('new')
      },
    )

    test('set while the other process loads: the value that was set stays', async () => {
      const old = partner.read({ key: KEY, tags: TAGS, value: 'old', held: true })
      await old.called

      expect(await cache.set(KEY, 'set', { tags: TAGS })).toBe('stored')
      old.release()
      await old.value

      expect(await cache.get(KEY)).toBe('set')
      expect(await partner.get(KEY)).toBe('set')
    })

    test('delete while this process loads: the other process starts a new load at once', async () => {
      const held = Promise.withResolvers<string>()
      const called = Promise.withResolvers<void>()
      const old = cache.getOrSet(KEY, () => {
        called.resolve()
        return held.promise
      })
      await called.promise

      await cache.delete(KEY)
      const there = partner.read({ key: KEY, tags: [], value: 'new', held: false })

      expect(await there.value).toBe('new')
      held.resolve('old')
      expect(await old).toBe('old')
      expect(await cache.get(KEY)).toBe('new')
    })

    test('readers in both processes wait for one load', async () => {
      const load = partner.read({ key: KEY, tags: TAGS, value: 'loaded there', held: true })
      await load.called
      const here = Array.from({ length: 50 }, () => read('loaded here'))
      const there = Array.from({ length: 50 }, () =>
        partner.read({ key: KEY, tags: TAGS, value: 'loaded twice', held: false }),
      )
      load.release()

      const values = await Promise.all([...here, ...there.map(({ value }) => value)])

      expect(new Set(values)).toEqual(new Set(['loaded there']))
      expect(load.loads).toBe(1)
      expect(there.filter(({ loads }) => loads > 0)).toEqual([])
    })
  })

  // I3
  test('a process that dies during a load delays the other by at most its lease', async () => {
    const partner = await Partner.start({ kind: 'tcp', url: running.server.url })
    const cache = new RedisCacheManager({
      redis: tcpTransport({ url: running.server.url }),
      deadline: '10s',
    })
    await cache.clear()
    await cache.delete(KEY)
    const orphan = partner.read({ key: KEY, tags: [], value: 'old', held: true, hardTimeout: 100 })
    orphan.value.catch(() => undefined)
    await orphan.called
    await partner.kill()

    expect(await cache.getOrSet(KEY, () => 'loaded after the crash')).toBe('loaded after the crash')
    expect(await cache.get(KEY)).toBe('loaded after the crash')
    await cache.close()
  })
})
