/**
 * Short words for the requests that the clauses of the transport's contract send.
 *
 * @module
 */

import type { Command, RedisResponse, Reply, Transport } from '../../redis/requester.ts'
import type { Clause } from './contract-case.ts'

/** A transport, as the clauses speak to it. */
export interface Wire {
  readonly transport: Transport
  run(...command: Command): Promise<RedisResponse<Reply>>
  pipeline(...commands: readonly Command[]): Promise<unknown>
  transaction(...commands: readonly Command[]): Promise<unknown>
}

/** A clause in these words. */
export function clause(name: string, check: (wire: Wire) => Promise<void>): Clause {
  return { name, check: (transport) => check(wireOf(transport)) }
}

function wireOf(transport: Transport): Wire {
  return {
    transport,
    run: (...body) => transport.request({ path: [], body }),
    pipeline: (...body) => transport.request({ path: ['pipeline'], body }),
    transaction: (...body) => transport.request({ path: ['multi-exec'], body }),
  }
}
