import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { CircuitOpenError, RemoteError, RemoteTimeoutError } from '../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type Fate, type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
const away: Fate = { kind: 'fail', error: reset }
const loseReply: Fate = { kind: 'lose-reply', error: reset }
const hang: Fate = { kind: 'hang' }
const pass: Fate = { kind: 'pass' }

const WRITES: readonly (readonly [string, (cache: RedisCacheManager) => Promise<unknown>])[] = [
  ['set', (cache) => cache.set('k', 1)],
  ['relaxed set', (cache) => cache.set('k', 1, { consistency: 'relaxed' })],
  ['setMany', (cache) => cache.setMany(new Map([['k', 1]]))],
  ['begin', (cache) => cache.begin('k')],
  ['touch', (cache) => cache.touch('k')],
  ['delete', (cache) => cache.delete('k')],
  ['invalidateTags', (cache) => cache.invalidateTags(['t'])],
  ['soft invalidateTags', (cache) => cache.invalidateTags(['t'], { mode: 'soft' })],
  ['invalidatePattern', (cache) => cache.invalidatePattern('k*')],
  ['clear', (cache) => cache.clear()],
]

/** Answers that no Redis gives. `null` would be a valid reply, but not a whole answer as here. */
const NONSENSE: readonly unknown[] = [
  undefined,
  null,
  'OK',
  {},
  [],
  { result: { a: 1 } },
  { result: [] },
  { result: [null] },
  { result: 'Aborted' },
  { result: 7 },
  { result: [7, 8, 9, 10] },
  { error: 'ERR something else' },
  { error: 'WRONGTYPE Operation against a key' },
  { error: 'OOM command not allowed' },
]

