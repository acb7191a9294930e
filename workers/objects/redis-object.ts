/**
 * The shared tier without an account: the embedded engine in a Durable Object.
 *
 * @module
 */

import { DurableObject } from 'cloudflare:workers'
import { embeddedTransport } from 'nearcache/redis/embedded'

/**
 * One Redis for all isolates of the Worker. It lives in one region, and in memory: when the platform
 * evicts the object, the cache is empty, which costs misses and nothing else (I2).
 */
export class RedisObject extends DurableObject {
  readonly #transport = embeddedTransport()

  /** Answers as a `Requester` does; `durableTransport` calls it. */
  execute(path: string[], body: unknown): Promise<object> {
    return this.#transport.request({ path, body })
  }
}
