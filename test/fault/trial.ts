/**
 * Runs one operation under one fault, and checks for everything that must not happen.
 *
 * @module
 */

import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { CacheOptions } from '../../src/cache/options.ts'
import {
  CircuitOpenError,
  isNearcacheError,
  RemoteError,
  RemoteTimeoutError,
} from '../../src/errors.ts'
import type { Requester, Transport } from '../../src/redis/requester.ts'
import { everythingIn } from '../support/leaks.ts'
import { NEW, type Operation, outage, PREFIX, prepare, remains, SENTINEL } from './operations.ts'
import { WatchedPlatform } from './watched-platform.ts'

/** What a busy machine may add to a deadline. */
const MARGIN_MS = 2_000

/** The environment of a trial. */
export interface Place {
  /** The namespace of this trial, if several share a Redis. @default 'default' */
  readonly namespace?: string
  /** The connection with the fault. */
  connect(platform: WatchedPlatform): Transport
  /** A connection to the same Redis without the fault. */
  readonly around: Requester
  /** Starts the fault. */
  strike(): void | Promise<void>
  /** Ends the fault. */
  lift(): void | Promise<void>
}

/** The expected behaviour. */
export interface Expectation {
  /** How often the loader runs; undefined if that depends on timing. */
  readonly loads: number | undefined
  readonly deadlineMs: number
  /** After how long the cache must work again. */
  readonly pauseMs: number
  /** How much longer a reconnect may take, in real milliseconds. @default 0 */
  readonly graceMs?: number
  /** Whether the fault deletes the data. @default false */
  readonly losesData?: boolean
}

/** The result of a trial. */
export interface Result {
  readonly ending: string
  /** Descriptions of what went wrong; empty if nothing did. */
  readonly wrongs: readonly string[]
  readonly overdue: boolean
}

/** How a rejected operation ended, in the terms of the matrix. */
export function wordsFor(error: unknown): string {
  if (error instanceof RemoteTimeoutError) return `rejects: timeout, applied: ${error.applied}`
  if (error instanceof CircuitOpenError) return 'rejects: circuit open'
  if (!(error instanceof RemoteError)) return `rejects: ${String(error)}`
  const lost = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(error.reason)
  return `rejects: ${lost ? 'lost' : error.reason}, applied: ${error.applied}`
}

/** Runs an operation under a fault. */
export async function tryOut(
  place: Place,
  operation: Operation,
  expected: Expectation,
): Promise<Result> {
  const platform = new WatchedPlatform()
  const transport = place.connect(platform)
  const { namespace = 'default' } = place
  const loaderTimeout = { hard: '5s' } as const
  const base = { namespace, prefixes: [PREFIX], jitter: 0, loaderTimeout } as const
  await prepare(cacheOn(place.around, { ...base, platform: new WatchedPlatform(-3_600_000) }))
  const cache = cacheOn(transport, { ...base, platform, deadline: expected.deadlineMs })
  const wrongs: string[] = []
  const check = (error: unknown): void => {
    if (error !== undefined && error !== outage) wrongs.push(...wrongsOf(error))
  }
  cache.subscribe(({ outcome }) => check('error' in outcome ? outcome.error : undefined))

  let loads = 0
  const load = async (): Promise<string> => {
    loads++
    return NEW
  }
  const fail = async (): Promise<never> => {
    loads++
    throw outage
  }
  await place.strike()
  const startedAt = platform.now()
  const ending = await operation.run({ cache, load, fail }).catch((error: unknown) => {
    check(error)
    return wordsFor(error)
  })
  const tookMs = platform.now() - startedAt
  await platform.settle()
  await place.lift()

  const overdue = tookMs > operation.sends.length * expected.deadlineMs + MARGIN_MS
  if (overdue) wrongs.push(`it took ${tookMs} ms`)
  if (loads !== (expected.loads ?? loads)) wrongs.push(`the loader ran ${loads} times`)
  const fresh = cacheOn(place.around, base)
  if (!expected.losesData) wrongs.push(...(await wrongsLeft(fresh, operation, ending)))
  wrongs.push(...(await wrongsAfter(cache, platform, expected)))
  platform.wake()
  await platform.settle()
  if (platform.pauses > 0) wrongs.push(`${platform.pauses} leases could not be given back`)
  await transport.close()
  if (platform.timers > 0) wrongs.push(`${platform.timers} timers are left`)
  return { ending, wrongs, overdue }
}

function cacheOn(redis: Requester, options: Omit<CacheOptions, 'redis'>): RedisCacheManager {
  return new RedisCacheManager({ redis, ...options })
}

/** An error must be of this library, and contain no secrets. */
export function wrongsOf(error: unknown): string[] {
  const wrongs: string[] = []
  if (!isNearcacheError(error)) wrongs.push(`${String(error)} is not of this library`)
  if (new RegExp(`${SENTINEL}|127\\.0\\.0\\.1|localhost`).test(everythingIn(error))) {
    wrongs.push('an error tells what it must not')
  }
  return wrongs
}

/** A confirmed write must be seen by every reader, and one that was certainly not applied by none. */
async function wrongsLeft(
  cache: RedisCacheManager,
  { what, sends, leaves }: Operation,
  ending: string,
): Promise<string[]> {
  if (what !== 'write') return []
  const left = await remains(cache)
  if (ending === 'done' && left !== leaves) return [`done, and a reader gets ${left}`]
  const untouched = sends.length === 1 && ending.endsWith('applied: no')
  return untouched && left !== 'the old value' ? [`not applied, and a reader gets ${left}`] : []
}

/** The cache must recover by itself. */
async function wrongsAfter(
  cache: RedisCacheManager,
  platform: WatchedPlatform,
  { pauseMs, graceMs = 0 }: Expectation,
): Promise<string[]> {
  const until = platform.now() + pauseMs + graceMs
  for (let attempt = 0; ; attempt++) {
    platform.skip(pauseMs)
    const wrongs = await wrongsOfUse(cache, `${SENTINEL}-after-${attempt}`)
    if (wrongs.length === 0 || platform.now() >= until + attempt * pauseMs) return wrongs
    await platform.delay(50)
  }
}

/** Uses the cache normally: loads, reads, sets and invalidates. */
async function wrongsOfUse(cache: RedisCacheManager, key: string): Promise<string[]> {
  const options = { tags: [key] } as const
  try {
    const loaded = await cache.getOrSet(key, () => 'loaded', options)
    const stored = await cache.get(key, options)
    await cache.set(key, 'set', options)
    const set = await cache.get(key, options)
    await cache.invalidateTags(options.tags)
    const gone = await cache.get(key, options)
    const seen = [loaded, stored, set, gone].join()
    return seen === 'loaded,loaded,set,' ? [] : [`after it, reads get ${seen}`]
  } catch (error) {
    return [`after it, ${wordsFor(error)}`]
  }
}