describe('While Redis is down', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let redis: FaultyRequester

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    redis = faultyRequester(embeddedTransport({ engine }))
  })

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({ redis, platform, jitter: 0, retries: 0, ...options })

  /** `fate` applies to the n-th request from now only, or to all from there on. */
  function fail(nth: number, fate: Fate, andAllAfter = false): void {
    const from = redis.requests.length + nth
    redis.fate = () => {
      const now = redis.requests.length
      return now === from || (andAllAfter && now > from) ? fate : pass
    }
  }

  describe('reads fail open:', () => {
    test('the loader answers, and the read is reported as unavailable', async () => {
      const cache = make()
      redis.fate = () => away

      expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
      expect(await cache.get('k')).toBeUndefined()
      expect(await cache.has('k')).toBe(false)
      expect(await cache.getMany(['k'])).toEqual(new Map())
      expect((await cache.lookup('k')).outcome).toMatchObject({
        kind: 'miss',
        reason: 'unavailable',
      })
    })

    test('many keys are loaded by one loader call', async () => {
      const cache = make()
      redis.fate = () => away
      const loader = vi.fn(async (keys: readonly string[]) => new Map(keys.map((k) => [k, k])))

      const values = await cache.getOrSetMany(['a', 'b'], loader)

      expect(values).toEqual(
        new Map([
          ['a', 'a'],
          ['b', 'b'],
        ]),
      )
      expect(loader).toHaveBeenCalledTimes(1)
    })

    test('a thousand readers of one key in a tick still load it once', async () => {
      const cache = make()
      redis.fate = () => away
      const loader = vi.fn(async () => 'loaded')

      const values = await Promise.all(
        Array.from({ length: 1_000 }, () => cache.getOrSet('k', loader)),
      )

      expect(new Set(values)).toEqual(new Set(['loaded']))
      expect(loader).toHaveBeenCalledTimes(1)
    })

    test('a Redis that never answers delays readers by one deadline, and later ones not at all', async () => {
      const cache = make({ deadline: 200, breaker: { threshold: 1, cooldownMs: 60_000 } })
      redis.fate = () => hang
      const read = cache.getOrSet('k', () => 'loaded')
      await platform.advance(200)
      expect(await read).toBe('loaded')
      const sent = redis.requests.length

      expect(await cache.getOrSet('k', () => 'loaded again')).toBe('loaded again')
      expect(redis.requests).toHaveLength(sent)
    })

    test('the cache is used again when Redis is back', async () => {
      const cache = make({ breaker: { threshold: 1, cooldownMs: 1_000 } })
      redis.fate = () => away
      await cache.getOrSet('k', () => 'loaded')
      redis.fate = () => pass
      await platform.advance(1_000)

      await cache.getOrSet('k', () => 'stored')

      expect(await cache.get('k')).toBe('stored')
      expect((await cache.getStats()).remote.circuit).toBe('closed')
    })

    test("the caller gets the loader's error, not the error of Redis", async () => {
      const outage = new Error('database is down, too')
      redis.fate = () => away

      await expect(make().getOrSet('k', () => Promise.reject(outage))).rejects.toBe(outage)
    })

    test.each([1, 2, 3])('a miss whose request %i fails is answered by its loader', async (nth) => {
      for (const fate of [away, loseReply]) {
        const cache = make({ namespace: `n${fate.kind}` })
        fail(nth, fate)

        expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
      }
    })

    test.each([1, 2])('a hit whose look %i fails is a miss', async (nth) => {
      const cache = make()
      await cache.set('k', 'stored', { tags: ['t'] })
      fail(nth, away)

      expect((await cache.lookup('k')).outcome).toMatchObject({ reason: 'unavailable' })
    })

    test('a copy that cannot be verified is not served', async () => {
      const cache = make({ near: { verify: true } })
      await cache.getOrSet('k', () => 'near')
      redis.fate = () => away

      expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    })

    test('a copy that is not verified in time delays the read by one deadline only', async () => {
      const cache = make({ near: { verify: true } })
      await cache.getOrSet('k', () => 'near')
      redis.fate = () => hang
      const read = cache.getOrSet('k', () => 'loaded')
      const lookup = cache.lookup('k')

      await platform.advance(500)

      expect(await read).toBe('loaded')
      expect((await lookup).outcome).toMatchObject({ kind: 'miss', reason: 'unavailable' })
    })

    test('stale entries are not served, because it is unknown whether they are valid', async () => {
      const cache = make({ ttl: 1_000, staleIfError: '1h', near: { ttl: '1h' } })
      await cache.getOrSet('k', () => 'old')
      await platform.advance(1_000)
      redis.fate = () => away

      expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    })
  })

  describe('writes fail with an error:', () => {
    test.each(WRITES)('%s rejects when no answer comes', async (_name, call) => {
      redis.fate = () => away
      await expect(call(make())).rejects.toBeInstanceOf(RemoteError)

      redis.fate = () => hang
      const late = expect(call(make())).rejects.toBeInstanceOf(RemoteTimeoutError)
      await platform.advance(500)
      await late

      const cache = make({ breaker: { threshold: 1, cooldownMs: 1_000 } })
      redis.fate = () => away
      await cache.get('k')
      await expect(call(cache)).rejects.toBeInstanceOf(CircuitOpenError)
    })

    test.each(WRITES)('%s whose reply was lost leaves no near copy', async (name, call) => {
      if (name === 'touch') return
      const cache = make({ near: { ttl: '1h' } })
      await cache.getOrSet('k', () => 'old', { tags: ['t'] })
      fail(1, loseReply)

      await expect(call(cache)).rejects.toBeInstanceOf(RemoteError)

      expect((await cache.lookup('k')).outcome).not.toMatchObject({ tier: 'near' })
    })

    test('getStats still returns what it knows', async () => {
      const cache = make()
      redis.fate = () => away

      expect(await cache.getStats()).toMatchObject({ totalKeys: undefined, memoryUsage: undefined })
    })
  })

  describe('requests that are sent again', () => {
    const patient = { retries: 2 }
    const soon = async <T>(work: Promise<T>): Promise<T> => {
      await platform.advance(400)
      return work
    }

    test.each([1, 2, 3])('after reply %i of a miss was lost: loaded once, stored', async (nth) => {
      const cache = make(patient)
      const loader = vi.fn(() => 'loaded')
      fail(nth, loseReply)

      expect(await soon(cache.getOrSet('k', loader, { tags: ['t'] }))).toBe('loaded')

      expect(loader).toHaveBeenCalledTimes(1)
      expect(await cache.get('k', { tags: ['t'] })).toBe('loaded')
      expect(engine.execute(['KEYS', '*:l:*'])).toEqual({ result: [] })
    })

    test.each([1, 2])('after reply %i of a set was lost: stored, not superseded', async (nth) => {
      const cache = make(patient)
      fail(nth, loseReply)

      expect(await soon(cache.set('k', 'v'))).toBe('stored')

      expect(await cache.get('k')).toBe('v')
    })

    test('after the reply of an invalidation was lost: invalidated', async () => {
      const cache = make(patient)
      await cache.set('k', 'old', { tags: ['t'] })
      fail(1, loseReply)

      await soon(cache.invalidateTags(['t']))

      expect(await cache.get('k')).toBeUndefined()
    })
  })

  describe('or answers nonsense,', () => {
    test.each([1, 2, 3])(
      'a miss whose answer %i is not one is answered by its loader',
      async (nth) => {
        for (const [i, answer] of NONSENSE.entries()) {
          const cache = make({ namespace: `n${i}` })
          fail(nth, { kind: 'answer', answer })

          expect(await cache.getOrSet('k', () => 'loaded', { tags: ['t'] })).toBe('loaded')
        }
      },
    )

    test.each(WRITES)('%s with a nonsensical answer rejects or is done', async (name, call) => {
      for (const answer of NONSENSE) {
        const cache = make()
        fail(1, { kind: 'answer', answer })

        const error: unknown = await call(cache).then(
          () => undefined,
          (reason) => reason,
        )

        expect(error === undefined || error instanceof RemoteError, `${name}: ${answer}`).toBe(true)
      }
    })
  })
})
