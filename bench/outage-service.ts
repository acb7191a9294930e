/**
 * What goes away in bench/outage.ts: a Redis over TCP, or the bridge before one.
 *
 * @module
 */

import { once } from 'node:events'
import { freePort } from '../test/support/free-port.ts'
import { startRedisServer } from '../test/support/redis-server.ts'
import { startBridge } from './processes.ts'

/** A service of which a cache knows the port. */
export interface Service {
  readonly port: number
  /** Of the Redis in which its entries are. */
  readonly redisPort: number
  /** Of the process that serves; another after each start. */
  readonly pid: number
  /** Starts it again where it was, once it has been killed. Resolves when it serves. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** How a cache reaches its Redis. */
export type Way = 'tcp' | 'http'

export const SERVICES: Readonly<Record<Way, () => Promise<Service>>> = { tcp, http }

async function tcp(): Promise<Service> {
  const server = await startRedisServer()
  return {
    port: server.port,
    redisPort: server.port,
    get pid() {
      return server.pid
    },
    restart: () => server.restart(),
    stop: () => server.stop(),
  }
}

async function http(): Promise<Service> {
  const server = await startRedisServer()
  const port = await freePort()
  let bridge = await startBridge(server.url, port)
  return {
    port,
    redisPort: server.port,
    get pid() {
      return bridge.child.pid ?? 0
    },
    async restart() {
      bridge = await startBridge(server.url, port)
    },
    async stop() {
      const { child } = bridge
      const gone = child.exitCode === null && child.signalCode === null && once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      await server.stop()
    },
  }
}
