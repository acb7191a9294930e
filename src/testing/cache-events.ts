/**
 * Assertions on what a cache did, for tests of code that uses it.
 *
 * @module
 */

import type { Listener } from '../cache/events.ts'
import type { CacheNamespace } from '../cache/namespace.ts'
import type { EntryOptions } from '../cache/options.ts'
import type { CacheEvent, MissReason, Outcome } from '../cache/outcome.ts'

/** A cache with events, such as a `RedisCacheManager`. */
export interface Observable {
  subscribe(listener: Listener): () => void
}

/** The events of a cache since {@link recordEvents} or `clear`, oldest first. */
export interface EventRecord {
  readonly all: readonly CacheEvent[]
  /** Reads that were answered from the cache, stale answers included. */
  readonly hits: readonly CacheEvent[]
  /** Reads that found nothing to serve, including those that then loaded. */
  readonly misses: readonly CacheEvent[]
  /** Runs of a loader, including those in the background of a stale answer; a shared load counts once. */
  readonly loads: readonly CacheEvent[]
  readonly last: CacheEvent | undefined
  /** Drops the recorded events. */
  clear(): void
  /** Stops the recording. */
  stop(): void
}

/** A cache did not do what a test expected. The message contains no key and no value. */
export class UnexpectedOutcomeError extends Error {
  override readonly name: string = 'UnexpectedOutcomeError'
  /** How the read ended. */
  readonly outcome: Outcome

  constructor(expected: string, outcome: Outcome) {
    super(`Expected ${expected}, but the read was ${describe(outcome)}`)
    this.outcome = outcome
  }
}

/** Starts recording the events of a cache and its namespaces. */
export function recordEvents(cache: Observable): EventRecord {
  let all: CacheEvent[] = []
  const stop = cache.subscribe((event) => all.push(event))
  const those = (fits: (outcome: Outcome) => boolean): readonly CacheEvent[] =>
    all.filter(({ outcome }) => fits(outcome))
  return {
    get all() {
      return [...all]
    },
    get hits() {
      return those(({ kind }) => kind === 'hit')
    },
    get misses() {
      return those((outcome) =>
        outcome.kind === 'loaded' ? outcome.reason !== 'stale' : outcome.kind === 'miss',
      )
    },
    get loads() {
      return those((outcome) => outcome.kind === 'loaded' && !outcome.shared)
    },
    get last() {
      return all.at(-1)
    },
    clear() {
      all = []
    },
    stop,
  }
}

/**
 * Reads a key that must be cached and fresh. The read counts in the cache's statistics like any other.
 *
 * @param options As in the code under test: an entry that lacks one of their `tags` is a miss.
 * @returns The cached value.
 * @throws {UnexpectedOutcomeError} When it is a miss.
 */
export async function expectCached<T>(
  cache: CacheNamespace<T>,
  key: string,
  options?: EntryOptions<T>,
): Promise<T> {
  const { value, outcome } = await cache.lookup(key, options)
  if (outcome.kind !== 'hit') throw new UnexpectedOutcomeError('a hit', outcome)
  return value as T
}

/**
 * Reads a key that must be a miss, for the given reason if there is one. Without a reason, a miss because
 * Redis cannot be reached does not count: pass `'unavailable'` to expect that.
 *
 * @throws {UnexpectedOutcomeError} When it is a hit, or a miss for another reason.
 */
export async function expectMissed<T>(
  cache: CacheNamespace<T>,
  key: string,
  reason?: MissReason,
  options?: EntryOptions<T>,
): Promise<void> {
  const { outcome } = await cache.lookup(key, options)
  const seen = outcome.kind === 'miss' ? outcome.reason : undefined
  if (seen !== undefined && (reason === undefined ? seen !== 'unavailable' : seen === reason))
    return
  throw new UnexpectedOutcomeError(reason === undefined ? 'a miss' : `a miss (${reason})`, outcome)
}

function describe(outcome: Outcome): string {
  if (outcome.kind === 'hit') return `a hit (${outcome.tier}, ${outcome.freshness})`
  return outcome.kind === 'miss' ? `a miss (${outcome.reason})` : outcome.kind
}
