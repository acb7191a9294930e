/**
 * Contract of the features that update loaded values: `reconcile`, `amend`, the settings of a loader of
 * many keys, and the change log.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import { changeLog } from '../../../src/cache/change-log.ts'
import { type Bench, holdLoader } from './bench.ts'

/** Registers the tests. */
export function describeCarrying(bench: Bench): void {
  describe('reconcile', () => {
    test('serves what it returns for the stored value', async () => {
      const cache = bench.cache()
      await cache.set('k', 1)

      const reconcile = (value: unknown): unknown => Number(value) + 1

      expect(await cache.get('k', { reconcile })).toBe(2)
      expect(await cache.get('k')).toBe(1)
    })

    test('has a value loaded again if it returns undefined', async () => {
      const cache = bench.cache()
      await cache.set('k', 'old')
      const reconcile = (value: unknown): unknown => (value === 'old' ? undefined : value)

      const read = await cache.lookup('k', { reconcile })
      const loaded = await cache.getOrSet('k', () => 'new', { reconcile })

      expect(read.outcome).toEqual({ kind: 'miss', reason: 'invalidated' })
      expect(loaded).toBe('new')
      expect(await bench.cache().get('k')).toBe('new')
    })

    test('fails the read with its own error, and calls no loader', async () => {
      const cache = bench.cache()
      await cache.set('k', 1)
      const stop = new Error('not now')
      const loader = vi.fn()
      const reconcile = (): never => {
        throw stop
      }

      await expect(cache.getOrSet('k', loader, { reconcile })).rejects.toBe(stop)

      expect(loader).not.toHaveBeenCalled()
    })
  })

  describe('amend', () => {
    test('changes a value and keeps its tags', async () => {
      const cache = bench.cache()
      await cache.set('k', ['a'], { tags: ['t'] })

      const amended = await cache.amend('k', (list) => [...(list as string[]), 'b'], {
        tags: ['t'],
      })

      expect(amended).toBe(true)
      expect(await bench.cache().get('k', { tags: ['t'] })).toEqual(['a', 'b'])
      await cache.invalidateTags(['t'])
      expect(await cache.get('k', { tags: ['t'] })).toBeUndefined()
    })

    test('does not change an entry that was replaced in the meantime', async () => {
      const cache = bench.cache()
      await cache.set('k', 'first')

      const amended = await cache.amend('k', async () => {
        await bench.cache().set('k', 'second')
        return 'amended'
      })

      expect(amended).toBe(false)
      expect(await cache.get('k')).toBe('second')
    })

    test('changes nothing while a load is under way, which may store what it read before', async () => {
      const cache = bench.cache({ tags: ['t'], staleWhileRevalidate: '1h' })
      const held = holdLoader()
      const refreshed = Promise.withResolvers<void>()
      cache.subscribe(({ operation }) => {
        if (operation === 'refresh') refreshed.resolve()
      })
      await cache.set('k', 'first')
      await cache.invalidateTags(['t'], { mode: 'soft' })
      expect(await cache.getOrSet('k', held.load)).toBe('first')
      await held.called

      expect(await bench.cache({ tags: ['t'] }).amend('k', () => 'third')).toBe(false)

      held.release('second')
      await refreshed.promise
      expect(await cache.get('k')).toBe('second')
      expect(await cache.amend('k', () => 'third')).toBe(true)
      expect(await cache.get('k')).toBe('third')
    })

    test('of two at once, the second changes nothing and says so', async () => {
      const cache = bench.cache()
      await cache.set('k', ['a'])
      const append =
        (text: string) =>
        (list: unknown): unknown => [...(list as string[]), text]

      const late = await cache.amend('k', async (list) => {
        expect(await bench.cache().amend('k', append('b'))).toBe(true)
        return append('c')(list)
      })

      expect(late).toBe(false)
      expect(await cache.get('k')).toEqual(['a', 'b'])
    })

    test.each([{ ttl: '1h' }, { verify: true }] as const)(
      'is seen by the next read of its cache, near copy or not (%o)',
      async (near) => {
        const cache = bench.cache({ near })
        await cache.set('k', 1)
        expect(await cache.get('k')).toBe(1)

        expect(await cache.amend('k', (n) => Number(n) + 1)).toBe(true)

        expect(await cache.get('k')).toBe(2)
      },
    )

    test('of another cache is seen by a near copy that is verified', async () => {
      const cache = bench.cache({ near: { verify: true } })
      await cache.set('k', 1)
      expect(await cache.get('k')).toBe(1)

      expect(await bench.cache().amend('k', () => 2)).toBe(true)

      expect(await cache.get('k')).toBe(2)
    })

    test('creates nothing, and changes nothing if the change returns undefined', async () => {
      const cache = bench.cache()
      await cache.set('k', 1)

      expect(await cache.amend('absent', () => 1)).toBe(false)
      expect(await cache.amend('k', () => undefined)).toBe(false)
      expect(await cache.get('k')).toBe(1)
    })
  })

  describe('a loader of many keys', () => {
    test('skips storing single values, and sets the ttl of others', async () => {
      const cache = bench.cache({ ttl: '1h' })

      const values = await cache.getOrSetMany(['a', 'b', 'c'], (keys, { skip, setTtl }) => {
        skip('a')
        setTtl('b', '1m')
        return new Map(keys.map((key) => [key, key]))
      })

      expect([...values.values()]).toEqual(['a', 'b', 'c'])
      expect([...(await cache.getMany(['a', 'b', 'c'])).keys()]).toEqual(['b', 'c'])
      const [b = '', c = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))
      expect(Number(await bench.send('PTTL', b))).toBeLessThanOrEqual(60_000)
      expect(Number(await bench.send('PTTL', c))).toBeGreaterThan(60_000)
    })
  })

  describe('the change log', () => {
    test('gives a reader what was appended after the position it knows', async () => {
      const [writer, reader] = [changeLog(bench.cache()), changeLog(bench.cache())]
      await writer.append('first', [])
      const before = await reader.look()

      const { token } = await writer.mark('intent', 10_000)
      await writer.append({ what: 'second' }, [], { token })
      const after = await reader.look()

      expect(after.since(before.at)).toEqual([
        { at: 2, kind: 'ordered', value: { what: 'second' } },
      ])
      expect(after.since(after.at)).toEqual([])
    })

    test('shows the marks of writers under way, to readers and to each other', async () => {
      const [one, two] = [changeLog(bench.cache()), changeLog(bench.cache())]
      const first = await one.mark('one', 10_000)
      const second = await two.mark('two', 10_000)

      expect(first.others).toEqual([])
      expect(second.others).toEqual(['one'])
      expect(new Set((await two.look()).marks)).toEqual(new Set(['one', 'two']))

      await one.append('done', [], first)
      expect((await two.look()).marks).toEqual(['two'])
    })

    test('shows the marks of all writers', async () => {
      const [writer, reader] = [changeLog(bench.cache()), changeLog(bench.cache())]
      const mark = await writer.mark('intent', 10_000)
      const [marks = ''] = (await bench.keys()).filter((key) => key.endsWith(':marks'))
      const text = await bench.send('HGET', marks, mark.token)
      await writer.append('done', [], mark)
      expect([(await reader.look()).marks, (await reader.look()).marks]).toEqual([[], []])

      await bench.send('HSET', marks, 'another', String(text))

      expect((await reader.look()).marks).toEqual(['intent'])
    })

    test('looks after appending, so that the view includes the new entry', async () => {
      const [own, other] = [changeLog(bench.cache()), changeLog(bench.cache())]
      await other.append('first', [])
      const mark = await own.mark('intent', 10_000)

      const appended = await own.appendAndLook({ what: 'second' }, [], mark)

      expect(appended).toMatchObject({ at: 2, view: { at: 2, marks: [] } })
      expect(appended?.view.since(1)).toEqual([
        { at: 2, kind: 'ordered', value: { what: 'second' } },
      ])
    })

    test('turns a mark whose deadline has passed into an entry of unknown outcome', async () => {
      const log = changeLog(bench.cache())
      const { token } = await log.mark('lost', 1)
      await expect.poll(async () => (await log.look()).marks).toEqual([])

      await log.append('late', [], { token })
      const view = await log.look('', ['any'])

      expect(view.since(0)).toEqual([
        { at: 1, kind: 'unknown', value: 'lost' },
        { at: 2, kind: 'unordered', value: 'late' },
      ])
      expect(view.touchedAt).toBe(2)
    })

    test('an append that is applied twice is unordered the second time', async () => {
      const log = changeLog(bench.cache())
      const mark = await log.mark('intent', 10_000)
      await log.append('done', [], mark)
      await log.append('done', [], mark)

      const entries = (await log.look()).since(0) ?? []
      expect(entries.map(({ kind }) => kind)).toEqual(['ordered', 'unordered'])
    })

    test('an entry is unordered if an unordered one was appended since its mark', async () => {
      const log = changeLog(bench.cache())
      const first = await log.mark('first', 10_000)
      const second = await log.mark('second', 10_000)
      await log.append('second', [], { ...second, kind: 'unordered' })
      const third = await log.mark('third', 10_000)
      await log.append('first', [], first)
      await log.append('third', [], third)
      await log.append('fourth', [], await log.mark('fourth', 10_000))

      const entries = (await log.look()).since(0) ?? []
      expect(entries.map(({ value, kind }) => [value, kind])).toEqual([
        ['second', 'unordered'],
        ['first', 'unordered'],
        ['third', 'unordered'],
        ['fourth', 'ordered'],
      ])
    })

    test('an entry is unordered if a concurrent writer has died', async () => {
      const log = changeLog(bench.cache())
      const first = await log.mark('first', 10_000)
      await log.mark('dead', 1)
      await expect.poll(async () => (await log.look()).marks).toEqual(['first'])
      await log.append('first', [], first)

      const entries = (await log.look()).since(0) ?? []
      expect(entries.map(({ kind }) => kind)).toEqual(['unknown', 'unordered'])
    })

    test('registers shapes while there is room, and shows them to writers', async () => {
      const log = changeLog(bench.cache(), { maxShapes: 1 })

      expect((await log.look('one')).isShapeKnown).toBe(true)
      expect((await log.look('two')).isShapeKnown).toBe(false)
      expect((await log.look('one')).isShapeKnown).toBe(true)
      expect((await log.mark('intent', 10_000)).shapes).toEqual(['one'])
    })

    test('registers a shape whose name is the end of another name', async () => {
      const log = changeLog(bench.cache())
      for (const shape of ['one,two', 'two', 'tw', '|', 'one']) await log.look(shape)

      const { shapes } = await log.mark('intent', 10_000)
      expect(shapes).toEqual(['one,two', 'two', 'tw', '|', 'one'])
    })

    test('knows when a tag was last touched, alone or with all others', async () => {
      const log = changeLog(bench.cache())
      await log.append('a', ['red'], await log.mark('a', 10_000))
      await log.append('b', ['blue'], await log.mark('b', 10_000))

      expect((await log.look('', ['red'])).touchedAt).toBe(1)
      expect((await log.look('', ['red', 'blue'])).touchedAt).toBe(2)
      expect((await log.look('', ['green'])).touchedAt).toBe(0)
      await log.append('c', 'all', await log.mark('c', 10_000))
      expect((await log.look('', ['green'])).touchedAt).toBe(3)
      // Without a mark, the writer does not know which shapes there are.
      await log.append('d', ['red'])
      expect((await log.look('', ['green'])).touchedAt).toBe(4)
    })

    test('drops the oldest entries, and shows that they are missing', async () => {
      const log = changeLog(bench.cache(), { maxEntries: 16 })
      for (let i = 1; i <= 20; i++) await log.append(i, [])
      const cold = await changeLog(bench.cache(), { maxEntries: 16 }).look()

      for (const view of [await log.look(), cold]) {
        expect(view.since(3)).toBeUndefined()
        expect(view.since(4)?.map(({ value }) => value)).toEqual(
          Array.from({ length: 16 }, (_, i) => i + 5),
        )
      }
    })

    test('that is lost begins another epoch', async () => {
      const log = changeLog(bench.cache())
      await log.append('before', [])
      const before = await log.look()
      const [head = ''] = (await bench.keys()).filter((key) => key.endsWith(':head'))
      await bench.send('DEL', head)

      const after = await log.look()

      expect(after.epoch).not.toBe(before.epoch)
      expect(after.at).toBe(0)
      expect(before.since(0)).toHaveLength(1)
    })

    test('whose entries are lost cannot be replayed from before', async () => {
      const log = changeLog(bench.cache())
      await log.append('a', [])
      const [entries = ''] = (await bench.keys()).filter((key) => key.endsWith(':entries'))
      await bench.send('DEL', entries)
      const cold = await changeLog(bench.cache()).look()

      expect(cold.since(0)).toBeUndefined()
      expect(cold.since(1)).toEqual([])
    })

    test('takes one request of one command per step', async () => {
      const cache = bench.cache()
      const log = changeLog(cache)
      await log.append('warm', [], await log.mark('scripts are loaded', 10_000))
      await log.look()
      const { requests, commands } = { ...cache.redis.counts }

      await log.look('shape', ['a', 'b'])
      const mark = await log.mark('intent', 10_000)
      await log.append('done', ['a'], mark)

      const { counts } = cache.redis
      expect([counts.requests - requests, counts.commands - commands]).toEqual([3, 3])
    })
  })
}
