/**
 * An HTTP server on Node that ends without cutting anybody off.
 *
 * @module
 */

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Platform } from '../platform/platform.ts'

/** Options for {@link listen}. */
export interface ListenOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly platform: Platform
}

/** A server that listens. */
export interface Listening {
  readonly port: number
  /**
   * Accepts nobody any more, lets what is under way finish, and ends.
   *
   * @param graceMs After so many milliseconds, what is left is cut off.
   */
  close(graceMs: number): Promise<void>
}

const POLL_MS = 50
/** Longer than proxies keep a connection (60 s): the one that ends it first loses no request. */
const KEEP_ALIVE_MS = 65_000

/** Rejects with the system's error when the address cannot be had. */
export async function listen({ fetch, host, port, platform }: ListenOptions): Promise<Listening> {
  const server = createAdaptorServer({ fetch }) as Server
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const closed = new AbortController()
      server.close(() => closed.abort())
      const cutOffAt = platform.now() + graceMs
      while (!closed.signal.aborted) {
        // A connection that is kept alive is idle once its answer is sent.
        if (platform.now() < cutOffAt) server.closeIdleConnections()
        else server.closeAllConnections()
        await platform.delay(POLL_MS, closed.signal).catch(() => undefined) // closed
      }
    },
  }
}
