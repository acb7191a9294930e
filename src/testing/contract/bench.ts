/**
 * The test environment of the cache contract's clauses: several caches on one transport, as different
 * isolates have them, loaders that wait, and a record of the requests sent.
 *
 * @module
 */

import { RedisCacheManager } from '../../cache/manager.ts'
import type { CacheOptions } from '../../cache/options.ts'
import type {
  Command,
  RedisRequest,
  RedisResponse,
  Reply,
  Transport,
} from '../../redis/requester.ts'
import { wrapTransport } from '../wrap.ts'
import { check } from './check.ts'
import type { Clause } from './contract-case.ts'
import { type HeldLoader, holdLoader } from './held-loader.ts'

/** The test environment of one clause. */
export class Bench {
  /** The transport under test, recorded. */
  readonly transport: Transport
  readonly #inner: Transport
  readonly #held: HeldLoader[] = []
  #recorded: RedisRequest[] = []

  constructor(inner: Transport) {
    this.#inner = inner
    this.transport = wrapTransport(inner, (request) => this.#request(request), {})
  }

  /** A separate cache on the transport, as another isolate would have. */
  cache(options: Partial<CacheOptions> = {}): RedisCacheManager {
    // Long enough for a busy machine.
    return new RedisCacheManager({ redis: this.transport, deadline: '10s', jitter: 0, ...options })
  }

  /** Sends a command directly to Redis. */
  async send(...command: Command): Promise<Reply> {
    const { result, error } = await this.#inner.request<Reply>({ path: [], body: command })
    check(error === undefined, `${command[0]} is answered without an error`)
    return result ?? null
  }

  /** All keys that Redis holds. */
  async keys(part = ''): Promise<readonly string[]> {
    const keys = (await this.send('KEYS', '*')) as readonly string[]
    return keys.filter((key) => key.includes(part))
  }

  /** Deletes every key whose name contains this part, as eviction and expiry do. */
  async lose(part: string): Promise<void> {
    for (const key of await this.keys(part)) await this.send('DEL', key)
  }

  /** A loader that waits until it is released, at the latest when the clause ends. */
  hold(): HeldLoader {
    const held = holdLoader()
    this.#held.push(held)
    return held
  }

  /** Marks a rejection as handled, because a clause that fails does not await it. */
  begin<T>(work: Promise<T>): Promise<T> {
    work.then(undefined, () => undefined)
    return work
  }

  /** Releases every loader. */
  end(): void {
    for (const { release } of this.#held) release('left behind')
  }

  /** The requests that were applied while `work` ran, in order. */
  async record<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly requests: readonly RedisRequest[] }> {
    const from = this.#recorded.length
    const value = await work()
    return { value, requests: this.#recorded.slice(from) }
  }

  /** Applies requests again, like a first attempt that arrives after its retry. */
  async repeat(requests: readonly RedisRequest[]): Promise<void> {
    for (const { path = [], body } of requests) await this.#inner.request({ path, body })
  }

  async #request<Result>(request: RedisRequest): Promise<RedisResponse<Result>> {
    const answer = await this.#inner.request<Result>(request)
    // An unknown script is sent again with its text; the first attempt had no effect.
    if (!answer.error?.startsWith('NOSCRIPT')) this.#recorded.push(request)
    return answer
  }
}

/** A clause that runs in a `Bench`. */
export function onBench(name: string, check: (bench: Bench) => Promise<void>): Clause {
  return {
    name,
    async check(transport) {
      const bench = new Bench(transport)
      try {
        await check(bench)
      } finally {
        bench.end()
      }
    },
  }
}
