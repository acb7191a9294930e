/**
 * Every operation of the cache, as the fault tests call it: what it does when all is well, and what
 * it sends for it.
 *
 * @module
 */

import type { LoadContext } from '../../src/cache/loader.ts'
import type { RedisCacheManager } from '../../src/cache/manager.ts'

/** All texts that an error must not tell contain this word. */
export const SENTINEL = 'SENTINEL'
export const KEY = `${SENTINEL}-key`
export const TWIN = `${SENTINEL}-twin`
export const COLD = `${SENTINEL}-cold`
export const COOL = `${SENTINEL}-cool`
/** Entries whose ttl is over, within the window of staleWhileRevalidate or staleIfError. */
export const STALE = `${SENTINEL}-stale`
export const FAILED = `${SENTINEL}-failed`
export const TAG = `${SENTINEL}-tag`
/** Declared, so that invalidating by it costs one command. */
export const PREFIX = `${SENTINEL}-`
export const OLD = `${SENTINEL}-old`
export const NEW = `${SENTINEL}-new`

const options = { tags: [TAG] } as const

/** Leases, then entries: each under two globs, of which one finds something to delete. */
const SCANS: readonly Kind[] = ['look', 'look', 'look', 'command', 'look']

/** What the loader of a failing load throws. */
export const outage: Error = new Error('database is down')

/**
 * What a request asks of Redis, `+` for several in a pipeline. `look` and `figures` change nothing,
 * `grant` answers with texts, `script` and `command` with a number.
 */
export type Kind = 'look' | 'grant' | 'grant+' | 'script' | 'script+' | 'command' | 'figures+'

/** How an operation that did not reject ended. */
export type Ending =
  | 'the stored value'
  | 'the loaded value'
  | 'the stored and the loaded values'
  | 'the stale value'
  | 'nothing'
  | 'done'
  | 'figures'
  | "the loader's error"
  | 'something else'

/** What an operation is called with. */
export interface Subject {
  readonly cache: RedisCacheManager
  /** Counts its calls. */
  readonly load: (context?: Partial<LoadContext>) => Promise<string>
  readonly fail: () => Promise<never>
}

/** One operation. */
export interface Operation {
  readonly name: string
  readonly what: 'read' | 'load' | 'write' | 'figures'
  /** The requests it makes when nothing fails, those behind its answer too. */
  readonly sends: readonly Kind[]
  /** How it ends when nothing fails. */
  readonly usual: Ending
  /** For loads: how it ends when its first look fails, and when only a later request does. */
  readonly blind?: Ending
  readonly hindered?: Ending
  /** How often the loader runs when nothing fails. */
  readonly loads?: number
  /** For writes: what {@link KEY} holds once it is done. */
  readonly leaves?: 'nothing' | 'the old value' | 'the new value'
  run(subject: Subject): Promise<Ending>
}

const reads: readonly Operation[] = [
  {
    name: 'get',
    what: 'read',
    sends: ['look'],
    usual: 'the stored value',
    run: async ({ cache }) => endingOf(await cache.get(KEY, options)),
  },
  {
    name: 'has',
    what: 'read',
    sends: ['look'],
    usual: 'the stored value',
    run: async ({ cache }) => ((await cache.has(KEY, options)) ? 'the stored value' : 'nothing'),
  },
  {
    name: 'getMany',
    what: 'read',
    sends: ['look'],
    usual: 'the stored value',
    run: async ({ cache }) => endingOfAll(await cache.getMany([KEY, TWIN], options), 2),
  },
]

const loads: readonly Operation[] = [
  {
    name: 'getOrSet, cold',
    what: 'load',
    sends: ['look', 'grant', 'script'],
    usual: 'the loaded value',
    loads: 1,
    run: async ({ cache, load }) => endingOf(await cache.getOrSet(COLD, load, options)),
  },
  {
    name: 'getOrSet, warm',
    what: 'load',
    sends: ['look'],
    usual: 'the stored value',
    run: async ({ cache, load }) => endingOf(await cache.getOrSet(KEY, load, options)),
  },
  {
    name: 'getOrSet, stale while it is revalidated',
    what: 'load',
    sends: ['look', 'grant', 'script'],
    usual: 'the stale value',
    hindered: 'the stale value',
    loads: 1,
    run: async ({ cache, load }) => stale(endingOf(await cache.getOrSet(STALE, load, options))),
  },
  {
    name: 'getOrSet, stale if there is an error, without one',
    what: 'load',
    sends: ['look', 'grant', 'script'],
    usual: 'the loaded value',
    loads: 1,
    run: async ({ cache, load }) => stale(endingOf(await cache.getOrSet(FAILED, load, options))),
  },
  {
    name: 'getOrSet, stale if there is an error, with one',
    what: 'load',
    sends: ['look', 'grant', 'script'],
    usual: 'the stale value',
    blind: "the loader's error",
    hindered: 'the stale value',
    loads: 1,
    async run({ cache, fail }) {
      try {
        return stale(endingOf(await cache.getOrSet(FAILED, fail, options)))
      } catch (error) {
        if (error === outage) return "the loader's error"
        throw error
      }
    },
  },
  {
    name: 'getOrSetMany',
    what: 'load',
    sends: ['look', 'grant+', 'script+'],
    usual: 'the stored and the loaded values',
    hindered: 'the stored and the loaded values',
    loads: 1,
    async run({ cache, load }) {
      const keys = [KEY, COLD, COOL]
      const values = await cache.getOrSetMany(
        keys,
        async (missing) => {
          const value = await load()
          return new Map(missing.map((key) => [key, value]))
        },
        options,
      )
      const mixed = values.get(KEY) === OLD && values.get(COLD) === NEW && values.get(COOL) === NEW
      return mixed ? 'the stored and the loaded values' : endingOfAll(values, 3)
    },
  },
]

