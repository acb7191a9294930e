/**
 * A redis-server for all tests of one suite.
 *
 * @module
 */

import { afterAll, beforeAll } from 'vitest'
import type { Argument, Reply, Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { type RedisServer, startRedisServer } from './redis-server.ts'

/** A server that runs during the tests of the suite. */
export interface SuiteRedis {
  readonly server: RedisServer
  /** A connection to it over TCP. */
  readonly redis: Transport
  /**
   * Runs one command.
   *
   * @throws {Error} With the answer of Redis, when that is an error.
   */
  send(...command: Argument[]): Promise<Reply>
}

/**
 * Starts the server before the tests, and stops it after them. Call it inside a `describe`.
 *
 * @param scripts The scripts that the connection may send.
 */
export function suiteRedis(scripts: readonly { readonly lua: string }[] = []): SuiteRedis {
  let server: RedisServer
  let redis: Transport
  const send = async (...body: Argument[]): Promise<Reply> => {
    const { result, error } = await redis.request<Reply>({ path: [], body })
    if (error !== undefined) throw new Error(error)
    return result ?? null
  }

  beforeAll(async () => {
    server = await startRedisServer()
    redis = tcpTransport({ url: server.url })
    for (const { lua } of scripts) await send('SCRIPT', 'LOAD', lua)
  })
  afterAll(async () => {
    await redis.close()
    await server.stop()
  })

  return {
    get server() {
      return server
    },
    get redis() {
      return redis
    },
    send,
  }
}
