/**
 * A server that holds the first request of each connection until the test answers it, as if setting up the connection
 * took so long.
 *
 * @module
 */

import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What became of one call. */
export interface ColdCall {
  /** Whether its request came over a new connection. It was then answered only after the call had ended. */
  readonly isNew: boolean
  /** What the caller got. */
  readonly got: unknown
}

/** The server. */
export interface ColdServer {
  readonly url: string
  /**
   * Answers the one request of a call.
   *
   * @param begin Starts the call.
   * @param pass Lets the deadline of the call pass. @default it passes by itself
   */
  serve(begin: () => Promise<unknown>, pass?: () => Promise<unknown>): Promise<ColdCall>
  stop(): void
}

interface Arrival {
  readonly isNew: boolean
  answer(): void
}

/** Starts the server. It answers every command with `v`. */
export async function startColdServer(): Promise<ColdServer> {
  const arrivals = new EventEmitter<{ readonly arrival: [Arrival] }>()
  const known = new WeakSet<Socket>()
  const server = createServer(({ socket }, response) => {
    const isNew = !known.has(socket)
    known.add(socket)
    arrivals.emit('arrival', { isNew, answer: () => response.end('{"result":"v"}') })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async serve(begin, pass) {
      const arriving = once(arrivals, 'arrival')
      const call = begin().catch((error: unknown) => error)
      const [{ isNew, answer }] = (await arriving) as [Arrival]
      if (isNew) await pass?.()
      else answer()
      const got = await call
      answer()
      return { isNew, got }
    },
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
