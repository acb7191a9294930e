/**
 * A redis-server for a test file, with a REST endpoint in front of it.
 *
 * @module
 */

import { afterAll, beforeAll } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { type RedisServer, startRedisServer } from './redis-server.ts'
import { type RestEndpoint, startRestEndpoint } from './rest-endpoint.ts'

/** What runs while the tests do. */
export interface RedisBehindRest {
  readonly server: RedisServer
  /** What the endpoint goes through, and what tests look behind it with. */
  readonly behind: Transport
  readonly endpoint: RestEndpoint
}

/** Registers hooks in the current `describe` that start and stop it. */
export function useRedisBehindRest(): RedisBehindRest {
  let running: RedisBehindRest | undefined
  const at = (): RedisBehindRest => {
    if (!running) throw new Error('the server is for use within tests')
    return running
  }
  beforeAll(async () => {
    const server = await startRedisServer()
    const behind = tcpTransport({ url: server.url })
    running = { server, behind, endpoint: await startRestEndpoint({ requester: behind }) }
  })
  afterAll(async () => {
    const { server, behind, endpoint } = at()
    await endpoint.stop()
    await behind.close()
    await server.stop()
  })
  return {
    get server() {
      return at().server
    },
    get behind() {
      return at().behind
    },
    get endpoint() {
      return at().endpoint
    },
  }
}
