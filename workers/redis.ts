/**
 * The Redis of the Worker and its objects, as its environment names it.
 *
 * @module
 */

import { ConfigurationError, restTransport, type Transport } from 'nearcache'
import { type DurableNamespaceLike, durableTransport } from 'nearcache/redis/durable'

/** Upstash if it is set, else the binding of the object. An empty text counts as absent. */
export interface RedisEnvironment {
  readonly UPSTASH_REDIS_REST_URL?: string | undefined
  readonly UPSTASH_REDIS_REST_TOKEN?: string | undefined
  readonly REDIS?: DurableNamespaceLike
}

/**
 * The transport to it.
 *
 * @throws {ConfigurationError} When neither is there.
 */
export function transportTo(env: RedisEnvironment): Transport {
  const { UPSTASH_REDIS_REST_URL: url = '', UPSTASH_REDIS_REST_TOKEN: token = '', REDIS } = env
  if (url || token) return restTransport({ url, token })
  if (REDIS) return durableTransport({ namespace: REDIS })
  throw new ConfigurationError(['REDIS must be bound, or UPSTASH_REDIS_REST_URL set'])
}
