/**
 * An HTTP server on Node that lets running requests finish before it closes.
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
  /** 0 for any free port. */
  readonly port: number
  readonly platform: Platform
}

/** A running server. */
export interface Listening {
  readonly port: number
  /**
   * Accepts no new connections, lets running requests finish, and closes.
   *
   * @param graceMs After this time, in milliseconds, requests that still run are cut off.
   */
  close(graceMs: number): Promise<void>
}

const POLL_MS = 50
/** Longer than proxies keep an idle connection (60 s): if the server closed it first, a request could be lost. */
const KEEP_ALIVE_MS = 65_000

/** Starts a server. Rejects with the system's error if it cannot listen at the address. */
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
        // A keep-alive connection becomes idle when its response is sent, so this is repeated.
        if (platform.now() < cutOffAt) server.closeIdleConnections()
        else server.closeAllConnections()
        await platform.delay(POLL_MS, closed.signal).catch(() => undefined) // closed
      }
    },
  }
}
