/**
 * Contract of the reads: get, lookup, has, getOrSet.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import type { StandardSchema } from '../../../src/cache/standard-schema.ts'
import { LoaderTimeoutError } from '../../../src/errors.ts'
import { type Bench, holdLoader } from './bench.ts'

const VALUES: readonly (readonly [kind: string, value: unknown])[] = [
  ['a text', 'Grüße, 世界 🌍'],
  ['an empty text', ''],
  ['a number', -12.5],
  ['zero', 0],
  ['false', false],
  ['a plain object', { id: 7, tags: ['a', 'b'], nested: { ok: true } }],
  ['an empty list', []],
  ['a Date', new Date(1_767_225_600_000)],
  ['a Map', new Map([['a', new Set([1, 2])]])],
  ['a bigint', 12_345_678_901_234_567_890n],
  ['bytes', Uint8Array.of(0, 127, 255)],
  ['NaN in a list', [Number.NaN, Number.POSITIVE_INFINITY]],
  ['a long text', 'x'.repeat(5_000)],
]

const numbersOnly: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number' ? { value } : { issues: [{ message: 'not a number' }] },
  },
}

/** Registers the tests. */
export function describeReads(bench: Bench): void {
  describe('get, lookup and has', () => {
    test('get returns undefined for a key that was never stored', async () => {
      const cache = bench.cache()

      expect(await cache.get('user:1')).toBeUndefined()
      expect(await cache.has('user:1')).toBe(false)
      expect(await cache.lookup('user:1')).toEqual({
        value: undefined,
        outcome: { kind: 'miss', reason: 'absent' },
      })
    })

    test.each(VALUES)('get returns %s as it was stored', async (_kind, value) => {
      await bench.cache().set('key', value)

      expect(await bench.cache().get('key')).toStrictEqual(value)
    })

    test('lookup distinguishes a stored undefined from an absent key', async () => {
      const cache = bench.cache()
      await cache.set('empty', undefined)

      expect(await cache.lookup('empty')).toEqual({
        value: undefined,
        outcome: { kind: 'hit', tier: 'remote', freshness: 'fresh' },
      })
      expect(await cache.has('empty')).toBe(true)
    })

    test('keys that look alike are different keys', async () => {
      const cache = bench.cache()
      const keys = [
        'a:b',
        'a%3Ab',
        'a/b',
        'a{b}',
        '{a}b',
        'A:B',
        ' a:b',
        'a:b\n',
        '*',
        '#',
        'é',
        'é',
      ]
      for (const key of keys) await cache.set(key, `value of ${key}`)

      for (const key of keys) expect(await cache.get(key)).toBe(`value of ${key}`)
    })

    test('two values read from Redis share nothing', async () => {
      const cache = bench.cache()
      await cache.set('list', [1])
      const first = await cache.get<number[]>('list')
      first?.push(2)

      expect(await cache.get('list')).toEqual([1])
    })

    test('a text that is not an entry is a miss, and a load replaces it', async () => {
      const cache = bench.cache()
      await cache.set('key', 'good')
      const [entry = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))
      await bench.send('SET', entry, 'somebody else wrote this')

      const { outcome } = await cache.lookup('key')
      expect(outcome).toMatchObject({ kind: 'miss', reason: 'corrupt' })
      expect(await cache.getOrSet('key', () => 'loaded')).toBe('loaded')
      expect(await cache.get('key')).toBe('loaded')
    })

    test('a value that its schema refuses is a miss, and is loaded again', async () => {
      const cache = bench.cache()
      await cache.set('count', 'three')

      const { outcome } = await cache.lookup('count', { schema: numbersOnly })
      expect(outcome).toMatchObject({ kind: 'miss', reason: 'corrupt' })
      expect(await cache.getOrSet('count', () => 3, { schema: numbersOnly })).toBe(3)
      expect(await cache.get('count', { schema: numbersOnly })).toBe(3)
    })

    test('a schema that transforms is applied to values that are read', async () => {
      const doubling: StandardSchema<number> = {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: async (v) => ({ value: Number(v) * 2 }),
        },
      }
      const cache = bench.cache()
      await cache.set('count', 21)

      expect(await cache.get('count', { schema: doubling })).toBe(42)
    })
  })

  describe('getOrSet', () => {
    test('calls the loader on a miss, and not on a hit', async () => {
      const cache = bench.cache()
      const loader = vi.fn(async () => ({ name: 'Ada' }))

      expect(await cache.getOrSet('user:1', loader)).toEqual({ name: 'Ada' })
      expect(await cache.getOrSet('user:1', loader)).toEqual({ name: 'Ada' })
      expect(await bench.cache().getOrSet('user:1', loader)).toEqual({ name: 'Ada' })

      expect(loader).toHaveBeenCalledTimes(1)
    })

    test('takes a loader that is not asynchronous', async () => {
      const cache = bench.cache()

      expect(await cache.getOrSet('n', () => 42)).toBe(42)
      expect(await cache.get('n')).toBe(42)
    })

    test("the loader's error reaches the caller as the same object, and is not cached", async () => {
      const cache = bench.cache()
      const outage = new Error('database is down')

      await expect(cache.getOrSet('k', () => Promise.reject(outage))).rejects.toBe(outage)

      expect(await cache.has('k')).toBe(false)
      expect(await cache.getOrSet('k', () => 'recovered')).toBe('recovered')
    })

    test('a loader that throws synchronously fails like one that rejects', async () => {
      const cache = bench.cache()
      const outage = new TypeError('not even a promise')

      const read = cache.getOrSet('k', () => {
        throw outage
      })

      await expect(read).rejects.toBe(outage)
      expect(await cache.getOrSet('k', () => 'recovered')).toBe('recovered')
    })

    test('whatever a loader throws is passed on, even if it is not an Error', async () => {
      const cache = bench.cache()

      await expect(cache.getOrSet('k', () => Promise.reject(undefined))).rejects.toBeUndefined()
      await expect(cache.getOrSet('k', () => Promise.reject('text'))).rejects.toBe('text')
    })

    test.each([[null], [undefined]])('%s is a value, and is loaded once', async (nothing) => {
      const cache = bench.cache()
      const loader = vi.fn(() => nothing)

      expect(await cache.getOrSet('missing', loader)).toBe(nothing)
      expect(await cache.getOrSet('missing', loader)).toBe(nothing)

      expect(loader).toHaveBeenCalledTimes(1)
    })

    test('with a negativeTtl of 0, null and undefined are returned and not stored', async () => {
      const cache = bench.cache({ negativeTtl: 0 })
      const loader = vi.fn(() => null)

      expect(await cache.getOrSet('missing', loader)).toBeNull()
      expect(await cache.getOrSet('missing', loader)).toBeNull()

      expect(loader).toHaveBeenCalledTimes(2)
      expect(await cache.has('missing')).toBe(false)
    })

    test('a value that cannot be stored is still returned', async () => {
      const cache = bench.cache({ maxValueBytes: 100 })
      const large = 'x'.repeat(101)

      expect(await cache.getOrSet('large', () => large)).toBe(large)

      expect(await cache.has('large')).toBe(false)
    })

    test('an aborted caller stops waiting with its own reason, and the load is stored', async () => {
      const cache = bench.cache()
      const held = holdLoader()
      const caller = new AbortController()
      const reason = new Error('the client has gone')
      const read = cache.getOrSet('k', held.load, { signal: caller.signal })
      await held.called

      caller.abort(reason)
      await expect(read).rejects.toBe(reason)
      held.release('loaded')

      await expect.poll(() => cache.get('k')).toBe('loaded')
    })

    test('the others get the value when one caller gives up', async () => {
      const cache = bench.cache()
      const held = holdLoader()
      const caller = new AbortController()
      const impatient = cache.getOrSet('k', held.load, { signal: caller.signal })
      await held.called
      const patient = cache.getOrSet('k', held.load)

      caller.abort(new Error('no time'))
      await expect(impatient).rejects.toThrow('no time')
      held.release('loaded')

      expect(await patient).toBe('loaded')
      expect(held.calls).toBe(1)
    })
  })

  describe('loader timeouts', () => {
    test('a loader that never ends fails its callers with LoaderTimeoutError', async () => {
      const cache = bench.cache()
      const held = holdLoader()

      const read = cache.getOrSet('k', held.load, { loaderTimeout: { hard: 20 } })

      await expect(read).rejects.toThrow(LoaderTimeoutError)
      await expect(read).rejects.toMatchObject({ code: 'ERR_LOADER_TIMEOUT', timeoutMs: 20 })
    })

    test('the loader’s signal is aborted with the same error', async () => {
      const cache = bench.cache()
      let told: unknown
      const loader = ({ signal }: { signal: AbortSignal }): Promise<never> =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            told = signal.reason
            reject(signal.reason)
          })
        })

      const read = cache.getOrSet('k', loader, { loaderTimeout: { hard: 20 } })

      await expect(read).rejects.toThrow(LoaderTimeoutError)
      expect(told).toBeInstanceOf(LoaderTimeoutError)
    })

    test('a value that a loader returns after its timeout is still stored for later reads', async () => {
      const cache = bench.cache()
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load, { loaderTimeout: { hard: 20 } })
      await expect(read).rejects.toThrow(LoaderTimeoutError)

      held.release('late')

      await expect.poll(() => cache.get('k')).toBe('late')
    })

    test('a value that a loader returns after its timeout and a delete is not stored', async () => {
      const cache = bench.cache()
      const held = holdLoader()
      const read = cache.getOrSet('k', held.load, { loaderTimeout: { hard: 20 } })
      await expect(read).rejects.toThrow(LoaderTimeoutError)

      await cache.delete('k')
      held.release('late')

      expect(await cache.getOrSet('k', () => 'new')).toBe('new')
      expect(await bench.cache().get('k')).toBe('new')
    })
  })
}
