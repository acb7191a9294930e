/**
 * Three isolates on one Redis, a source that changes, and everything that can go wrong between them,
 * in an order that a property test chooses.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

export const KEY = 'key'
const TAGS = ['declared']
const LATE = ['late']

/** What may happen to a request: answered at once, held before it is applied, or its reply held. */
export type Passage = 'at once' | 'before' | 'after'

/** A call after which nothing older may be served. */
export type Cover = 'delete' | 'invalidate' | 'soften' | 'late' | 'clear' | 'pattern' | 'ticket'

/** How a world is made. */
export interface WorldOptions {
  readonly cluster: boolean
  readonly lateTags: boolean
  /** What happens to the n-th request; repeats from the start. */
  readonly passages: readonly Passage[]
}

/** A read that has ended. */
export interface EndedRead {
  readonly who: number
  /** The version of the source that it was served. */
  readonly version: number
  /** The oldest version that it was promised. */
  readonly floor: number
}

/** A world. Isolate 0 has no near tier, 1 verifies its copies, 2 trusts them for an hour. */
export class World {
  readonly ended: EndedRead[] = []
  readonly #platform = new ManualPlatform()
  readonly #engine = new EmbeddedRedis({ platform: this.#platform })
  readonly #isolates: readonly CacheNamespace[]
  readonly #options: WorldOptions
  readonly #requests: RedisRequest[] = []
  readonly #held: (() => void)[] = []
  readonly #loads: (() => void)[] = []
  readonly #running = new Set<Promise<void>>()
  #source = 1
  /** The newest version whose call has returned: to anybody, and to each isolate by itself. */
  #promised = 0
  readonly #own = [0, 0, 0]

  constructor(options: WorldOptions) {
    this.#options = options
    const nears = [false, { verify: true }, { ttl: '1h' }] as const
    this.#isolates = nears.map((near) =>
      new RedisCacheManager({
        redis: this.#transport(),
        platform: this.#platform,
        deadline: '1h',
        breaker: { threshold: 1_000 },
        jitter: 0,
      }).namespace('n', {
        near,
        lateTags: options.lateTags,
        prefixes: ['k'],
        loaderTimeout: { hard: '1h' },
      }),
    )
  }

  /** Begins a read; whether it loads is the cache's to decide, when the load ends is the test's. */
  async read(who: number, mayLoad: boolean): Promise<void> {
    const cache = this.#isolate(who)
    const floor = who === 2 ? (this.#own[who] ?? 0) : this.#promised
    const read = mayLoad
      ? cache.getOrSet<number>(
          KEY,
          async ({ setTags }) => {
            const version = this.#source
            await new Promise<void>((resolve) => this.#loads.push(resolve))
            if (this.#options.lateTags) setTags(LATE)
            return version
          },
          { tags: TAGS },
        )
      : cache.get<number>(KEY)
    this.#run(async () => {
      const version = await read
      if (version !== undefined) this.ended.push({ who, version, floor })
    })
    await nextTurn()
  }

  /** Changes the source, then makes a call that covers the key. */
  async cover(who: number, call: Cover): Promise<void> {
    const version = ++this.#source
    const cache = this.#isolate(who)
    this.#run(async () => {
      await (call === 'ticket' ? this.#store(cache) : covers[call](cache))
      this.#promised = Math.max(this.#promised, version)
      this.#own[who] = Math.max(this.#own[who] ?? 0, version)
    })
    await nextTurn()
  }

  /** Lets the n-th load that is under way end. */
  async finishLoad(n: number): Promise<void> {
    take(this.#loads, n)?.()
    await nextTurn()
  }

  /** Lets the n-th request that is held go on. */
  async deliver(n: number): Promise<void> {
    take(this.#held, n)?.()
    await nextTurn()
  }

  /** Applies a request of the past once more, as a retry or a proxy might. */
  replay(n: number): void {
    const request = this.#requests[n % Math.max(1, this.#requests.length)]
    if (request) void embeddedTransport({ engine: this.#engine }).request(request)
  }

  /** Loses the n-th key that Redis holds. */
  lose(n: number): void {
    const { result } = this.#engine.execute(['KEYS', '*'])
    const keys = (result as string[]).toSorted()
    const key = keys[n % Math.max(1, keys.length)]
    if (key !== undefined) this.#engine.execute(['DEL', key])
  }

  /** Lets those who wait for a load elsewhere look again. */
  async wait(): Promise<void> {
    await this.#platform.advance(300)
  }

  /** Lets everything end. */
  async end(): Promise<void> {
    for (let turn = 0; this.#running.size > 0; turn++) {
      if (turn > 50) throw new Error('a read or a call never ends')
      while (this.#held.length + this.#loads.length > 0) {
        await this.deliver(0)
        await this.finishLoad(0)
      }
      if (turn > 2) this.#loseOrphans()
      if (this.#running.size > 0) await this.wait()
    }
  }

  /** A request that was repeated can leave a lease without a holder, for others to wait for. */
  #loseOrphans(): void {
    const { result } = this.#engine.execute(['KEYS', '*:l:*'])
    for (const lease of result as string[]) this.#engine.execute(['DEL', lease])
  }

  async #store(cache: CacheNamespace): Promise<void> {
    const ticket = await cache.begin(KEY, { tags: TAGS })
    await ticket.commit(this.#source)
  }

  #isolate(who: number): CacheNamespace {
    const isolate = this.#isolates[who]
    if (!isolate) throw new Error(`there is no isolate ${who}`)
    return isolate
  }

  #run(work: () => Promise<void>): void {
    const running = work().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  #transport(): Transport {
    const inner = embeddedTransport({ engine: this.#engine })
    const { passages, cluster } = this.#options
    const hold = (): Promise<void> => new Promise((resolve) => this.#held.push(resolve))
    return {
      kind: 'embedded',
      cluster,
      close: () => inner.close(),
      request: async (request) => {
        const passage = passages[this.#requests.length % passages.length] ?? 'at once'
        const { signal: _signal, ...rest } = request
        this.#requests.push(rest)
        if (passage === 'before') await hold()
        const answer = await inner.request(rest)
        if (passage === 'after') await hold()
        return answer as never
      },
    }
  }
}

const covers: Readonly<Record<Exclude<Cover, 'ticket'>, (cache: CacheNamespace) => Promise<void>>> =
  {
    delete: (cache) => cache.delete(KEY),
    invalidate: (cache) => cache.invalidateTags(TAGS),
    soften: (cache) => cache.invalidateTags(TAGS, { mode: 'soft' }),
    late: (cache) => cache.invalidateTags([...LATE, ...TAGS]),
    clear: (cache) => cache.clear(),
    pattern: (cache) => cache.invalidatePattern('k*'),
  }

function take<T>(list: T[], n: number): T | undefined {
  return list.splice(n % Math.max(1, list.length), 1)[0]
}
