/**
 * Measures a cache on its Redis with concurrent callers, each of which makes one call after the other.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import type { GuardedRequester } from '../redis/guard.ts'

/** What is measured, and how. */
export interface MeasureOptions {
  readonly namespace: CacheNamespace
  readonly redis: GuardedRequester
  /** Milliseconds with fractions, from any start. */
  readonly elapsed: () => number
  /** Number of concurrent callers. */
  readonly concurrency: number
  /** How long each measurement lasts, in milliseconds. */
  readonly durationMs: number
  /** Size of a value. */
  readonly sizeBytes: number
  readonly signal: AbortSignal
}

/** One measurement. */
export interface Measurement {
  readonly name: string
  readonly calls: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly slowestMs: number
  /** As counted by the guard. */
  readonly requestsPerCall: number
  readonly commandsPerCall: number
}

const KEYS = 100
/** Warm-up before each measurement, as a share of its duration. It is not counted. */
const WARM_UP = 0.2
const TAGS = ['bench', 'bench:2']

/** Measures the common operations of a cache. Uses its own keys, and deletes them afterwards. */
export async function* measure(options: MeasureOptions): AsyncGenerator<Measurement> {
  const { namespace, redis, sizeBytes } = options
  const value = { text: 'x'.repeat(sizeBytes) }
  const key = (i: number): string => `key:${i % KEYS}`
  const keys = Array.from({ length: KEYS }, (_, i) => key(i))
  const calls: readonly (readonly [string, (i: number) => Promise<unknown>])[] = [
    ['PING', () => redis.request({ path: [], body: ['PING'] })],
    ['set', (i) => namespace.set(key(i), value, { ttl: '5m', tags: TAGS, compression: false })],
    ['get, a hit with two tags', (i) => namespace.get(key(i), { tags: TAGS })],
    ['getOrSet, a hit', (i) => namespace.getOrSet(key(i), () => value, { tags: TAGS })],
    ['get, a miss', (i) => namespace.get(`none:${i}`)],
    ['getOrSet, a miss', (i) => namespace.getOrSet(`new:${i}`, () => value, { ttl: '10s' })],
    ['invalidate a tag', (i) => namespace.invalidateTags([`other:${i % KEYS}`])],
  ]
  await Promise.all(
    keys.map((one) => namespace.set(one, value, { ttl: '5m', tags: TAGS, compression: false })),
  )
  try {
    for (const [name, call] of calls) {
      if (options.signal.aborted) return
      const measured = await time(options, name, call)
      if (options.signal.aborted && measured.calls === 0) return
      yield measured
    }
  } finally {
    await namespace.invalidatePattern('*')
    // Deletes the markers too, including that of the namespace.
    await namespace.invalidateTags(TAGS)
    await namespace.clear()
  }
}

async function time(
  { redis, elapsed, concurrency, durationMs, signal }: MeasureOptions,
  name: string,
  call: (i: number) => Promise<unknown>,
): Promise<Measurement> {
  const startedAt = elapsed()
  const countFrom = startedAt + durationMs * WARM_UP
  const until = startedAt + durationMs * (1 + WARM_UP)
  const times: number[] = []
  let next = 0
  let before: { readonly requests: number; readonly commands: number } | undefined
  let calls = 0
  const caller = async (): Promise<void> => {
    for (let at = elapsed(); at < until && !signal.aborted; at = elapsed()) {
      if (at >= countFrom) before ??= { ...redis.counts }
      const isCounted = before !== undefined
      await call(next++)
      if (!isCounted) continue
      calls++
      times.push(elapsed() - at)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, caller))
  const tookMs = elapsed() - countFrom
  const { requests, commands } = redis.counts
  const sorted = times.sort((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return {
    name,
    calls,
    perSecond: (1_000 * calls) / tookMs,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    slowestMs: sorted.at(-1) ?? 0,
    requestsPerCall: calls === 0 ? 0 : (requests - (before?.requests ?? requests)) / calls,
    commandsPerCall: calls === 0 ? 0 : (commands - (before?.commands ?? commands)) / calls,
  }
}
