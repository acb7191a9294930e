/**
 * Uses the package in the way that must work the same in every runtime, and returns what a caller sees.
 *
 * @module
 */

import {
  type CacheOptions,
  isNearcacheError,
  RedisCacheManager,
  restTransport,
  type Transport,
} from 'nearcache'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { SessionUserCache } from 'nearcache/session'

/** The servers that a story uses. */
export interface Place {
  /** Address of a bridge with a Redis behind it. */
  readonly url: string
  readonly token: string
  /** Address of a server that accepts connections and never answers. */
  readonly silentUrl: string
  /** Part of the prefix of keys in Redis. */
  readonly runtime: string
}

/** The results, by the name of the step. */
export type Sights = Readonly<Record<string, unknown>>

const SECRET = 'ab'.repeat(32)
const VALUE = {
  text: 'it repeats itself; '.repeat(1_000),
  date: new Date(0),
  map: new Map([[1, new Set([2])]]),
  big: 10n,
}

/** Runs the story. */
export async function tell({ url, token, silentUrl, runtime }: Place): Promise<Sights> {
  const redis = (): Transport => restTransport({ url, token })
  const sealed = {
    encryption: { keys: [{ id: 'k', secret: SECRET }] },
    hashKeys: { secret: SECRET },
  }
  return {
    values: await keep({ redis: redis(), prefix: `plain-${runtime}` }),
    'values, sealed': await keep({ redis: redis(), prefix: `sealed-${runtime}`, ...sealed }),
    'values, embedded': await keep({ redis: embeddedTransport() }),
    'a thousand at once': await readAtOnce({ redis: redis(), prefix: `many-${runtime}` }),
    'Redis hangs': await readAndWrite(restTransport({ url: silentUrl, token })),
    'a wrong token': await readAndWrite(restTransport({ url, token: 'another' })),
    'a caller who gives up': await giveUp(redis()),
    'a session': await logInAndOut(redis()),
  }
}

/** Loads a value, reads it, invalidates it, and loads it again. */
export async function keep(options: CacheOptions): Promise<unknown> {
  const cache = new RedisCacheManager(options)
  let loads = 0
  const load = (): typeof VALUE => {
    loads++
    return VALUE
  }
  const read = (): Promise<typeof VALUE> => cache.getOrSet('key', load, { tags: ['all'] })
  await read()
  const { text, date, map, big } = await read()
  await cache.invalidateTags(['all'])
  await read()
  await cache.close()
  return [loads, text.length, date.getTime(), map.get(1)?.has(2), big === 10n]
}

/** Reads a thousand keys in one tick, twice. */
export async function readAtOnce(options: CacheOptions): Promise<unknown> {
  const cache = new RedisCacheManager(options)
  let loads = 0
  const load = (i: number): string => {
    loads++
    return `é${i}`
  }
  const read = (i: number): Promise<string> => cache.getOrSet(`key-${i}`, () => load(i))
  const sights: unknown[] = []
  for (let round = 0; round < 2; round++) {
    const values = await Promise.all(Array.from({ length: 1_000 }, (_, i) => read(i)))
    sights.push(
      values.every((value, i) => value === `é${i}`),
      loads,
    )
  }
  await cache.close()
  return sights
}

/** While Redis fails, a read is answered by its loader, and a write rejects. */
async function readAndWrite(redis: Transport): Promise<unknown> {
  const cache = new RedisCacheManager({ redis, deadline: 200 })
  const read = await cache.getOrSet('key', () => 'loaded')
  const written = await cache.set('key', 1).catch(codeOf)
  await cache.close()
  return [read, written]
}

async function giveUp(redis: Transport): Promise<unknown> {
  const cache = new RedisCacheManager({ redis, prefix: 'given-up' })
  const caller = new AbortController()
  const never = async (): Promise<never> => {
    caller.abort(new Error('it takes too long'))
    return new Promise(() => undefined)
  }
  const { signal } = caller
  const told = await cache.getOrSet('key', never, { signal }).catch(({ message }: Error) => message)
  await cache.close()
  return told
}

async function logInAndOut(redis: Transport): Promise<unknown> {
  const sessions = new SessionUserCache({ redis, keys: [{ id: 'k', secret: SECRET }] })
  const token = await sessions.createSession('user-1', 'ada@example.com', { maxAge: '1h' })
  const before = await sessions.getSession(token)
  await sessions.destroySession(token)
  return [before?.userId, await sessions.getSession(token)]
}

function codeOf(error: unknown): unknown {
  return isNearcacheError(error) ? error.code : error
}
