/**
 * The fixture of each test of the manager's contract: a transport of its own, caches on it, and
 * loaders that wait until the test lets them continue. Runtime-neutral.
 *
 * @module
 */

import { afterEach, beforeEach } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import type { Command, RedisResponse, Reply, Transport } from '../../../src/redis/requester.ts'

export { holdLoader } from '../../../src/testing/contract/held-loader.ts'

/** An empty Redis, and a function that removes it. */
export interface Running {
  readonly transport: Transport
  stop(): Promise<void>
}

/** Starts or empties the Redis of one test. */
export type MakeTransport = () => Promise<Running>

/** The fixture of the current test. */
export interface Bench {
  readonly transport: Transport
  /** Creates a cache on the test's transport, as another isolate would. */
  cache(options?: Partial<CacheOptions>): RedisCacheManager
  /** Sends a command directly, not through a cache. */
  send(...command: Command): Promise<Reply>
  /** All keys that Redis holds. */
  keys(): Promise<string[]>
  /** All keys and values that Redis holds, as one text. */
  dump(): Promise<string>
}

/** Long enough for a busy machine. */
const DEADLINE = '10s'

/** Registers hooks that give each test of the current `describe` an empty Redis. */
export function useBench(make: MakeTransport): Bench {
  let running: Running | undefined
  beforeEach(async () => {
    running = await make()
  })
  afterEach(async () => {
    await running?.stop()
    running = undefined
  })

  const bench: Bench = {
    get transport() {
      if (!running) throw new Error('a bench is for use within tests')
      return running.transport
    },
    cache: (options = {}) =>
      new RedisCacheManager({ redis: bench.transport, deadline: DEADLINE, jitter: 0, ...options }),
    async send(...command) {
      const { result, error } = await bench.transport.request<Reply>({ path: [], body: command })
      if (error !== undefined) throw new Error(error)
      return result ?? null
    },
    async keys() {
      return ((await bench.send('KEYS', '*')) as string[]).toSorted()
    },
    async dump() {
      const keys = await bench.keys()
      const values = await Promise.all(keys.map((key) => bench.send('GET', key)))
      return JSON.stringify([keys, values])
    },
  }
  return bench
}

/** The same transport, whose requests are answered by another function. */
export function intercept(transport: Transport, request: Transport['request']): Transport {
  const { kind, cluster = false } = transport
  return { kind, cluster, request, close: () => transport.close() }
}

/** The same transport, on which something happens before its n-th request from now. */
export function interrupt(
  transport: Transport,
  nth: number,
  happen: () => Promise<unknown>,
): Transport {
  let requests = 0
  return intercept(transport, async (request) => {
    if (++requests === nth) await happen()
    return transport.request(request)
  })
}

const FULL = { error: "OOM command not allowed when used memory > 'maxmemory'." }

/**
 * The same transport, which refuses the chosen commands.
 *
 * @param refusal The error. @default Redis is full
 */
export function refusing(
  transport: Transport,
  isRefused: (command: Command) => boolean,
  refusal: RedisResponse<never> = FULL,
): Transport {
  const one = (command: Command): Promise<RedisResponse<unknown>> =>
    isRefused(command)
      ? Promise.resolve(refusal)
      : transport.request<unknown>({ path: [], body: command })
  return intercept(transport, ({ path = [], body }) => {
    const answer =
      path.length === 0 ? one(body as Command) : Promise.all((body as Command[]).map(one))
    return answer as Promise<never>
  })
}
