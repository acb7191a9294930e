/**
 * A `SessionUserCache` on an embedded engine whose clock the test controls.
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

/** The data of sessions in these tests. */
export interface Data {
  readonly [field: string]: unknown
}

/** The key that everything is encrypted with. */
export const KEY = { id: 'k1', secret: '11'.repeat(32) } as const

/** Options of the cache under test; connection and clock are given. */
export type TestOptions = Partial<SessionOptions<Data, unknown>>

/** The parts of a test. */
export interface SessionBench {
  readonly platform: ManualPlatform
  readonly engine: EmbeddedRedis
  readonly wire: CountingTransport
  readonly sessions: SessionUserCache<Data>
  /** Another isolate on the same engine, with options of its own. */
  another(options?: TestOptions): SessionUserCache<Data>
  /** Runs a command directly in the engine. @throws {Error} On an error reply. */
  raw(...command: Command): Reply
  /** The only key in Redis of this kind. */
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
