/**
 * Contract of the context of a loader.
 *
 * @module
 */

import { describe, expect, test, vi } from 'vitest'
import type { LoadContext } from '../../../src/cache/loader.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { type Bench, holdLoader, interrupt } from './bench.ts'

const WEEK_MS = 7 * 86_400_000

const many = (name: string): string[] => Array.from({ length: 40 }, (_, i) => `${name}${i}`)

interface User {
  readonly id: string
  readonly team: string
}

/** Registers the tests. */
export function describeLoaders(bench: Bench): void {
  describe('a loader', () => {
    test('replaces the ttl for the value that it loads', async () => {
      const cache = bench.cache()
      await cache.getOrSet('k', ({ setTtl }) => {
        setTtl('7d')
        return 'kept for a week'
      })

      const [entry = ''] = (await bench.keys()).filter((key) => key.includes(':e:'))
      const lifeMs = Number(await bench.send('PTTL', entry))

      expect(lifeMs).toBeGreaterThan(WEEK_MS - 60_000)
      expect(lifeMs).toBeLessThanOrEqual(WEEK_MS)
    })

    test('fails its caller with a typed error when it sets a ttl that is not valid', async () => {
      const cache = bench.cache()

      const read = cache.getOrSet('k', ({ setTtl }) => {
        setTtl(-1)
        return 'never'
      })

      await expect(read).rejects.toThrow(InvalidOptionError)
      await expect(read).rejects.toMatchObject({ option: 'setTtl' })
    })

    test('that skips returns its value, which is not stored', async () => {
      const cache = bench.cache()
      const loader = vi.fn(({ skip }: { skip: () => void }) => {
        skip()
        return 'partial result'
      })

      expect(await cache.getOrSet('k', loader)).toBe('partial result')
      expect(await cache.getOrSet('k', loader)).toBe('partial result')

      expect(loader).toHaveBeenCalledTimes(2)
      expect(await cache.has('k')).toBe(false)
    })

    test('gets the value that a soft invalidation has made stale', async () => {
      const cache = bench.cache({ staleIfError: '1h' })
      await cache.set('k', 'first version', { tags: ['t'] })
      await cache.invalidateTags(['t'], { mode: 'soft' })
      const loader = vi.fn(({ previous }: { previous: unknown }) => `after ${String(previous)}`)

      const value = await cache.getOrSet('k', loader, { tags: ['t'] })

      expect(value).toBe('after first version')
    })

    test('gets no previous value after a hard invalidation', async () => {
      const cache = bench.cache({ staleIfError: '1h' })
      await cache.set('k', 'first version', { tags: ['t'] })
      await cache.invalidateTags(['t'])
      const loader = vi.fn(({ previous }: { previous: unknown }) => `after ${String(previous)}`)

      expect(await cache.getOrSet('k', loader, { tags: ['t'] })).toBe('after undefined')
    })
  })

  describe('tags that only the loaded value knows', () => {
    test('invalidate the entry like declared ones', async () => {
      const users = bench.cache().namespace('users', { lateTags: true })
      let team = 'red'
      const load = (): Promise<string> =>
        users.getOrSet('ada', ({ setTags }) => {
          setTags([`team:${team}`])
          return team
        })

      expect(await load()).toBe('red')
      team = 'blue'
      expect(await load()).toBe('red')
      await users.invalidateTags(['team:red'])

      expect(await load()).toBe('blue')
    })

    test('can be derived from the value by a function', async () => {
      const users = bench.cache().namespace<User>('users', {
        lateTags: true,
        tags: ({ team }) => [`team:${team}`],
      })
      const loader = vi.fn((): User => ({ id: 'ada', team: 'red' }))
      await users.getOrSet('ada', loader)

      await users.invalidateTags(['team:red'])
      await users.getOrSet('ada', loader)

      expect(loader).toHaveBeenCalledTimes(2)
    })

    test('are derived from a value that is set, too', async () => {
      const users = bench.cache().namespace<User>('users', {
        lateTags: true,
        tags: ({ team }) => [`team:${team}`],
      })
      await users.set('ada', { id: 'ada', team: 'red' })
      await users.setMany(new Map([['bob', { id: 'bob', team: 'red' }]]))
      const ticket = await users.begin('eve')
      await ticket.commit({ id: 'eve', team: 'red' })

      await users.invalidateTags(['team:red'])

      expect(await users.get('ada')).toBeUndefined()
      expect(await users.get('bob')).toBeUndefined()
      expect(await users.get('eve')).toBeUndefined()
    })

    test('need lateTags, or the loader fails with a typed error', async () => {
      const cache = bench.cache()

      const read = cache.getOrSet('k', ({ setTags }) => {
        setTags(['unannounced'])
        return 1
      })

      await expect(read).rejects.toMatchObject({ name: 'InvalidOptionError', option: 'lateTags' })
    })

    test.each([
      ['setTags', { code: 'ERR_INVALID_OPTION', option: 'setTags' }, { lateTags: true }, many('b')],
      ['setTags', { code: 'ERR_INVALID_KEY' }, { lateTags: true }, ['']],
      ['tags', { code: 'ERR_INVALID_OPTION' }, { lateTags: true, tags: () => many('b') }, []],
      ['tags', { code: 'ERR_INVALID_KEY' }, { lateTags: true, tags: () => ['a\nb'] }, []],
    ])(
      'that an entry cannot have, by %s, fail the load with a typed error (%j), and the next one loads at once',
      async (_by, expected, options, late) => {
        const cache = bench.cache({ tags: many('a') })
        let told: unknown
        const loader = ({ setTags }: LoadContext): string => {
          try {
            setTags(late)
          } catch (error) {
            told = error
            throw error
          }
          return 'v'
        }
        const read = cache.getOrSet('ada', loader, options)

        await expect(read).rejects.toMatchObject(expected)
        if (late.length > 0) expect(told).toMatchObject(expected)
        expect(await cache.get('ada')).toBeUndefined()
        expect(await cache.getOrSet('ada', () => 'w')).toBe('w')
        expect(await cache.get('ada')).toBe('w')
      },
    )

    test('that are declared as well need no lateTags', async () => {
      const cache = bench.cache()

      const value = await cache.getOrSet(
        'k',
        ({ setTags }) => {
          setTags(['known'])
          return 1
        },
        { tags: ['known'] },
      )

      expect(value).toBe(1)
      expect(await cache.get('k')).toBe(1)
    })

    test.each(['hard', 'soft'] as const)(
      'are not trusted if they were invalidated (%s) while the load ran',
      async (mode) => {
        const users = bench.cache().namespace('users', { lateTags: true })
        const held = holdLoader()
        const read = users.getOrSet('ada', async ({ setTags }) => {
          const value = await held.load()
          setTags(['team:red'])
          return value
        })
        await held.called

        await users.invalidateTags(['team:red'], { mode })
        held.release('old')
        await read

        expect(await users.getOrSet('ada', () => 'new')).toBe('new')
      },
    )

    test('are not trusted if the whole namespace was cleared while the load ran', async () => {
      const users = bench.cache().namespace('users', { lateTags: true })
      const held = holdLoader()
      const read = users.getOrSet('ada', async ({ setTags }) => {
        const value = await held.load()
        setTags(['team:red'])
        return value
      })
      await held.called

      await users.clear()
      held.release('old')
      await read

      expect(await users.getOrSet('ada', () => 'new')).toBe('new')
    })

    test.each(['hard', 'soft'] as const)(
      'are not trusted if an invalidation (%s) of several requests was half done',
      async (mode) => {
        const users = bench.cache().namespace('users', { lateTags: true })
        const held = holdLoader()
        const read = users.getOrSet('ada', async ({ setTags }) => {
          const value = await held.load()
          setTags(['team:red'])
          return value
        })
        await held.called
        const finish = (): Promise<unknown> => {
          held.release('old')
          return read
        }
        const redis = interrupt(bench.transport, 2, finish)

        await bench.cache({ redis }).namespace('users').invalidateTags(['team:red'], { mode })
        // Where it was one request there was no half.
        await finish()

        expect(await users.get('ada')).toBeUndefined()
      },
    )

    test('do not prevent storing when another namespace is invalidated while the load runs', async () => {
      const cache = bench.cache()
      const users = cache.namespace('users', { lateTags: true })
      const held = holdLoader()
      const read = users.getOrSet('ada', async ({ setTags }) => {
        const value = await held.load()
        setTags(['team:red'])
        return value
      })
      await held.called

      await cache.namespace('orders').invalidateTags(['team:red'])
      held.release('loaded')
      await read

      expect(await users.get('ada')).toBe('loaded')
    })
  })
}
