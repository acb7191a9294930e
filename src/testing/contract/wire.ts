/**
 * Short forms of the requests that the clauses of the transport contract send.
 *
 * @module
 */

import type { Command, RedisResponse, Reply, Transport } from '../../redis/requester.ts'
import type { Clause } from './contract-case.ts'

/** A transport with these short forms. */
export interface Wire {
  readonly transport: Transport
  run(...command: Command): Promise<RedisResponse<Reply>>
  pipeline(...commands: readonly Command[]): Promise<unknown>
  transaction(...commands: readonly Command[]): Promise<unknown>
}

/** A clause that uses these short forms. */
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
