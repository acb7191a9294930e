import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { type Figures, mergeFigures, WHOLE_CACHE } from '../../../src/monitor/figures.ts'
import { HotKeys } from '../../../src/monitor/hot-keys.ts'
import {
  type Batch,
  Metrics,
  type MetricsSink,
  OTHER_CACHES,
} from '../../../src/monitor/metrics.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { summarize } from '../../../src/monitor/summary.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Requester } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'
import { found } from '../../support/findings.ts'
import { turns } from '../../support/turns.ts'

/** A sink that keeps its batches, and fails as often as it is told to. */
class Shelf implements MetricsSink {
  readonly name = 'shelf'
  readonly batches: Batch[] = []
  failures = 0

  async write(batch: Batch): Promise<void> {
    if (this.failures > 0) {
      this.failures--
      throw new Error('The shelf is full')
    }
    this.batches.push(batch)
  }

  get last(): Figures {
    return this.batches.at(-1)?.figures ?? new Map()
  }
}

describe('Metrics', () => {
  let platform: ManualPlatform
  let redis: FaultyRequester
  let shelf: Shelf

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = faultyRequester(embeddedTransport({ platform }))
    shelf = new Shelf()
  })

  const make = (requester: Requester = redis): RedisCacheManager =>
    new RedisCacheManager({ redis: requester, platform, retries: 0 })

  const counting = (cache: RedisCacheManager, rest = {}): Metrics =>
    new Metrics({ cache, sinks: [shelf], ...rest })

  const counterOf = (figures: Figures, code: string, cache = 'default'): number =>
    figures.get(cache)?.counters.get(code) ?? 0

  test('count hits, misses by reason, loads and sets of each namespace', async () => {
    const cache = make()
    const metrics = counting(cache)
    const mail = cache.namespace('mail')

    await cache.getOrSet('a', () => 1, { tags: ['t'] })
    await cache.getOrSet('a', () => 1, { tags: ['t'] })
    await cache.get('none')
    await cache.invalidateTags(['t'])
    await cache.get('a', { tags: ['t'] })
    await mail.set('m', 1)
    await mail.delete('m')
    await metrics.flush()

    const counts = (path: string) => Object.fromEntries(shelf.last.get(path)?.counters ?? [])
    expect(counts('default')).toEqual({ hr: 1, 'm.absent': 2, 'm.invalidated': 1, l: 1, ih: 1 })
    expect(counts('default/mail')).toEqual({ s: 1, d: 1 })
  })

  test('count near hits, although they cause no events', async () => {
    const cache = new RedisCacheManager({ redis, platform, near: { ttl: '1h' } })
    const heard: string[] = []
    const metrics = counting(cache)
    cache.subscribe((event) => heard.push(event.outcome.kind), { nearHits: false })
    await cache.getOrSet('a', () => 1)

    for (let i = 0; i < 5; i++) await cache.getOrSet('a', () => 1)
    await cache.getMany(['a'])
    await metrics.flush()

    expect(counterOf(shelf.last, 'hn')).toBe(6)
    expect(heard).not.toContain('hit')
    expect(summarize(shelf.last)).toMatchObject({ lookups: 7, hits: 6, nearHits: 6, misses: 1 })
  })

  test('count requests and commands as the guard does', async () => {
    const cache = make()
    const metrics = counting(cache)
    await Promise.all([cache.get('a'), cache.set('b', 1)])
    const { requests, commands } = cache.redis.counts
    await metrics.flush()

    expect(counterOf(shelf.last, 'rr', '')).toBe(requests)
    expect(counterOf(shelf.last, 'rc', '')).toBe(commands)
  })

  test('sort errors by operation and kind', async () => {
    const cache = make()
    const metrics = counting(cache)
    redis.fate = () => ({ kind: 'answer', answer: { error: 'NOAUTH no' } })
    await cache.getOrSet('a', () => 1)
    await cache.set('a', 1).catch(() => undefined)
    redis.fate = () => ({ kind: 'pass' })
    platform.jump(10_000)
    await cache.getOrSet('b', () => Promise.reject(new Error('no'))).catch(() => undefined)
    await metrics.flush()

    // An opening circuit is reported at once, so there are two batches.
    const all = mergeFigures(shelf.batches.map(({ figures }) => figures))
    expect(counterOf(all, 'e.read.auth')).toBe(1)
    expect(counterOf(all, 'e.write.breaker')).toBe(1)
    expect(counterOf(all, 'e.read.loader')).toBe(1)
    expect(counterOf(all, 'lf')).toBe(1)
    expect(counterOf(all, 'bo')).toBe(1)
    // A failure of the loader is not an error of the cache.
    expect(summarize(all)).toMatchObject({ errors: 3, errorRate: 1 })
  })

  test('time look-ups that ask Redis, sets and loads', async () => {
    const cache = make()
    const metrics = counting(cache)
    await cache.getOrSet('a', async () => {
      platform.jump(40)
      return 1
    })
    await metrics.flush()

    const { getMs, loadMs } = summarize(shelf.last)
    expect(loadMs).toMatchObject({ count: 1, mean: 40 })
    expect(getMs.count).toBe(1)
    expect(getMs.p95).toBeGreaterThan(36)
    expect(getMs.p95).toBeLessThan(44)
  })

  describe('are passed on', () => {
    test('with the first operation after the interval', async () => {
      const cache = make()
      counting(cache, { interval: '10s' })
      await cache.get('a')
      platform.jump(9_999)
      await cache.get('a')
      await platform.settle()
      expect(shelf.batches).toHaveLength(0)

      platform.jump(1)
      await cache.get('a')
      await platform.settle()

      expect(shelf.batches).toHaveLength(1)
      expect(counterOf(shelf.last, 'm.absent')).toBe(3)
    })

    test('just as soon if the clock was set back by more than the interval', async () => {
      const cache = make()
      counting(cache, { interval: '10s' })
      platform.jump(-3_600_000)
      await cache.get('a')
      await platform.settle()

      expect(shelf.batches).toHaveLength(1)
    })

    test('after a number of operations, and at once when the circuit opens', async () => {
      const cache = make()
      counting(cache, { maxOperations: 3 })
      for (let i = 0; i < 3; i++) await cache.get('a')
      await platform.settle()
      expect(shelf.batches).toHaveLength(1)

      redis.fate = () => ({ kind: 'answer', answer: { error: 'NOAUTH no' } })
      await cache.get('a')
      await platform.settle()

      expect(shelf.batches.length).toBeGreaterThanOrEqual(2)
    })

    test('once each, with a sequence that grows, and no empty ones', async () => {
      const cache = make()
      const metrics = counting(cache)
      await cache.get('a')
      await metrics.flush()
      await metrics.flush()
      await cache.get('a')
      await metrics.stop()
      await cache.get('a')
      await metrics.flush()

      expect(shelf.batches.map(({ sequence }) => sequence)).toEqual([1, 2])
      expect(new Set(shelf.batches.map(({ source }) => source)).size).toBe(1)
    })

    test('a second time to a sink that failed, and never a third', async () => {
      const cache = make()
      const metrics = counting(cache)
      shelf.failures = 1
      await cache.get('a')
      await metrics.flush()
      expect(shelf.batches).toHaveLength(1)

      shelf.failures = 2
      await cache.get('a')
      await metrics.flush()
      await cache.get('a')
      await metrics.flush()

      expect(metrics.lostBatches).toBe(1)
      // Only one interval was lost: two of three reads were passed on.
      const told = shelf.batches.map(({ figures }) => counterOf(figures, 'm.absent'))
      expect(told).toEqual([1, 1])
    })
  })

  test('go to the other sinks, and go on, when a sink throws instead of rejecting', async () => {
    const cache = make()
    const thrower: MetricsSink = {
      name: 'thrower',
      write: () => {
        throw new Error('No figures for me')
      },
    }
    const metrics = new Metrics({ cache, sinks: [thrower, shelf] })
    for (let i = 0; i < 3; i++) {
      await cache.get('k')
      await metrics.flush()
    }

    expect(shelf.batches).toHaveLength(3)
    expect(metrics.lostBatches).toBe(3)
  })

  test('go on after a batch that never settles, as its request may have ended', async () => {
    const cache = make()
    let isFirst = true
    const sink: MetricsSink = {
      name: 'sink',
      write: (batch) => {
        const isCutOff = isFirst
        isFirst = false
        return isCutOff ? new Promise(() => undefined) : shelf.write(batch)
      },
    }
    const metrics = counting(cache, { sinks: [sink] })
    await cache.get('a')
    const cutOff = metrics.flush()
    await cache.get('b')

    const flushed = metrics.flush()
    await turns()
    expect(shelf.batches).toEqual([])
    await platform.advance(10_000)
    await flushed
    await cutOff

    expect(shelf.batches).toMatchObject([{ sequence: 2 }])
    expect(metrics.lostBatches).toBe(1)
  })

  test('name no more namespaces than the option allows', async () => {
    const cache = make()
    const metrics = counting(cache, { maxCaches: 2 })
    for (const name of ['a', 'b', 'c', 'd']) await cache.namespace(name).get('k')
    await metrics.flush()

    const named = [...shelf.last.keys()].toSorted()
    expect(named).toEqual([WHOLE_CACHE, OTHER_CACHES, 'default/a', 'default/b'])
    expect(counterOf(shelf.last, 'm.absent', OTHER_CACHES)).toBe(2)
  })

  test('name the same namespaces in every batch, however many come later', async () => {
    const cache = make()
    const metrics = counting(cache, { maxCaches: 2 })
    for (const name of ['a', 'b', 'c', 'a', 'd']) {
      await cache.namespace(name).get('k')
      await metrics.flush()
    }

    const named = shelf.batches.flatMap(({ figures }) => [...figures.keys()])
    const [a, b] = ['default/a', 'default/b']
    const later = named.filter((name) => name !== WHOLE_CACHE)
    expect(later).toEqual([a, b, OTHER_CACHES, a, OTHER_CACHES])
  })

  test.each([
    ['interval', { interval: 0 }],
    ['maxOperations', { maxOperations: 0 }],
    ['maxCaches', { maxCaches: 1.5 }],
  ])('refuse an unusable %s', (option, options) => {
    expect(() => counting(make(), options)).toThrow(`"${option}"`)
  })

  test('of 50 isolates add up to the exact sums, even if batches are sent twice', async ({
    task,
  }) => {
    const engine = embeddedTransport({ platform })
    const truth = { lookups: 0, hits: 0, sets: 0 }
    const isolates = Array.from({ length: 50 }, () => {
      const lossy = faultyRequester(engine)
      const cache = new RedisCacheManager({ redis: lossy, platform, retries: 0 })
      const figures = new RedisFigures({ cache })
      const metrics = new Metrics({ cache, platform, sinks: [figures] })
      return { lossy, cache, metrics }
    })
    await isolates[0]?.cache.set('shared', 1)
    for (const [i, { lossy, cache, metrics }] of isolates.entries()) {
      for (let n = 0; n <= i % 7; n++) {
        await cache.get('shared')
        await cache.get('none')
        await cache.set(`k${i}`, n)
        truth.lookups += 2
        truth.hits += 1
        truth.sets += 1
      }
      if (i % 3 === 0) {
        // The batch arrives, its reply is lost, and it is sent again.
        let first = true
        lossy.fate = () => {
          const isFirst = first
          first = false
          return isFirst ? { kind: 'lose-reply', error: new Error('lost') } : { kind: 'pass' }
        }
      }
      await metrics.flush()
      platform.jump(1_000)
    }
    const [one] = isolates
    const reader = new RedisFigures({ cache: one?.cache ?? expect.unreachable() })

    const total = summarize(await reader.readTotal())
    const recent = summarize(await reader.readRecent(platform.now(), 5))
    const hours = await reader.readHours(platform.now(), 2)

    const counted = { ...truth, sets: truth.sets + 1 }
    const names = ['lookups', 'hits', 'sets'] as const
    const wrong = [total, recent].flatMap((one) =>
      names.filter((name) => one[name] !== counted[name]),
    )
    found(task, 'figures of 50 isolates', { lookups: total.lookups, wrong: wrong.length })
    expect(total).toMatchObject(counted)
    expect(recent).toMatchObject(counted)
    expect(summarize(hours.at(-1)?.figures ?? new Map()).lookups).toBe(truth.lookups)
  })

  test('lose at most an interval with an isolate that dies, and one batch with a flush that fails', async ({
    task,
  }) => {
    const engine = embeddedTransport({ platform })
    const lossy = faultyRequester(engine)
    const cache = new RedisCacheManager({ redis: lossy, platform, retries: 0 })
    const figures = new RedisFigures({ cache })
    const metrics = new Metrics({ cache, platform, sinks: [figures], interval: '10s' })
    let flushes = 0
    lossy.fate = ({ body }) => {
      if (!JSON.stringify(body).includes('{figures}')) return { kind: 'pass' }
      flushes++
      // The third batch fails at both attempts.
      return flushes === 3 || flushes === 4
        ? { kind: 'fail', error: new Error('no way') }
        : { kind: 'pass' }
    }
    // A look-up per second; the isolate dies after a minute and a half.
    for (let second = 0; second < 95; second++) {
      await cache.get('k')
      await platform.settle()
      platform.jump(1_000)
    }

    const { lookups } = summarize(await new RedisFigures({ cache }).readTotal())

    const lostByFailure = 10
    const lostWithIsolate = 95 - lostByFailure - lookups
    found(task, 'look-ups lost', { told: lookups, lostByFailure, lostWithIsolate })
    expect(metrics.lostBatches).toBe(1)
    expect(lostWithIsolate).toBeGreaterThanOrEqual(0)
    expect(lostWithIsolate).toBeLessThanOrEqual(10)
  })

  test('in Redis cost one command per batch, and expire', async () => {
    const cache = make()
    const figures = new RedisFigures({ cache, keepMinutes: '1h' })
    const metrics = new Metrics({ cache, platform, sinks: [figures] })
    await cache.get('a')
    await metrics.flush()
    const before = cache.redis.counts.commands

    await cache.get('a')
    await metrics.flush()
    expect(cache.redis.counts.commands - before).toBe(2)

    const [slice] = await figures.readMinutes(platform.now(), 1)
    expect(summarize(slice?.figures ?? new Map()).lookups).toBe(2)
    platform.jump(3_600_001)
    const old = await figures.readMinutes(platform.now() - 3_600_001, 1)
    expect(old[0]?.figures.size).toBe(0)
    expect(summarize(await figures.readTotal()).lookups).toBe(2)
  })

  test.each([
    ['cache', {}],
    ['sinks', { sinks: undefined }],
    ['sinks', { sinks: [{}] }],
  ])('refuses to be made without %s: %o', (option, change) => {
    const refusal = expect.objectContaining({ code: 'ERR_INVALID_OPTION', option })
    const options = option === 'cache' ? { sinks: [] } : { cache: make(), ...change }

    expect(() => new Metrics(options as never)).toThrow(refusal)
  })

  test('a monitor refuses a window of which no figures are kept any more', () => {
    const cache = make()
    const monitor = (keepMinutes: '2h' | '1m', window?: '2h' | '121m') => () =>
      new CacheMonitor({
        cache,
        figures: new RedisFigures({ cache, keepMinutes }),
        ...(window && { window }),
      })

    expect(monitor('2h', '2h')).not.toThrow()
    expect(monitor('1m')).not.toThrow()
    expect(monitor('2h', '121m')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'window' }),
    )
  })

  test('figures, hot keys and a monitor too are refused without a cache', () => {
    const refusal = expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'cache' })

    expect(() => new RedisFigures({} as never)).toThrow(refusal)
    expect(() => new HotKeys({} as never)).toThrow(refusal)
    expect(
      () => new CacheMonitor({ figures: new RedisFigures({ cache: make() }) } as never),
    ).toThrow(refusal)
  })
})
