/**
 * The Redis that the suites run on: a server at `INTEROP_REDIS_URL`, or an engine in this process.
 *
 * @module
 */

import { EmbeddedRedis, embeddedTransport } from 'nearcache/redis/embedded'
import { tcpTransport } from 'nearcache/redis/tcp'

const url = process.env.INTEROP_REDIS_URL
const engine = new EmbeddedRedis()

/** A new transport to the same Redis. */
export function connect() {
  return url ? tcpTransport({ url }) : embeddedTransport({ engine })
}

/** The keys that encrypt sessions. */
export const KEYS = [{ id: 'k1', secret: '11'.repeat(32) }]
