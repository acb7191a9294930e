/**
 * The shared tier without an account: the embedded engine in a Durable Object.
 *
 * @module
 */

import { DurableObject } from 'cloudflare:workers'
import { DurableSnapshot, discardSnapshot } from 'nearcache/redis/durable'
import { EmbeddedRedis, embeddedTransport } from 'nearcache/redis/embedded'

/** What the object reads from the Worker's environment. */
interface ObjectEnvironment {
  /** `on` keeps a snapshot in the object's storage. */
  readonly REDIS_SNAPSHOT?: string
}

/**
 * One Redis for all isolates of the Worker. It runs in one region and holds its data in memory: when the
 * platform evicts the object, the cache is empty, which only causes misses (I2). With `REDIS_SNAPSHOT` its
 * data is restored, unless it was terminated while it had unsaved changes.
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
