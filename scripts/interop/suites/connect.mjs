/**
 * The Redis that the suites run on: a server by its address, or an engine in this process.
 *
 * @module
 */

import { EmbeddedRedis, embeddedTransport } from 'nearcache/redis/embedded'
import { tcpTransport } from 'nearcache/redis/tcp'

const url = process.env.INTEROP_REDIS_URL
const engine = new EmbeddedRedis()

/** A transport of its own for each caller, to the same Redis. */
export function connect() {
  return url ? tcpTransport({ url }) : embeddedTransport({ engine })
}

/** What sessions are sealed with. */
export const KEYS = [{ id: 'k1', secret: '11'.repeat(32) }]
