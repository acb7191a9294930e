/**
 * Makes the transport of a process from a description that is plain data.
 *
 * @module
 */

import type { Transport } from '../../../src/redis/requester.ts'
import { restTransport } from '../../../src/redis/rest.ts'
import { tcpTransport } from '../../../src/redis/tcp/index.ts'
import type { Way } from './protocol.ts'

export function transportOf(way: Way): Transport {
  if (way.kind === 'tcp') return tcpTransport({ url: way.url })
  return restTransport({ url: way.url, token: way.token })
}
