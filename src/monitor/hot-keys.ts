/**
 * Finds the keys with the most hits and the most misses, in all isolates together.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { CacheNamespace } from '../cache/namespace.ts'
import { namespaceAt } from '../cache/namespace-at.ts'
import type { CacheEvent } from '../cache/outcome.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { randomId } from '../entry/id.ts'
import { checkCache, checkFields, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError, isNearcacheError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { RedisLink } from '../redis/link.ts'
import { ADD_FIGURES } from '../redis/scripts/figures.ts'
import { Frequent } from './frequent.ts'
import { pairsIn } from './redis-figures.ts'
import { Sample } from './sample.ts'

/** Options for {@link HotKeys}. */
export interface HotKeysOptions {
  /** The cache whose keys are counted. */
  readonly cache: RedisCacheManager
  /** How often an isolate writes its counts while there are operations; at least a second. @default '60s' */
  readonly interval?: Duration
  /** How many keys of each kind it writes and `read` returns; 1 to 100. @default 10 */
  readonly most?: number
  /** How many keys of each kind it counts at once; at least `most`. @default 500 */
  readonly capacity?: number
  /** The start of the hashes' names. @default 'nc' */
  readonly prefix?: string
  /** @default the cache's */
  readonly platform?: Platform
}

/** A frequent key. */
export interface HotKey {
  /** The path of its namespace. */
  readonly namespace: string
  /** The key; if keys are hashed, `#` and the hash. */
  readonly key: string
  /** Approximate: estimated from a sample if an isolate has over 1,024 operations an interval. */
  readonly count: number
}

/** The most frequent keys, in descending order. */
export interface HotKeyLists {
  readonly hits: readonly HotKey[]
  readonly misses: readonly HotKey[]
}

const FIELDS = ['cache', 'interval', 'most', 'capacity', 'prefix', 'platform']
const SLOT_MS = 600_000
const FIELD = /^([hm])\|([^|]*)\|(.+)$/

/**
 * Counts keys in this isolate, and adds up the most frequent ones in Redis, with one command per interval.
 * Keys have their names in Redis there: a key that is hashed in Redis is hashed here too. Near hits are not
 * counted. Of many operations a sample is counted, from one in two to one in 64.
 *
 * @example
 * ```ts
 * const hotKeys = new HotKeys({ cache })
 * const { hits, misses } = await hotKeys.read()
 * ```
 */
export class HotKeys {
  readonly #cache: RedisCacheManager
  readonly #link: RedisLink
  readonly #platform: Platform
  readonly #base: string
  readonly #intervalMs: number
  readonly #most: number
  readonly #hits: Frequent
  readonly #misses: Frequent
  readonly #sample: Sample
  /** Generated when first needed: Workers forbid randomness while a module is evaluated. */
  #source: string | undefined
  readonly #end: () => void
  #sequence = 0
  #flushedAt: number

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: HotKeysOptions) {
    checkFields(options, 'options', FIELDS)
    checkCache(options.cache)
    const { cache, most = 10, capacity = 500, prefix = 'nc', platform = cache.platform } = options
    wholeNumber(most, 'most', 1, 100)
    if (!(Number.isSafeInteger(capacity) && capacity >= most)) {
      throw new InvalidOptionError('capacity', 'a whole number of at least `most`')
    }
    this.#cache = cache
    this.#link = new RedisLink(cache.redis)
    cache.redis.allowRepeat([ADD_FIGURES])
    this.#platform = platform
    this.#base = `${prefix}:{hot-keys}`
    this.#intervalMs = toMilliseconds(options.interval ?? '60s', 'interval', { min: 1_000 })
    this.#most = most
    this.#hits = new Frequent(capacity)
    this.#misses = new Frequent(capacity)
    this.#sample = new Sample(platform)
    this.#flushedAt = platform.now()
    this.#end = cache.subscribe(
      (event) => {
        const weight = this.#sample.weigh()
        if (weight > 0) this.#record(event, weight)
      },
      { nearHits: false },
    )
  }

  /** Writes the counts to Redis. It does not reject if Redis fails; the counts are then lost. */
  async flush(): Promise<void> {
    const now = this.#platform.now()
    this.#flushedAt = now
    this.#sample.restart()
    const fields = [...this.#fields('h', this.#hits), ...this.#fields('m', this.#misses)]
    if (fields.length === 0) return
    this.#source ??= randomId()
    const args = [`source:${this.#source}`, ++this.#sequence, 3 * SLOT_MS, ...fields]
    try {
      await this.#link.run(ADD_FIGURES, [this.#slot(now)], args)
    } catch (error) {
      if (!isNearcacheError(error)) throw error
    }
  }

  /**
   * The most frequent keys of the last ten to twenty minutes: two commands.
   *
   * @throws {RemoteError} When Redis fails; also `RemoteTimeoutError` and `CircuitOpenError`.
   */
  async read(): Promise<HotKeyLists> {
    const now = this.#platform.now()
    const slots = [this.#slot(now - SLOT_MS), this.#slot(now)]
    const replies = await Promise.all(slots.map((name) => this.#link.send(['HGETALL', name])))
    const sums = new Map<string, number>()
    for (const [field, count] of replies.flatMap(pairsIn)) {
      if (FIELD.test(field)) sums.set(field, (sums.get(field) ?? 0) + count)
    }
    const sorted = [...sums].sort(([, a], [, b]) => b - a)
    const of = (kind: string): HotKey[] =>
      sorted
        .filter(([field]) => field.startsWith(`${kind}|`))
        .slice(0, this.#most)
        .map(([field, count]) => hotKeyOf(field, count))
    return { hits: of('h'), misses: of('m') }
  }

  /** Stops counting, and writes what is left. */
  async stop(): Promise<void> {
    this.#end()
    await this.flush()
  }

  #record({ namespace, key, outcome }: CacheEvent, weight: number): void {
    if (key === undefined) return
    const kind = outcome.kind === 'loaded' && outcome.reason !== 'stale' ? 'miss' : outcome.kind
    if (kind === 'hit') this.#hits.add(`${namespace}|${key}`, weight)
    else if (kind === 'miss') this.#misses.add(`${namespace}|${key}`, weight)
    else return
    // `abs`: after the clock was set back, the next write must not wait until it has caught up.
    if (Math.abs(this.#platform.now() - this.#flushedAt) >= this.#intervalMs) {
      this.#platform.defer(this.flush())
    }
  }

  #fields(kind: 'h' | 'm', counts: Frequent): (string | number)[] {
    return counts.take(this.#most).flatMap(([item, count]) => {
      const bar = item.indexOf('|')
      const path = item.slice(0, bar)
      const name = this.#nameOf(path, item.slice(bar + 1))
      return name === undefined ? [] : [`${kind}|${path}|${name}`, count]
    })
  }

  /** The name of the key in Redis. */
  #nameOf(path: string, key: string): string | undefined {
    const parts = CacheNamespace.partsOf(namespaceAt(this.#cache, path))
    return parts?.ctx.names.keyspace.name(key)
  }

  #slot(at: number): string {
    return `${this.#base}:${Math.floor(at / SLOT_MS)}`
  }
}

function hotKeyOf(field: string, count: number): HotKey {
  const [, , namespace = '', name = ''] = FIELD.exec(field) ?? []
  return { namespace, key: name.startsWith('#') ? name : decodeURIComponent(name), count }
}
