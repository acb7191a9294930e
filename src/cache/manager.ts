/**
 * The cache itself: assembles the parts, and is the outermost namespace.
 *
 * @module
 */

import { Keyspace } from '../entry/key.ts'
import { wholeNumber } from '../entry/option-checks.ts'
import { PayloadCodec } from '../entry/payload.ts'
import { Flights } from '../flight/single-flight.ts'
import { NearTier } from '../near/near-tier.ts'
import { webPlatform } from '../platform/web.ts'
import type { GuardedRequester } from '../redis/guard.ts'
import { RedisLink } from '../redis/link.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import type { CacheContext } from './context.ts'
import { Events, type Listener, type SubscribeOptions } from './events.ts'
import { Names } from './names.ts'
import { CacheNamespace } from './namespace.ts'
import { type CacheOptions, DEFAULTS, type EntryOptions, type NearTierOptions } from './options.ts'
import type { Outcome } from './outcome.ts'
import { resolvePolicy } from './policy.ts'
import { type CacheStats, gatherStats } from './stats.ts'
import { Steps } from './steps.ts'
import { Watches } from './watch.ts'
import { guardedBy, secrecyOf } from './wiring.ts'

const MIB = 1_048_576

/**
 * A cache on Redis that is never stale after an invalidation.
 *
 * A read that starts after a delete, set or hard invalidation has returned never gets a value whose
 * loading began before that call. Losing any of the cache's data in Redis causes only misses. For the
 * exact guarantees see docs/consistency.md.
 *
 * @example
 * ```ts
 * const cache = new RedisCacheManager({ redis: restTransport({ url, token }) })
 * const user = await cache.getOrSet(`user:${id}`, () => db.user(id), { ttl: '15m', tags: [`org:${org}`] })
 * await cache.invalidateTags([`org:${org}`])
 * ```
 */
export class RedisCacheManager<Values = unknown> extends CacheNamespace<Values> {
  readonly #ctx: CacheContext
  readonly #transport: Requester | Transport

  /**
   * @throws {InvalidOptionError} When an option is unknown or out of its range.
   * @throws {InvalidKeyError} When `prefix` or `namespace` is not valid.
   */
  constructor(options: CacheOptions<Values>) {
    const { ctx, rest } = assemble(options)
    super(ctx, resolvePolicy(DEFAULTS, rest))
    this.#ctx = ctx
    this.#transport = options.redis
  }

  /** The connection to Redis, with deadline, retries and breaker: for `new Redis(cache.redis)`, for example. */
  get redis(): GuardedRequester {
    return this.#ctx.link.guarded
  }

  /**
   * Calls `listener` after every operation of this cache and its namespaces.
   *
   * @returns A function that ends the subscription.
   */
  subscribe(listener: Listener, options?: SubscribeOptions): () => void {
    return this.#ctx.events.subscribe(listener, options)
  }

  /** The number of reads that the near tier has answered since the start, by the path of the namespace. */
  nearHits(): ReadonlyMap<string, number> {
    return this.#ctx.near.tier.hits()
  }

  /** Hit rate and other figures of this instance, and memory and number of keys of its Redis. */
  getStats(): Promise<CacheStats> {
    return gatherStats(this.#ctx)
  }

  /** Clears the near tier and closes the transport. Calls in progress may fail. */
  async close(): Promise<void> {
    this.#ctx.near.tier.clear()
    if ('close' in this.#transport) await this.#transport.close()
  }
}

interface Assembled {
  readonly ctx: CacheContext
  readonly rest: EntryOptions<never>
}

function assemble<Values>(options: CacheOptions<Values>): Assembled {
  const {
    redis,
    platform = webPlatform(),
    prefix = 'nc',
    namespace = 'default',
    near = false,
    prefixes,
    deadline,
    retries,
    breaker,
    maxValueBytes = 4 * MIB,
    hashKeys,
    encryption,
    ...rest
  } = Object(options) as CacheOptions<Values>
  const events = new Events()
  const tell = (operation: 'near' | 'remote', outcome: Outcome): void =>
    events.emit({ operation, namespace: names.keyspace.path, outcome, durationMs: 0 })
  const guarded = guardedBy({ redis, deadline, retries, breaker }, platform, (state) =>
    tell('remote', { kind: 'circuit', state }),
  )
  const { hashSecret, cipher } = secrecyOf({ hashKeys, encryption })
  const names = new Names(new Keyspace({ prefix, namespace: [namespace], hashSecret }), prefixes)
  const link = new RedisLink(guarded)
  const tier = nearTier(near, () => tell('near', { kind: 'evicted' }))
  const ctx: CacheContext = {
    platform,
    link,
    steps: new Steps(link, platform),
    names,
    near: tier.space(names.keyspace.path),
    flights: new Flights(),
    watches: new Watches(platform),
    codec: new PayloadCodec({
      maxValueBytes: wholeNumber(maxValueBytes, 'maxValueBytes', 1, 512 * MIB),
      cipher,
    }),
    events,
  }
  return { ctx, rest: { ...rest, ...nearDefaults(near) } as unknown as EntryOptions<never> }
}

function nearTier(options: NearTierOptions | false, onEvict: () => void): NearTier {
  const { maxEntries = 10_000, maxBytes = 64 * MIB } = options || {}
  return new NearTier({
    maxEntries: wholeNumber(maxEntries, 'near.maxEntries', 1, 2 ** 31),
    maxBytes: wholeNumber(maxBytes, 'near.maxBytes', 1),
    onEvict,
  })
}

/** The default `near` option for calls: the cache's, without the bounds of the tier. */
function nearDefaults(near: NearTierOptions | false): Pick<EntryOptions, 'near'> {
  if (near === false) return {}
  // `resolvePolicy` refuses what is not an object.
  if (typeof near !== 'object' || near === null) return { near }
  const { maxEntries: _entries, maxBytes: _bytes, ...policy } = near
  return { near: policy }
}
