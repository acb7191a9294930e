/**
 * Every operation of the cache as the fault tests call it, with its result and its requests without faults.
 *
 * @module
 */

import type { LoadContext } from '../../src/cache/loader.ts'
import type { RedisCacheManager } from '../../src/cache/manager.ts'

/** All texts that an error must not contain include this word. */
export const SENTINEL = 'SENTINEL'
export const KEY = `${SENTINEL}-key`
export const TWIN = `${SENTINEL}-twin`
export const COLD = `${SENTINEL}-cold`
export const COOL = `${SENTINEL}-cool`
/** Key of entries whose ttl is over, but whose window of staleWhileRevalidate or staleIfError is not. */
export const STALE = `${SENTINEL}-stale`
export const FAILED = `${SENTINEL}-failed`
export const TAG = `${SENTINEL}-tag`
/** A declared prefix, so that invalidating it takes one command. */
export const PREFIX = `${SENTINEL}-`
export const OLD = `${SENTINEL}-old`
export const NEW = `${SENTINEL}-new`

const options = { tags: [TAG] } as const

/** Scans of leases, then of entries: each with two patterns, of which one matches a key to delete. */
const SCANS: readonly Kind[] = ['look', 'look', 'look', 'command', 'look']

/** The error of a failing loader. */
export const outage: Error = new Error('database is down')

/**
 * The kind of a request, with `+` for several commands in a pipeline. `look` and `figures` change nothing,
 * `grant` answers with texts, `script` and `command` with a number.
 */
export type Kind = 'look' | 'grant' | 'grant+' | 'script' | 'script+' | 'command' | 'figures+'

/** The result of an operation that did not reject. */
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

/** The arguments of an operation. */
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
  /** Its requests when nothing fails, including those in the background. */
  readonly sends: readonly Kind[]
  /** Its result when nothing fails. */
  readonly usual: Ending
  /** For loads: the result if the first lookup fails, and the result if only a later request fails. */
  readonly blind?: Ending
  readonly hindered?: Ending
  /** How often the loader runs when nothing fails. */
  readonly loads?: number
  /** For writes: what {@link KEY} holds afterwards. */
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

/** Writes the initial entries of a trial, with a cache whose clock is an hour behind. */
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

/** Reads {@link KEY} like an isolate without any state. */
export async function remains(cache: RedisCacheManager): Promise<Operation['leaves']> {
  const value = await cache.get(KEY, options)
  if (value === OLD) return 'the old value'
  return value === NEW ? 'the new value' : 'nothing'
}

/** An operation that removes the entry. */
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
