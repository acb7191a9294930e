/**
 * A bridge on a free port of the loopback interface, as `nearcache bridge` runs it.
 *
 * @module
 */

import { type BridgeLimits, bridge } from '../../../src/bridge/index.ts'
import { listen } from '../../../src/cli/server.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import type { Requester } from '../../../src/redis/requester.ts'

/** A running bridge. */
export interface BridgeServer {
  readonly url: string
  readonly token: string
  readonly readOnlyToken: string
  /** Ends the subscriptions, waits for running requests, and closes the server. */
  stop(): Promise<void>
}

/** Starts a bridge. The caller closes the backend. */
export async function startBridge(
  redis: Requester,
  limits: Omit<BridgeLimits, 'signal'> = {},
): Promise<BridgeServer> {
  const token = 'bridge-token'
  const readOnlyToken = 'bridge-read-only-token'
  const ended = new AbortController()
  const app = bridge({ ...limits, redis, token, readOnlyToken, signal: ended.signal })
  const server = await listen({
    fetch: (request) => app.fetch(request),
    host: '127.0.0.1',
    port: 0,
    platform: webPlatform(),
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    token,
    readOnlyToken,
    async stop() {
      ended.abort()
      await server.close(2_000)
    },
  }
}