const writes: readonly Operation[] = [
  {
    name: 'set',
    what: 'write',
    sends: ['grant', 'script'],
    usual: 'done',
    leaves: 'the new value',
    run: async ({ cache }) => doneIf((await cache.set(KEY, NEW, options)) === 'stored'),
  },
  {
    name: 'set, relaxed',
    what: 'write',
    sends: ['script'],
    usual: 'done',
    leaves: 'the new value',
    run: async ({ cache }) =>
      doneIf((await cache.set(KEY, NEW, { ...options, consistency: 'relaxed' })) === 'stored'),
  },
  {
    name: 'setMany',
    what: 'write',
    sends: ['grant+', 'script+'],
    usual: 'done',
    leaves: 'the new value',
    async run({ cache }) {
      const both = new Map([
        [KEY, NEW],
        [TWIN, NEW],
      ])
      const results = await cache.setMany(both, options)
      return doneIf(results.get(KEY) === 'stored' && results.get(TWIN) === 'stored')
    },
  },
  {
    name: 'begin and commit',
    what: 'write',
    sends: ['grant', 'script'],
    usual: 'done',
    leaves: 'the new value',
    async run({ cache }) {
      const ticket = await cache.begin(KEY, options)
      return doneIf((await ticket.commit(NEW)) === 'stored')
    },
  },
  {
    name: 'touch',
    what: 'write',
    sends: ['look', 'script'],
    usual: 'done',
    leaves: 'the old value',
    run: async ({ cache }) => doneIf(await cache.touch(KEY, options)),
  },
  change('delete', ['command'], (cache) => cache.delete(KEY, TWIN)),
  change('invalidateTags, hard', ['command'], (cache) => cache.invalidateTags([TAG])),
  change('invalidateTags, soft', ['script'], (cache) =>
    cache.invalidateTags([TAG], { mode: 'soft' }),
  ),
  change('invalidatePattern, declared', ['command'], (cache) =>
    cache.invalidatePattern(`${PREFIX}*`),
  ),
  change('invalidatePattern, by scan', SCANS, (cache) =>
    cache.invalidatePattern(`*${KEY.slice(3)}`),
  ),
  change('clear', ['command'], (cache) => cache.clear()),
]

/** Every operation. */
export const OPERATIONS: readonly Operation[] = [
  ...reads,
  ...loads,
  ...writes,
  {
    name: 'getStats',
    what: 'figures',
    sends: ['figures+'],
    usual: 'figures',
    run: async ({ cache }) => ((await cache.getStats()).remote ? 'figures' : 'something else'),
  },
]

/** What the entries of a trial are before it: written by a cache whose clock is an hour behind. */
export async function prepare(cache: RedisCacheManager): Promise<void> {
  const long = { ...options, ttl: '4h' } as const
  const short = { ...options, ttl: '1m' } as const
  await cache.setMany(
    new Map([
      [KEY, OLD],
      [TWIN, OLD],
    ]),
    long,
  )
  await cache.set(STALE, OLD, { ...short, staleWhileRevalidate: '4h' })
  await cache.set(FAILED, OLD, { ...short, staleIfError: '4h' })
}

/** Reads {@link KEY} as an isolate would that has seen nothing yet. */
export async function remains(cache: RedisCacheManager): Promise<Operation['leaves']> {
  const value = await cache.get(KEY, options)
  if (value === OLD) return 'the old value'
  return value === NEW ? 'the new value' : 'nothing'
}

/** A call after which the entry is gone. */
function change(
  name: string,
  sends: readonly Kind[],
  call: (cache: RedisCacheManager) => Promise<void>,
): Operation {
  return {
    name,
    what: 'write',
    sends,
    usual: 'done',
    leaves: 'nothing',
    async run({ cache }) {
      await call(cache)
      return 'done'
    },
  }
}

function endingOf(value: unknown): Ending {
  if (value === undefined) return 'nothing'
  if (value === OLD) return 'the stored value'
  return value === NEW ? 'the loaded value' : 'something else'
}

function endingOfAll(values: ReadonlyMap<string, unknown>, size: number): Ending {
  if (values.size === 0) return 'nothing'
  const endings = new Set([...values.values()].map(endingOf))
  const [ending = 'something else'] = endings
  return values.size === size && endings.size === 1 ? ending : 'something else'
}

/** The stored value of an entry whose ttl is over. */
function stale(ending: Ending): Ending {
  return ending === 'the stored value' ? 'the stale value' : ending
}

function doneIf(done: boolean): Ending {
  return done ? 'done' : 'something else'
}
