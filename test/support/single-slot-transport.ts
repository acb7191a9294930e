/**
 * The embedded engine, changed to refuse commands on keys of two slots, as a Redis Cluster does.
 *
 * @module
 */

import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { Command, RedisRequest, RedisResponse, Transport } from '../../src/redis/requester.ts'

const CROSSSLOT: RedisResponse<never> = {
  error: "CROSSSLOT Keys in request don't hash to the same slot",
}

/** A cluster in which every hash tag, and every key without one, has its own slot. */
export function singleSlotTransport(): Transport {
  const engine = embeddedTransport()
  const one = async (command: Command): Promise<RedisResponse<unknown>> => {
    const slots = new Set(keysOf(command).map(slotOf))
    return slots.size > 1 ? CROSSSLOT : engine.request({ path: [], body: command })
  }
  return {
    kind: 'embedded',
    cluster: true,
    async request<Result>({ path = [], body }: RedisRequest): Promise<RedisResponse<Result>> {
      const answer =
        path.length === 0
          ? await one(body as Command)
          : await Promise.all((body as Command[]).map(one))
      return answer as RedisResponse<Result>
    },
    close: () => engine.close(),
  }
}

function keysOf([name, ...args]: Command): string[] {
  if (name === 'EVALSHA' || name === 'EVAL') return args.slice(2, 2 + Number(args[1])).map(String)
  if (name === 'MGET' || name === 'DEL') return args.map(String)
  return []
}

/** Redis hashes what stands between the first brace and the next closing one, if anything does. */
function slotOf(key: string): string {
  return /\{([^}]+)\}/.exec(key)?.[1] ?? key
}
