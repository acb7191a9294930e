/**
 * A `SessionUserCache` on an embedded engine whose time the test owns.
 *
 * @module
 */

import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Command, Reply } from '../../../src/redis/requester.ts'
import { type SessionOptions, SessionUserCache } from '../../../src/session/index.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

/** What the data of sessions is in these tests. */
export interface Data {
  readonly [field: string]: unknown
}

/** The key that everything is encrypted with. */
export const KEY = { id: 'k1', secret: '11'.repeat(32) } as const

/** Options of the cache under test; the way to Redis and the clock are given. */
export type TestOptions = Partial<SessionOptions<Data, unknown>>

/** The parts of a test. */
export interface SessionBench {
  readonly platform: ManualPlatform
  readonly engine: EmbeddedRedis
  readonly wire: CountingTransport
  readonly sessions: SessionUserCache<Data>
  /** Another isolate on the same engine, with options of its own. */
  another(options?: TestOptions): SessionUserCache<Data>
  /** Runs a command past the cache. @throws {Error} On an error reply. */
  raw(...command: Command): Reply
  /** The one key of Redis whose name begins so. */
  keyOf(kind: 's' | 'u' | 'i' | 'a'): string
}

export function sessionBench(options: TestOptions = {}): SessionBench {
  const platform = new ManualPlatform()
  const engine = new EmbeddedRedis({ platform })
  const wire = countingTransport(embeddedTransport({ engine }))
  const another = (own: TestOptions = {}): SessionUserCache<Data> =>
    new SessionUserCache<Data>({ redis: wire, platform, keys: [KEY], ...options, ...own })
  const raw = (...command: Command): Reply => {
    const { result, error } = engine.execute(command)
    if (error !== undefined) throw new Error(error)
    return result ?? null
  }
  return {
    platform,
    engine,
    wire,
    sessions: another(),
    another,
    raw,
    keyOf(kind) {
      const keys = raw('KEYS', `nc:session:${kind}:*`) as string[]
      const [key] = keys
      if (key === undefined || keys.length > 1)
        throw new Error(`${keys.length} keys of kind ${kind}`)
      return key
    },
  }
}
