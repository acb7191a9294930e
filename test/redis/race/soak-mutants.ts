/**
 * Caches that break the promise, to show that the check of a soak detects it.
 *
 * @module
 */

import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import type { Command, RedisRequest, Transport } from '../../../src/redis/requester.ts'
import type { Row } from './soak-rows.ts'

/** The calls that a soak uses for reads. */
export type SoakReads = Pick<
  CacheNamespace<Row>,
  'get' | 'getMany' | 'getOrSet' | 'getOrSetMany' | 'delete'
>

/** A transport that answers every DEL without sending it. */
export function droppingDeletes(transport: Transport): Transport {
  const harmless = (command: Command): Command =>
    command[0] === 'DEL' ? ['EXISTS', ...command.slice(1)] : command
  return {
    kind: transport.kind,
    request: (request: RedisRequest) => {
      const { path = [], body } = request
      const sent = path.length === 0 ? harmless(body as Command) : (body as Command[]).map(harmless)
      return transport.request({ ...request, body: sent })
    },
    close: () => transport.close(),
  }
}

/** Cache-aside as commonly written: GET, on a miss load and SET; DEL after a change. */
export class NaiveCache implements SoakReads {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async get(key: string): Promise<undefined> {
    const { result } = await this.#transport.request<string | null>({ body: ['GET', key] })
    return (result ? JSON.parse(result) : undefined) as undefined
  }

  async getMany(keys: readonly string[]): Promise<Map<string, never>> {
    const found = await Promise.all(keys.map(async (key) => [key, await this.get(key)] as const))
    return new Map(found.filter(([, value]) => value !== undefined)) as Map<string, never>
  }

  async getOrSet(key: string, loader: (context: never) => unknown): Promise<never> {
    const found = await this.get(key)
    if (found !== undefined) return found
    const loaded = await loader(undefined as never)
    await this.#transport.request({ body: ['SET', key, JSON.stringify(loaded), 'PX', 3_600_000] })
    return loaded as never
  }

  async getOrSetMany(
    keys: readonly string[],
    loader: (keys: readonly string[], context: never) => unknown,
  ): Promise<Map<string, never>> {
    const single = async (key: string): Promise<unknown> =>
      ((await loader([key], undefined as never)) as Map<string, unknown>).get(key)
    const all = keys.map(async (key) => [key, await this.getOrSet(key, () => single(key))] as const)
    return new Map(await Promise.all(all))
  }

  async delete(...keys: readonly string[]): Promise<void> {
    await this.#transport.request({ body: ['DEL', ...keys] })
  }
}
