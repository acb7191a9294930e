import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { seeker } from '../../../src/cache/seek.ts'
import { InvalidOptionError, LoaderTimeoutError } from '../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { networkError } from '../../../src/redis/failure.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { holdLoader, intercept } from './bench.ts'

type Load = () => Promise<unknown>

const SECOND = 1_000
const MINUTE = 60 * SECOND
const outage = new Error('database is down')

describe('Time limits', () => {
  let random: number
  let platform: ManualPlatform
  let engine: EmbeddedRedis

  beforeEach(() => {
    random = 0.5
    platform = new ManualPlatform({ random: () => random })
    engine = new EmbeddedRedis({ platform })
  })

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({ redis: embeddedTransport({ engine }), platform, jitter: 0, ...options })

  describe('with a soft loader timeout', () => {
    const options = { ttl: '1m', staleIfError: '10m', loaderTimeout: { soft: 100 } } as const

    test('a stale entry is served after it, and the load is stored when it ends', async () => {
      const cache = make(options)
      await cache.set('k', 'old')
      await platform.advance(MINUTE)
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      await held.called

      await platform.advance(100)
      expect(await read).toBe('old')
      held.release('new')
      await platform.settle()

      expect(await cache.get('k')).toBe('new')
    })

    test('the value of a faster load is returned', async () => {
      const cache = make(options)
      await cache.set('k', 'old')
      await platform.advance(MINUTE)
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      await held.called

      await platform.advance(99)
      held.release('new')

      expect(await read).toBe('new')
    })

    test('a load without a stale entry is waited for until the hard timeout', async () => {
      const cache = make({ ...options, loaderTimeout: { soft: 100, hard: 1_000 } })
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      const rejected = expect(read).rejects.toThrow(LoaderTimeoutError)
      await held.called

      await platform.advance(999)
      await platform.advance(1)

      await rejected
    })

    test('a load that fails after it affects no caller', async () => {
      const cache = make(options)
      await cache.set('k', 'old')
      await platform.advance(MINUTE)
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load)
      await held.called
      await platform.advance(100)
      expect(await read).toBe('old')

      held.fail(outage)
      await platform.settle()

      expect(await cache.getOrSet('k', () => 'new')).toBe('new')
    })
  })

  describe('a lease', () => {
    const ways: readonly (readonly [string, (cache: RedisCacheManager, load: Load) => unknown])[] =
      [
        ['a load', (cache, load) => cache.getOrSet('k', load)],
        [
          'loads of many',
          (cache, load) => cache.getOrSetMany(['k'], async () => new Map([['k', await load()]])),
        ],
        ['a read that expects nothing', (cache, load) => seeker(cache).getOrSet('k', load, {})],
      ]

    test.each(ways)('ends soon after the process that held it has died: of %s', async (_, read) => {
      // The clock of the dead process stands still, and it sends nothing more.
      const dead = make({ platform: new ManualPlatform(), loaderTimeout: { hard: '10m' } })
      const held = holdLoader()
      void read(dead, held.load)
      await held.called
      const loader = vi.fn(() => 'by the waiter')
      const waiting = make({ loaderTimeout: { hard: '10m' } }).getOrSet('k', loader)

      await platform.advance(6 * SECOND - 1)
      expect(loader).not.toHaveBeenCalled()
      // A waiter looks at least every quarter of a second.
      await platform.advance(300)

      expect(await waiting).toBe('by the waiter')
      expect(await make().get('k')).toBe('by the waiter')
    })

    test('of a loader with a short timeout ends sooner, and one waiter takes over', async () => {
      const options = { loaderTimeout: { hard: 500 } } as const
      const held = holdLoader()
      void make({ ...options, platform: new ManualPlatform() }).getOrSet('k', held.load)
      await held.called
      const loader = vi.fn(() => 'by a waiter')
      const waiting = [make(options), make(options)].map((waiter) => waiter.getOrSet('k', loader))

      await platform.advance(2.5 * SECOND - 1)
      expect(loader).not.toHaveBeenCalled()
      await platform.advance(600)

      expect(await Promise.all(waiting)).toEqual(['by a waiter', 'by a waiter'])
      expect(loader).toHaveBeenCalledTimes(1)
      expect(await make().get('k')).toBe('by a waiter')
    })

    test.each(ways)('lasts while the loader runs: of %s', async (_, read) => {
      const held = holdLoader()
      const slow = read(make({ loaderTimeout: { hard: '10m' } }), held.load)
      await held.called
      const loader = vi.fn(() => 'by the waiter')
      const waiting = make({ loaderTimeout: { hard: '10m' } }).getOrSet('k', loader)

      await platform.advance(MINUTE)
      held.release('by the holder')
      await slow
      await platform.advance(SECOND)

      expect(await waiting).toBe('by the holder')
      expect(loader).not.toHaveBeenCalled()
    })

    test('is prolonged by one command every two seconds, and not once for a load that is faster', async () => {
      const cache = make()
      const counts = cache.redis.counts
      const held = holdLoader()
      const slow = cache.getOrSet('k', held.load)
      await held.called
      const before = counts.commands

      await platform.advance(2 * SECOND - 1)
      expect(counts.commands).toBe(before)
      await platform.advance(5 * SECOND)
      expect(counts.commands).toBe(before + 3)
      held.release('v')
      await slow
      await platform.advance(MINUTE)

      expect(counts.commands).toBe(before + 4)
    })

    test('that could not be prolonged for a while still allows storing', async () => {
      let isAway = false
      const redis = embeddedTransport({ engine })
      const away = intercept(redis, async (request) => {
        if (isAway) throw networkError('EVALSHA', { code: 'ECONNREFUSED' })
        return redis.request(request)
      })
      const cache = make({ redis: away })
      const held = holdLoader()
      const slow = cache.getOrSet('k', held.load)
      await held.called

      isAway = true
      await platform.advance(5 * SECOND)
      isAway = false
      held.release('v')

      expect(await slow).toBe('v')
      expect(await cache.get('k')).toBe('v')
    })

    test('that a delete has dropped is not restored', async () => {
      const cache = make()
      const held = holdLoader()
      const slow = cache.getOrSet('k', held.load)
      await held.called
      await cache.delete('k')

      await platform.advance(5 * SECOND)

      expect(engine.execute(['KEYS', '*:l:*'])).toEqual({ result: [] })
      expect(await make().getOrSet('k', () => 'new')).toBe('new')
      held.release('old')
      expect(await slow).toBe('old')
      expect(await cache.get('k')).toBe('new')
    })

    test('ends a while after the hard timeout, and a waiter takes over', async () => {
      const holder = make({ loaderTimeout: { hard: '5s' } })
      const waiter = make({ loaderTimeout: { hard: '30s' } })
      const held = holdLoader()
      const dead = expect(holder.getOrSet('k', held.load)).rejects.toThrow(LoaderTimeoutError)
      await held.called
      const loader = vi.fn(() => 'by the waiter')
      const waiting = waiter.getOrSet('k', loader)

      await platform.advance(5 * SECOND)
      await dead
      expect(loader).not.toHaveBeenCalled()
      await platform.advance(3 * SECOND)

      expect(await waiting).toBe('by the waiter')
      held.release('from the dead')
      await platform.settle()
      expect(await holder.get('k')).toBe('by the waiter')
    })

    test('that ends without an entry is taken over by one waiter, and the others wait for it', async () => {
      const options = { loaderTimeout: { hard: '5s' } } as const
      const held = holdLoader()
      const dead = expect(make(options).getOrSet('k', held.load)).rejects.toThrow()
      await held.called
      const next = holdLoader()
      const waiters = [make(options), make(options), make(options)]
      const waiting = waiters.map((waiter) => waiter.getOrSet('k', next.load))

      await platform.advance(10 * SECOND)
      await dead
      expect(next.calls).toBe(1)
      next.release('by one waiter')
      await platform.advance(SECOND)

      expect(await Promise.all(waiting)).toEqual(waiters.map(() => 'by one waiter'))
      expect(next.calls).toBe(1)
      expect(await make().get('k')).toBe('by one waiter')
    })

    test('that follows another delays no waiter for longer than two leases last', async () => {
      const loader = vi.fn(() => 'by the waiter')
      const grant = (to: string) => engine.execute(['SET', 'nc:default:l:{k}', `${to}-1`])
      grant('first')
      const waiting = make({ loaderTimeout: { hard: '5s' } }).getOrSet('k', loader)

      for (let seconds = 0; seconds < 13; seconds++) {
        await platform.advance(SECOND)
        grant(`holder-${seconds}`)
      }
      expect(loader).not.toHaveBeenCalled()
      await platform.advance(2 * SECOND)

      expect(await waiting).toBe('by the waiter')
      expect(await make().get('k')).toBeUndefined()
    })

    test('a waiter that has waited long enough loads for itself, and does not store', async () => {
      const holder = make({ loaderTimeout: { hard: '1h' } })
      const waiter = make({ loaderTimeout: { hard: '1s' } })
      const held = holdLoader()
      const slow = holder.getOrSet('k', held.load)
      await held.called
      const waiting = waiter.getOrSet('k', () => 'by the waiter')

      await platform.advance(4 * SECOND)

      expect(await waiting).toBe('by the waiter')
      expect(await waiter.get('k')).toBeUndefined()
      held.release('by the holder')
      expect(await slow).toBe('by the holder')
      expect(await waiter.get('k')).toBe('by the holder')
    })

    test('a waiter that gives up honours what was invalidated while it waited', async () => {
      const holder = make({ loaderTimeout: { hard: '1h' } })
      const waiter = make({ loaderTimeout: { hard: '1s' } })
      const held = holdLoader()
      const slow = holder.getOrSet('k', held.load, { tags: ['t'] })
      await held.called
      await waiter.invalidateTags(['t'])
      const waiting = waiter.getOrSet('k', () => 'new', { tags: ['t'] })
      await platform.advance(4 * SECOND)
      expect(await waiting).toBe('new')

      held.release('old')
      await slow

      expect(await waiter.get('k', { tags: ['t'] })).toBeUndefined()
    })

    test('of a ticket lasts as long again from when it is extended, unless it has ended', async () => {
      const cache = make({ loaderTimeout: { hard: '1s' } })
      const [ticket, other] = [await cache.begin('k'), await cache.begin('other')]
      await platform.advance(2_000)
      await ticket.extend()
      await platform.advance(2_000)
      await other.extend()

      expect(await ticket.commit('computed')).toBe('stored')
      expect(await other.commit('late')).toBe('superseded')
    })

    test('of a ticket ends too: what is committed later is superseded', async () => {
      const cache = make({ loaderTimeout: { hard: '1s' } })
      const ticket = await cache.begin('k')

      await platform.advance(3 * SECOND)

      expect(await ticket.commit('late')).toBe('superseded')
      expect(await cache.get('k')).toBeUndefined()
    })
  })

  test('work in the background is handed to the host, also when a caller aborts', async () => {
    const cache = make()
    const held = holdLoader()
    const caller = new AbortController()
    const read = cache.getOrSet('k', held.load, { signal: caller.signal })
    await held.called

    caller.abort(outage)
    await expect(read).rejects.toBe(outage)
    held.release('v')
    await platform.settle()

    expect(await cache.get('k')).toBe('v')
  })

  test('a caller whose signal is aborted already begins nothing', async () => {
    const cache = make()
    const signal = AbortSignal.abort(outage)
    const loader = vi.fn(() => 'v')

    await expect(cache.getOrSet('k', loader, { signal })).rejects.toBe(outage)
    await expect(cache.get('k', { signal })).rejects.toBe(outage)
    await expect(cache.getMany(['k'], { signal })).rejects.toBe(outage)
    await expect(cache.set('k', 'v', { signal })).rejects.toBe(outage)
    await expect(cache.setMany(new Map([['k', 'v']]), { signal })).rejects.toBe(outage)
    await expect(cache.begin('k', { signal })).rejects.toBe(outage)
    await expect(cache.touch('k', { signal })).rejects.toBe(outage)
    await expect(cache.amend('k', loader, { signal })).rejects.toBe(outage)
    await platform.settle()

    expect(loader).not.toHaveBeenCalled()
    expect(cache.redis.counts.requests).toBe(0)
  })

  test('a caller whose signal is aborted already gets no near copy either', async () => {
    const cache = make({ near: { ttl: '1h' } })
    const signal = AbortSignal.abort(outage)
    await cache.getOrSet('k', () => 'v')

    await expect(cache.getOrSet('k', () => 'new', { signal })).rejects.toBe(outage)
    await expect(cache.get('k', { signal })).rejects.toBe(outage)
    expect(await cache.get('k')).toBe('v')
  })

  test('a write continues after its caller aborts, and listeners learn how it ended', async () => {
    const cache = make()
    const heard = vi.fn()
    cache.subscribe(({ operation, outcome }) => heard(operation, outcome.kind))
    const caller = new AbortController()
    const writing = cache.set('k', 'v', { signal: caller.signal })

    caller.abort(outage)
    await expect(writing).rejects.toBe(outage)
    await platform.settle()

    expect(heard).toHaveBeenCalledExactlyOnceWith('set', 'stored')
    expect(await cache.get('k')).toBe('v')
  })

  test('a ticket whose caller has aborted is given back', async () => {
    const cache = make()
    const caller = new AbortController()
    const taking = cache.begin('k', { signal: caller.signal })

    caller.abort(outage)
    await expect(taking).rejects.toBe(outage)
    await platform.settle()

    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(await cache.get('k')).toBe('loaded')
  })

  test('a ticket with invalid options is refused by a rejection, as every call is', async () => {
    await expect(make().begin('k', { ttl: -1 })).rejects.toThrow(InvalidOptionError)
  })
})
