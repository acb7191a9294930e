/**
 * The shared tier without an account: the embedded engine in a Durable Object.
 *
 * @module
 */

import { DurableObject } from 'cloudflare:workers'
import { DurableSnapshot, discardSnapshot } from 'nearcache/redis/durable'
import { EmbeddedRedis, embeddedTransport } from 'nearcache/redis/embedded'

/** What the object reads of the Worker's environment. */
interface ObjectEnvironment {
  /** `on` keeps a snapshot in the object's storage. */
  readonly REDIS_SNAPSHOT?: string
}

/**
 * One Redis for all isolates of the Worker. It lives in one region, and in memory: when the platform
 * evicts the object, the cache is empty, which costs misses and nothing else (I2). With
 * `REDIS_SNAPSHOT` it comes back with what it held, unless it was cut off amid changes.
 */
export class RedisObject extends DurableObject<ObjectEnvironment> {
  readonly #engine = new EmbeddedRedis()
  readonly #transport = embeddedTransport({ engine: this.#engine })
  readonly #snapshot: DurableSnapshot | undefined

  constructor(ctx: DurableObjectState, env: ObjectEnvironment) {
    super(ctx, env)
    const { storage } = ctx
    if (env.REDIS_SNAPSHOT === 'on') {
      const snapshot = new DurableSnapshot({ engine: this.#engine, storage })
      this.#snapshot = snapshot
      ctx.blockConcurrencyWhile(async () => {
        snapshot.restore()
      })
    } else {
      discardSnapshot(storage)
    }
  }

  /** Answers as a `Requester` does; `durableTransport` calls it. */
  execute(path: string[], body: unknown): Promise<object> {
    return this.#transport.request({ path, body })
  }

  override alarm(): void {
    this.#snapshot?.save()
  }
}
