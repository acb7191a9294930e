import { afterAll, beforeAll } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { type RestEndpoint, startRestEndpoint } from '../support/rest-endpoint.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('before a redis-server,', () => {
  let server: RedisServer
  let behind: Transport
  let endpoint: RestEndpoint

  beforeAll(async () => {
    server = await startRedisServer()
    behind = tcpTransport({ url: server.url })
    endpoint = await startRestEndpoint({ requester: behind })
  })
  afterAll(async () => {
    await endpoint.stop()
    await behind.close()
    await server.stop()
  })

  /** On the same server for all tests, each of which finds it empty. */
  async function afresh(transport: Transport) {
    await behind.request({ path: [], body: ['FLUSHALL'] })
    return { transport, stop: () => transport.close() }
  }

  describeManager('tcp', () => afresh(tcpTransport({ url: server.url })))

  describeManager('rest', () =>
    afresh(restTransport({ url: endpoint.url, token: endpoint.token, encoding: 'base64' })),
  )
})
