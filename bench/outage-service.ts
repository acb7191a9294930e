/**
 * The service that fails in bench/outage.ts: a Redis over TCP, or the bridge in front of one.
 *
 * @module
 */

import { once } from 'node:events'
import { freePort } from '../test/support/free-port.ts'
import { startRedisServer } from '../test/support/redis-server.ts'
import { startBridge } from './processes.ts'

/** A running service; caches connect to its port. */
export interface Service {
  readonly port: number
  /** Port of the Redis that stores the entries. */
  readonly redisPort: number
  /** Id of the serving process; changes with each restart. */
  readonly pid: number
  /** Starts the killed service again on the same port. Resolves when it serves. */
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
